"""106 judged software queries over 147 learnings: they get no worse than they were."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from coordinator.settings import EmbeddingSettings, SearchSettings
from resources.embedding import SentenceEmbedder
from resources.memory import PrivateMemory
from resources.tables import Tables

JUDGED = Path(__file__).parent / "judged"
LEARNINGS = pd.read_csv(JUDGED / "learnings.csv")
QUERIES = pd.read_csv(JUDGED / "queries.csv")
LANGUAGE_OF = dict(zip(LEARNINGS["key"], LEARNINGS["language"], strict=True))

# Answers in the first place and among ten, of all queries of a kind; measured: 26 and 29, 20 and
# 30, 21 and 27 of 30, 12 and 14 of 16. Without the glossary: 1 and 5, 0 and 13, 23 and 27, 12 and
# 15. Before there were glossary and stems: 2 and 5, 2 and 13, 20 and 27, 12 and 15.
LEAST = {
    ("pt", "en"): (24, 28),
    ("en", "pt"): (17, 28),
    ("pt", "pt"): (20, 26),
    ("en", "en"): (10, 13),
}


@pytest.fixture(scope="module")
def tables(
    tmp_path_factory: pytest.TempPathFactory, memories: ModuleType, embedder: SentenceEmbedder
) -> Tables:
    made = Tables(tmp_path_factory.mktemp("judged"))
    rows = [
        memories.learning(
            row.key,
            title=row.title,
            content=row.content,
            language=row.language,
            evidence_path=row.key,
        )
        for row in LEARNINGS.itertuples()
    ]
    asking(made, embedder).store(pd.DataFrame(rows))
    return made


def asking(tables: Tables, embedder: SentenceEmbedder, **settings: float) -> PrivateMemory:
    return PrivateMemory(
        "judged",
        tables,
        lambda: embedder,
        embedding=EmbeddingSettings(),
        search=SearchSettings(**settings),
    )


def found(kept: PrivateMemory) -> tuple[Counter, Counter]:
    """Per kind of query how many have their answer in the first place, and among ten."""
    first, among_ten = Counter(), Counter()
    for query in QUERIES.itertuples():
        kind = (query.language, LANGUAGE_OF[query.answer])
        keys = [hit.evidence_path for hit in kept.search(query.query)]
        first[kind] += keys[:1] == [query.answer]
        among_ten[kind] += query.answer in keys
    return first, among_ten


def test_judged_queries_find_their_answers(tables: Tables, embedder: SentenceEmbedder):
    first, among_ten = found(asking(tables, embedder))
    told = {kind: (first[kind], among_ten[kind]) for kind in LEAST}
    for kind, (least_first, least_among_ten) in LEAST.items():
        assert first[kind] >= least_first, told
        assert among_ten[kind] >= least_among_ten, told


def test_without_the_glossary_the_other_language_is_seldom_found(
    tables: Tables, embedder: SentenceEmbedder
):
    first, among_ten = found(asking(tables, embedder, glossary_weight=0))
    assert first["pt", "en"] + first["en", "pt"] < 10
    assert among_ten["pt", "en"] + among_ten["en", "pt"] < 30


def test_a_querys_half_hangs_on_what_answers_it_alone():
    odd = {key: int(hashlib.sha256(key.encode()).hexdigest(), 16) % 2 == 1 for key in LANGUAGE_OF}
    for query in QUERIES.itertuples():
        assert query.part == ("tuning" if odd[query.answer] else "held back"), query.query
