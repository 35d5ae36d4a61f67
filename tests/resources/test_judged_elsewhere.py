"""Judged duplicates and Portuguese questions of others, where their data is at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.judged import SHARED, faquad, seamonkey
from benchmarks.retrieval import Measured, Remembering, measure, recall

pytestmark = [
    pytest.mark.figures,
    pytest.mark.skipif(not SHARED.is_dir(), reason=f"the judged data is not in {SHARED}"),
]


def ranks(measured: Measured, kind: str) -> dict[str, list[int | None]]:
    return measured.of(kind, held_back_only=False)


def test_duplicates_in_another_company_are_found_more_often_than_by_words(tmp_path: Path):
    found = ranks(measure(seamonkey(), tmp_path, Remembering()), "SeaMonkey")
    assert len(found["hybrid"]) == 75
    for within in (1, 10):
        hybrid = recall(found["hybrid"], within)
        assert hybrid > recall(found["plain BM25"], within)
        assert hybrid > recall(found["full text alone"], within)
    assert recall(found["hybrid"], 1) >= recall(found["vectors alone"], 1)
    assert recall(found["hybrid"], 10) >= 0.84


def test_portuguese_questions_find_their_paragraph_more_often_than_by_words(tmp_path: Path):
    found = ranks(measure(faquad(), tmp_path, Remembering()), "FaQuAD")
    assert len(found["hybrid"]) == 63
    assert recall(found["hybrid"], 1) >= 0.77 > recall(found["plain BM25"], 1)
    assert recall(found["hybrid"], 10) == 1.0
    assert recall(found["hybrid"], 1) >= recall(found["vectors alone"], 1) + 0.3


def test_every_pair_of_duplicates_stands_in_two_companies():
    judged = seamonkey()
    for query in judged.queries:
        assert query.answers
        assert query.answers <= judged.texts[query.corpus].keys()
        asker = next(name for name in judged.texts if name != query.corpus)
        assert not query.answers & judged.texts[asker].keys()
    assert all(len(texts) > 1_030 for texts in judged.texts.values())
