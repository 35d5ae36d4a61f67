"""Embedding a company's learnings against the bare model on the same texts."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.homes import sample_learnings
from benchmarks.measuring import Row, in_turn
from coordinator.memory import passage
from coordinator.settings import EmbeddingSettings, SearchSettings
from resources.embedding import SentenceEmbedder
from resources.embedding.models import embedded_folder
from resources.memory import PrivateMemory
from resources.tables import Tables


def rows() -> Iterator[Row]:
    """Texts per second of `PrivateMemory.store` (embedding and writing) and of the model alone."""
    from sentence_transformers import SentenceTransformer

    learnings = sample_learnings()
    texts = [
        passage(title, content)
        for title, content in zip(learnings["title"], learnings["content"], strict=True)
    ]
    settings = EmbeddingSettings()
    embedder = SentenceEmbedder(settings)
    bare = SentenceTransformer(str(embedded_folder()), device="cpu")

    def ours() -> None:
        with tempfile.TemporaryDirectory() as folder:
            memory = PrivateMemory(
                "bench",
                Tables(Path(folder)),
                lambda: embedder,
                embedding=settings,
                search=SearchSettings(),
            )
            memory.store(learnings)

    def theirs() -> None:
        bare.encode(texts, normalize_embeddings=True)

    mine, model = in_turn(ours, theirs, rounds=5)
    yield Row(
        f"embed and store {len(texts)} learnings",
        f"{len(texts) / mine:.0f} texts/s = {model / mine:.2f} ×",
        f"sentence-transformers' own `encode` on the same texts, {len(texts) / model:.0f} texts/s",
        "≥ 0.95 ×",
    )
