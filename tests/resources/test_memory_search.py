from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from coordinator import memory
from coordinator.errors import MemoryUnavailable
from coordinator.memory import Found, SearchFilters
from coordinator.settings import SearchSettings
from resources.embedding import SentenceEmbedder
from resources.memory import TABLE, PrivateMemory
from resources.memory import private_memory as memory_module
from resources.memory.question import Question
from resources.memory.search import candidates
from resources.tables import Tables


@pytest.fixture(scope="module")
def acme(
    tmp_path_factory: pytest.TempPathFactory, memories: ModuleType, embedder: SentenceEmbedder
) -> PrivateMemory:
    kept: PrivateMemory = memories.memory_in(tmp_path_factory.mktemp("acme"), embedder)
    kept.store(memories.learnings())
    return kept


def titles(hits: Sequence[Found]) -> list[str]:
    return [hit.title for hit in hits]


def test_a_word_without_its_accents_finds_the_word_with_them(acme: PrivateMemory):
    (hit,) = acme.search("autenticacao segura", limit=1, explain=True)
    assert hit.title == "Autenticação segura"
    assert hit.factors.matched_terms == ("autenticacao", "segura")
    assert hit.factors.text_part > 0


def test_a_meaning_in_another_language_is_found_by_the_vector(acme: PrivateMemory):
    (hit,) = acme.search("secure login with rotating tokens", limit=1)
    assert hit.title == "Autenticação segura"
    assert hit.factors.vector_part > 0.2


@pytest.mark.parametrize("query", ["PaymentService", "payment_service", "payment service"])
def test_an_identifier_is_found_in_any_spelling(acme: PrivateMemory, query: str):
    assert titles(acme.search(query, limit=1)) == ["Retries"]


def test_a_hit_carries_its_learning_and_company(acme: PrivateMemory):
    (hit,) = acme.search("redis", limit=1)
    assert (hit.company, hit.category, hit.source, hit.language) == (
        "acme",
        "pattern",
        "document",
        "en",
    )
    assert (hit.evidence_path, hit.evidence_line) == ("docs/cache.md", 3)
    assert hit.occurred_at == datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize("query", ["redis cache", "secure login", "the", "tráfego", "x"])
def test_the_factors_of_a_hit_add_up_to_its_score(acme: PrivateMemory, query: str):
    hits = acme.search(query)
    assert hits
    for hit in hits:
        parts = hit.factors
        assert hit.score == pytest.approx(parts.vector_part + parts.text_part)
        assert parts.vector_part == pytest.approx(parts.vector_weight * max(parts.cosine, 0))
        if parts.best_bm25:
            assert parts.text_part == pytest.approx(
                parts.text_weight * parts.bm25 / parts.best_bm25
            )
        assert parts.vector_weight + parts.text_weight == pytest.approx(1.0)
        assert 0 <= hit.score <= 1 + 1e-6
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


# -- filters --------------------------------------------------------------------------------


def test_filters_let_only_their_rows_in(acme: PrivateMemory):
    for filters, wanted in (
        (SearchFilters(categories=("pattern", "solution")), {"Cache", "Autenticação segura"}),
        (SearchFilters(languages=("pt",)), {"Autenticação segura", "Deploy azul e verde"}),
        (SearchFilters(sources=("document",)), {"Cache"}),
        (SearchFilters(sources=("document",), languages=("pt",)), set()),
    ):
        assert set(titles(acme.search("redis cache", filters))) == wanted


def test_times_are_inclusive(acme: PrivateMemory):
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    later, earlier = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 2, 28, tzinfo=UTC)
    assert len(acme.search("redis", SearchFilters(since=moment, until=moment))) == 5
    assert acme.search("redis", SearchFilters(since=later)) == []
    assert acme.search("redis", SearchFilters(until=earlier)) == []


def test_the_least_score_of_the_filters_is_kept(acme: PrivateMemory):
    everything = acme.search("redis")
    least = everything[0].score - 0.01
    assert len(everything) == 5
    assert titles(acme.search("redis", SearchFilters(min_score=least))) == ["Cache"]


