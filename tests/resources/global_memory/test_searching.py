"""Searches of a company over its own rows and the shared copies, and of the operator over all."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from coordinator.errors import MemoryUnavailable, ModelMismatch
from coordinator.memory import SearchFilters
from coordinator.settings import EmbeddingSettings
from resources.global_memory import searching as searching_module
from resources.global_memory.index import TABLE
from resources.memory.vector_table import VectorTable


def ids(hits):
    return [hit.id for hit in hits]


def test_without_shared_copies_a_company_finds_what_its_private_memory_finds(neighbours):
    neighbours.knows("empresa-a", "login", "retry", "cache", "deploy", "index")
    for query in ("PaymentService retries", "tráfego", "order_date", "redis catalogue minutes"):
        private = neighbours.home.memory("empresa-a").search(query, limit=5, explain=True)
        assert neighbours.sees("empresa-a", query, limit=5, explain=True) == private


def test_another_companys_private_rows_are_never_found(neighbours):
    neighbours.knows("empresa-a", "login", "retry")
    neighbours.knows("empresa-b", "cache")
    assert [hit.company for hit in neighbours.sees("empresa-b", "PaymentService retries")] == [
        "empresa-b"
    ]
    assert neighbours.sees("empresa-c", "PaymentService retries") == []


def test_what_others_keep_to_themselves_does_not_move_a_companys_scores(neighbours):
    """In a shared index it would: each knows its own rarities only."""
    neighbours.knows("empresa-b", "retry", "cache")
    neighbours.share("empresa-c", "deploy")
    before = neighbours.sees("empresa-b", "redis retries", explain=True)
    neighbours.knows("empresa-a", "retry", "login", "index")
    neighbours.propose("empresa-a", "cache")
    assert neighbours.sees("empresa-b", "redis retries", explain=True) == before


def test_a_company_does_not_find_its_own_copy_beside_its_learning(neighbours):
    neighbours.share("empresa-a", "retry")
    hits = neighbours.sees("empresa-a", "PaymentService retries")
    assert [hit.origin for hit in hits] == ["private"]
    assert neighbours.told() == ["learning_published"]


def test_the_better_of_two_tables_comes_first_whichever_it_is(neighbours):
    neighbours.knows("empresa-b", "retry", content="Retries, said once beside much else.")
    copy = neighbours.share("empresa-a", "retry")
    hits = neighbours.sees("empresa-b", "PaymentService retries failed calls backoff")
    assert [hit.origin for hit in hits] == ["global", "private"]
    assert hits[0].id == copy
    hits = neighbours.sees("empresa-b", "said once beside much else")
    assert [hit.origin for hit in hits] == ["private", "global"]


def test_a_table_whose_best_hit_has_half_the_words_gives_half_the_textual_score(neighbours):
    neighbours.knows("empresa-b", "retry", title="Backoff", content="Backoff is all there is.")
    neighbours.share("empresa-a", "cache", title="", content="Redis and backoff are two things.")
    hits = {hit.origin: hit for hit in neighbours.sees("empresa-b", "redis backoff", explain=True)}
    assert hits["global"].factors.text_part == pytest.approx(0.3)
    assert hits["private"].factors.text_part == pytest.approx(0.15)
    for hit in hits.values():
        factors = hit.factors
        again = factors.text_weight * factors.bm25 / factors.best_bm25
        assert factors.text_part == pytest.approx(again)


def test_superseded_copies_are_not_found_by_default(neighbours):
    neighbours.share("empresa-a", "retry")
    new = neighbours.share("empresa-a", "retry", content="The PaymentService retries five times.")
    assert ids(neighbours.sees("empresa-b", "PaymentService retries")) == [new]
    assert len(neighbours.shared.operator_search("PaymentService retries")) == 3


def test_filters_hold_for_shared_copies_too(neighbours):
    neighbours.share("empresa-a", "retry")
    neighbours.share("empresa-a", "login")

    def found(**filters):
        filters = SearchFilters(**filters)
        return {
            hit.title for hit in neighbours.sees("empresa-b", "retries segura", filters=filters)
        }

    assert found() == {"Retries", "Autenticação segura"}
    assert found(categories=("solution",)) == {"Autenticação segura"}
    assert found(languages=("en",)) == {"Retries"}
    assert found(sources=("commit",)) == set()
    assert found(sources=("global",)) == {"Retries", "Autenticação segura"}
    assert found(since=datetime(2026, 3, 2, tzinfo=UTC)) == set()
    assert found(until=datetime(2026, 3, 2, tzinfo=UTC)) == {"Retries", "Autenticação segura"}
    assert found(min_score=0.99) == set()


@pytest.mark.parametrize("query", ["", "   ", "\n"])
def test_an_empty_query_finds_nothing_and_records_nothing(neighbours, query: str):
    neighbours.share("empresa-a", "retry")
    assert neighbours.sees("empresa-b", query) == []
    assert neighbours.sees("empresa-b", "retries", limit=0) == []
    assert neighbours.told() == ["learning_published"]


@pytest.mark.parametrize(
    "query", ["' OR 1=1 --", 'title:"x" AND *', "\x00", "superseded_by = ''", "(" * 500]
)
def test_a_query_is_words_and_never_a_language(neighbours, query: str):
    neighbours.knows("empresa-a", "login")
    neighbours.knows("empresa-b", "retry")
    assert {hit.company for hit in neighbours.sees("empresa-b", query)} <= {"empresa-b"}


def test_the_operator_finds_everything_with_its_origin(neighbours):
    neighbours.share("empresa-a", "retry")
    neighbours.knows("empresa-b", "cache")
    hits = neighbours.shared.operator_search("retries redis")
    assert {(hit.company, hit.origin) for hit in hits} == {
        ("empresa-a", "private"),
        ("empresa-a", "global"),
        ("empresa-b", "private"),
    }
    assert neighbours.told() == ["learning_published"]


# -- who has seen what ----------------------------------------------------------------------


def test_the_first_sight_of_a_copy_is_recorded_once(neighbours):
    copy = neighbours.share("empresa-a", "retry")
    for _ in range(2):
        neighbours.sees("empresa-b", "PaymentService retries")
    neighbours.sees("empresa-c", "PaymentService retries")
    seen = neighbours.home.ledger.read(event_type="learning_seen")
    assert [(one.payload.id, one.payload.viewer, one.payload.surface) for one in seen] == [
        (copy, "empresa-b", "test"),
        (copy, "empresa-c", "test"),
    ]
    assert neighbours.shared.state().copies[copy].seen_by == ("empresa-b", "empresa-c")


def test_nothing_is_shown_when_its_sight_cannot_be_recorded(neighbours, monkeypatch):
    neighbours.share("empresa-a", "retry")
    monkeypatch.setattr(neighbours.home.ledger, "append", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        neighbours.sees("empresa-b", "PaymentService retries")


def test_only_what_is_returned_counts_as_seen(neighbours):
    neighbours.share("empresa-a", "retry")
    neighbours.share("empresa-a", "login")
    (hit,) = neighbours.sees("empresa-b", "PaymentService retries", limit=1)
    seen = neighbours.home.ledger.read(event_type="learning_seen")
    assert [one.payload.id for one in seen] == [hit.id]


def test_a_copy_retracted_while_it_was_searched_is_not_returned(neighbours, monkeypatch):
    copy = neighbours.share("empresa-a", "retry")
    search = searching_module.Searching._search

    def slow(self, *arguments):
        hits = search(self, *arguments)
        neighbours.shared.retract(copy, reason="", by="Ana Souza")
        return hits

    monkeypatch.setattr(searching_module.Searching, "_search", slow)
    assert neighbours.sees("empresa-b", "PaymentService retries") == []
    assert "learning_seen" not in neighbours.told()


def test_many_at_once_record_each_sight_once(neighbours):
    neighbours.share("empresa-a", "retry")
    neighbours.share("empresa-a", "login")
    threads = [
        threading.Thread(target=neighbours.sees, args=("empresa-b", "retries segura"))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert neighbours.told().count("learning_seen") == 2


# -- a table that is not what it should be --------------------------------------------------


def tampered(neighbours, **changes: object) -> None:
    tables = neighbours.home.global_tables()
    rows = tables.read(TABLE).assign(**changes)
    tables.upsert(TABLE, rows, schema=tables.schema(TABLE))


@pytest.mark.parametrize(
    "changes",
    [
        {"content": "PaymentService retries: what nobody approved."},
        {"title": "what nobody approved"},
        {"source_instance": "empresa-c"},
        {"metadata": "{}"},
        {"metadata": "no json"},
        {"category": "insight"},
        {"id": "g-0123456789abcdef"},
    ],
)
def test_words_nobody_approved_are_not_shown_though_they_stand_in_the_table(neighbours, changes):
    neighbours.share("empresa-a", "retry")
    tampered(neighbours, **changes)
    found = {hit.content for hit in neighbours.sees("empresa-b", "PaymentService retries")}
    assert found <= {"The PaymentService retries failed calls with backoff."}
    assert all(hit.title == "Retries" for hit in neighbours.sees("empresa-b", "nobody approved"))


def test_a_table_rewritten_under_a_search_is_read_again(neighbours, monkeypatch):
    neighbours.share("empresa-a", "retry")
    candidates, calls = VectorTable.candidates, []

    def once(self, *arguments, **options):
        calls.append(self.shape.table)
        if calls.count(TABLE) == 1 and self.shape.table == TABLE:
            raise MemoryUnavailable("an older version went away")
        return candidates(self, *arguments, **options)

    monkeypatch.setattr(VectorTable, "candidates", once)
    assert len(neighbours.sees("empresa-b", "PaymentService retries")) == 1


def test_copies_of_another_model_are_refused_until_a_rebuild(neighbours):
    neighbours.share("empresa-a", "retry")
    neighbours.home.settings = neighbours.home.settings.model_copy(
        update={"embedding": EmbeddingSettings(query_prompt="query: ")}
    )
    with pytest.raises(ModelMismatch, match="orch memory rebuild"):
        neighbours.sees("empresa-b", "PaymentService retries")
    assert neighbours.shared.rebuild().rows == 1
    assert len(neighbours.sees("empresa-b", "PaymentService retries")) == 1
