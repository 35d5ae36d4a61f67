"""Searches across two languages: what the glossary brings, and what `explain` says of it."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from coordinator.settings import EmbeddingSettings, SearchSettings
from resources.embedding import SentenceEmbedder
from resources.memory import PrivateMemory
from resources.tables import Tables

QUEUE = {"title": "Stuck queue", "content": "A message blocked the queue.", "language": "en"}
LOGIN = {"title": "Senha fraca", "content": "A senha do usuário era fraca.", "language": "pt"}
NOISE = {"title": "Lunch", "content": "We eat at noon.", "language": "en"}


def searching(
    folder: Path, memories: ModuleType, embedder: object, **settings: float
) -> PrivateMemory:
    """A memory of three learnings, asked with these settings."""
    rows = [memories.learning(str(place), **row) for place, row in enumerate((QUEUE, LOGIN, NOISE))]
    kept = PrivateMemory(
        "acme",
        Tables(folder),
        lambda: embedder,
        embedding=EmbeddingSettings(),
        search=SearchSettings(**settings),
    )
    kept.store(memories.pd.DataFrame(rows))
    return kept


def test_full_text_finds_the_other_language_and_explain_says_by_which_words(
    tmp_path: Path, memories: ModuleType
):
    kept = searching(tmp_path, memories, memories.HashEmbedder())
    (hit,) = kept.search("mensagem parada na fila", limit=1, explain=True)
    assert hit.title == "Stuck queue"
    assert hit.factors.matched_terms == ()
    assert hit.factors.widened_terms == ("messag (mensagem)", "queue (fila)")
    (hit,) = kept.search("the password of a user", limit=1, explain=True)
    assert hit.title == "Senha fraca"
    assert hit.factors.widened_terms == (
        "senha (password)",
        "usuario (user)",
        "senh- (password)",
        "usuari- (user)",
    )


def test_a_portuguese_word_is_found_by_its_stem_and_explain_says_so(
    tmp_path: Path, memories: ModuleType
):
    kept = searching(tmp_path, memories, memories.HashEmbedder())
    (hit,) = kept.search("não falamos com a usuária", limit=1, explain=True)
    assert hit.title == "Senha fraca"
    assert hit.factors.text_part > 0
    assert "usuari- (usuaria)" in hit.factors.widened_terms
    assert not any(term.startswith("usuari") for term in hit.factors.matched_terms)


def test_an_english_text_has_no_portuguese_stems(tmp_path: Path, memories: ModuleType):
    kept = searching(tmp_path, memories, memories.HashEmbedder())
    texts = kept.rows.tables.read("private_memory", ["language", "search_text"])
    english = texts[texts["language"] == "en"]["search_text"]
    assert "stuck queue\na message blocked the queue." in set(english)
    (portuguese,) = texts[texts["language"] == "pt"]["search_text"]
    assert portuguese.endswith(" qsenh qfrac qsenh qusuari qfrac")


def test_explain_names_no_widened_word_that_is_not_in_the_hit(tmp_path: Path, memories: ModuleType):
    kept = searching(tmp_path, memories, memories.HashEmbedder())
    hits = {hit.title: hit for hit in kept.search("mensagem parada na fila", explain=True)}
    assert hits["Lunch"].factors.widened_terms == ()
    assert hits["Lunch"].factors.matched_terms == ()


def test_a_glossary_weight_of_nothing_widens_nothing(tmp_path: Path, memories: ModuleType):
    kept = searching(tmp_path, memories, memories.HashEmbedder(), glossary_weight=0)
    hits = kept.search("mensagem parada na fila", explain=True)
    assert {hit.factors.bm25 for hit in hits if hit.title != "Senha fraca"} == {0.0}
    assert all(hit.factors.widened_terms == () for hit in hits)
    assert all(hit.factors.translation == "" for hit in hits)


def test_a_translated_word_counts_less_than_the_word_itself(tmp_path: Path, memories: ModuleType):
    half = searching(tmp_path / "half", memories, memories.HashEmbedder(), glossary_weight=0.5)
    full = searching(tmp_path / "full", memories, memories.HashEmbedder(), glossary_weight=1)
    (weak,) = half.search("fila", limit=1)
    (strong,) = full.search("fila", limit=1)
    assert weak.title == strong.title == "Stuck queue"
    assert weak.factors.bm25 == pytest.approx(strong.factors.bm25 / 2)


def test_the_translation_is_compared_with_texts_of_its_language_alone(
    tmp_path: Path, memories: ModuleType, embedder: SentenceEmbedder
):
    kept = searching(tmp_path, memories, embedder)
    hits = {hit.title: hit for hit in kept.search("mensagem bloqueia a fila", explain=True)}
    assert hits["Stuck queue"].factors.translation == "message lock queue"
    translated = embedder.embed_query("message lock queue")
    text = embedder.embed_passages(["Stuck queue\nA message blocked the queue."])[0]
    assert hits["Stuck queue"].factors.cosine == pytest.approx(float(translated @ text), abs=1e-3)
    asked = embedder.embed_query("mensagem bloqueia a fila")
    text = embedder.embed_passages(["Senha fraca\nA senha do usuário era fraca."])[0]
    assert hits["Senha fraca"].factors.cosine == pytest.approx(float(asked @ text), abs=1e-3)
    assert hits["Senha fraca"].factors.translation == ""


def test_a_multilingual_model_is_asked_the_query_alone(tmp_path: Path, memories: ModuleType):
    class Multilingual(memories.HashEmbedder):
        model = "multilingual"
        asked: list[str] = []  # noqa: RUF012

        def embed_query(self, text: str) -> np.ndarray:
            self.asked.append(text)
            return super().embed_query(text)

    kept = searching(tmp_path, memories, memories.HashEmbedder())
    kept.rows._make_embedder = Multilingual
    del kept.rows.embedder
    Multilingual.asked.clear()
    kept.search("mensagem na fila")
    assert Multilingual.asked == ["mensagem na fila"]


def test_the_weight_is_that_of_the_querys_language(tmp_path: Path, memories: ModuleType):
    weights = {"vector_weight": 0.9, "vector_weight_pt": 0.2}
    kept = searching(tmp_path, memories, memories.HashEmbedder(), **weights)
    assert kept.search("the message in the queue", limit=1)[0].factors.vector_weight == 0.9
    assert kept.search("a mensagem não está na fila", limit=1)[0].factors.vector_weight == 0.2