def test_a_filter_is_applied_before_the_ranking(
    tmp_path: Path, memories: ModuleType, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(memory_module, "MIN_CANDIDATES", 2)
    rows = [memories.learning(f"key{number}", content="redis cache") for number in range(40)]
    rare = memories.learning("rare", category="need", content="something else entirely, redis")
    kept = memories.memory_in(tmp_path, memories.HashEmbedder())
    kept.store(pd.DataFrame([*rows, rare]))
    hits = kept.search("redis cache", SearchFilters(categories=("need",)), limit=1)
    assert titles(hits) == ["rare"]


INJECTIONS = [
    "x' OR '1'='1",
    "pattern') OR true --",
    "'; DROP TABLE private_memory; --",
    "\x00",
    "col(category)",
    '"phrase" AND (a:b OR *)^9~2',
    "\ud800",
    "💥" * 50,
]


@pytest.mark.parametrize("text", INJECTIONS)
def test_what_is_asked_is_data_in_a_filter_and_in_a_query(acme: PrivateMemory, text: str):
    before = acme.stats()["rows"]
    if text.isprintable():
        for field in ("categories", "languages", "sources"):
            assert acme.search("redis", SearchFilters(**{field: (text,)})) == []
    acme.search(text)
    assert acme.stats()["rows"] == before


@pytest.mark.parametrize("query", ["", "   \n", "\t"])
def test_an_empty_query_finds_nothing(acme: PrivateMemory, query: str):
    assert acme.search(query) == []


@pytest.mark.parametrize("query", ["a", "?", "the of and", "de a o", "redis " * 2_000])
def test_odd_queries_are_answered(acme: PrivateMemory, query: str):
    assert len(acme.search(query)) == 5


@pytest.mark.parametrize(("limit", "count"), [(-1, 0), (0, 0), (1, 1), (10**9, 5)])
def test_any_limit_is_fine(acme: PrivateMemory, limit: int, count: int):
    assert len(acme.search("redis", limit=limit)) == count


# -- candidates -----------------------------------------------------------------------------

COLUMNS = {"columns": memory_module.RECORD, "vector_column": "vector"}


def test_a_hit_of_full_text_alone_has_its_exact_cosine(tmp_path: Path, memories: ModuleType):
    hashed = memories.HashEmbedder()
    kept = memories.memory_in(tmp_path, hashed)
    kept.store(memories.learnings(*(f"key{number}" for number in range(80))))
    question = Question("key7", lambda: hashed, SearchSettings(glossary_weight=0))
    query = question.vectors[0]
    with Tables(tmp_path).reading(TABLE) as table:
        found = candidates(table, question, None, count=1, **COLUMNS)
    assert len(found.ids) == 2
    (textual,) = found.bm25
    passage = memory.passage("key7", "Content of key7")
    exact = float(hashed.embed_query(passage) @ query)
    assert found.cosines[found.ids.index(textual)] == pytest.approx(exact, abs=1e-6)


def test_the_vector_half_finds_the_nearest_of_all(tmp_path: Path, memories: ModuleType):
    hashed = memories.HashEmbedder()
    kept = memories.memory_in(tmp_path, hashed)
    keys = [f"key{number}" for number in range(80)]
    kept.store(memories.learnings(*keys))
    question = Question("zzz", lambda: hashed, SearchSettings())
    query = question.vectors[0]
    with Tables(tmp_path).reading(TABLE) as table:
        found = candidates(table, question, None, count=5, **COLUMNS)
    exact = {
        key: hashed.embed_query(memory.passage(key, f"Content of {key}")) @ query for key in keys
    }
    best = sorted(exact, key=lambda key: -exact[key])[:5]
    assert sorted(found.record(key)["title"] for key in found.ids) == sorted(best)


def test_a_search_works_while_the_full_text_index_is_not_there_yet(
    tmp_path: Path, memories: ModuleType
):
    kept = memories.memory_in(tmp_path, memories.HashEmbedder())
    kept.store(memories.learnings())
    with Tables(tmp_path).reading(TABLE) as table:
        table.drop_index("search_text_idx")
    assert titles(kept.search("redis", limit=1, explain=True)) == ["Cache"]


# -- isolation ------------------------------------------------------------------------------


def test_two_companies_never_see_one_another(tmp_path: Path, memories: ModuleType):
    one = memories.memory_in(tmp_path / "one", memories.HashEmbedder(), company="one")
    two = memories.memory_in(tmp_path / "two", memories.HashEmbedder(), company="two")
    one.store(memories.learnings("login", "retry"))
    alone = [(hit.id, hit.score) for hit in one.search("redis login")]
    two.store(memories.learnings("cache", "deploy", "index"))
    assert [(hit.id, hit.score) for hit in one.search("redis login")] == alone
    assert {hit.company for hit in two.search("redis login")} == {"two"}
    mine = set(memories.learnings("cache", "deploy", "index")["id"])
    assert {hit.id for hit in two.search("redis login")} == mine


def test_a_damaged_memory_says_so(tmp_path: Path, memories: ModuleType):
    memories.memory_in(tmp_path, memories.HashEmbedder()).store(memories.learnings())
    for file in (Tables(tmp_path).path(TABLE) / "data").glob("*.lance"):
        file.write_bytes(b"broken")
    with pytest.raises(MemoryUnavailable, match="orch memory rebuild"):
        memories.memory_in(tmp_path, memories.HashEmbedder()).search("redis")


SILENT = """
import sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
import memories

from coordinator.settings import EmbeddingSettings
from resources.memory import index as memory_index
from coordinator.settings import SearchSettings
from resources.embedding import SentenceEmbedder

memory_index.VECTOR_INDEX_FROM = 3
kept = memories.memory_in(Path(sys.argv[2]), SentenceEmbedder(EmbeddingSettings()))
kept.store(memories.learnings())
kept.store(memories.learnings("login", "retry"))
kept.rebuild(memories.learnings())
kept.search("redis", explain=True)
# LanceDB itself warns of this one: its default will change
kept.rows.tables.open("private_memory").search([0.0] * 384).select(["id"]).to_arrow()
"""


def test_nothing_is_printed_by_the_libraries(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-c", SILENT, str(Path(__file__).parent), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert (done.stdout, done.stderr) == ("", "")


def test_a_search_imports_neither_torch_nor_sentence_transformers(
    tmp_path: Path, memories: ModuleType
):
    memories.memory_in(tmp_path, memories.HashEmbedder()).store(memories.learnings())
    script = SILENT.split("memory_index.VECTOR", maxsplit=1)[0] + (
        "kept = memories.memory_in(Path(sys.argv[2]), SentenceEmbedder(EmbeddingSettings()))\n"
        "assert kept.search('redis')\n"
        "assert not {'torch', 'sentence_transformers', 'transformers'} & sys.modules.keys()\n"
    )
    arguments = [sys.executable, "-c", script, str(Path(__file__).parent), str(tmp_path)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
