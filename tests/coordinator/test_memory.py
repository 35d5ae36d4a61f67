from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from coordinator import memory
from coordinator.errors import UsageError
from coordinator.memory import SearchFilters


def learnings(*records: dict[str, object]) -> pd.DataFrame:
    default = {
        "id": "a",
        "title": "Retry",
        "content": "Retry with backoff",
        "category": "solution",
        "source": "commit",
        "language": "en",
        "evidence_commit": "c1",
        "evidence_path": "docs/retry.md",
        "evidence_line": 3,
        "occurred_at": pd.Timestamp("2026-01-02", tz="UTC"),
        "substance": 0.9,
        "reason": "says why",
    }
    return pd.DataFrame([default | record for record in records])


def test_accents_and_case_are_folded_away():
    assert memory.fold("Autenticação SEGURA") == "autenticacao segura"


@pytest.mark.parametrize("text", ["PaymentService", "payment_service", "paymentService"])
def test_every_spelling_of_an_identifier_folds_to_the_same_words(text):
    assert memory.fold(text) == "paymentservice payment service"


def test_plain_words_and_punctuation_stay_as_they_are():
    assert memory.fold("the Cache, e.g. Redis!") == "the cache, e.g. redis!"


def test_acronyms_and_numbers_are_parts_of_an_identifier():
    assert memory.fold("parseHTTP2Header") == "parsehttp2header parse http 2 header"


def test_the_words_of_a_query_are_distinct_and_bounded():
    assert memory.query_terms("Cache cache CACHE redis") == "cache redis"
    long = " ".join(f"w{number}" for number in range(5_000))
    assert len(memory.query_terms(long).split()) == memory.MAX_QUERY_TERMS


def test_a_query_of_signs_has_no_words():
    assert memory.query_terms("'; -- () \x00") == ""


def test_a_title_that_opens_the_content_is_not_said_twice():
    assert memory.passage("Retry", "Retry with backoff") == "Retry with backoff"
    assert memory.passage("Cache", "Redis keeps it") == "Cache\nRedis keeps it"


def test_new_rows_are_embedded_moved_evidence_is_updated_and_the_rest_removed():
    old = memory.hashed(learnings({"id": "a"}, {"id": "b"}, {"id": "c"}, {"id": "gone"}))
    have = dict(zip(old["id"], old["row_hash"], strict=True))
    wanted = memory.hashed(
        learnings(
            {"id": "a"},
            {"id": "b", "evidence_line": 99},
            {"id": "c", "content": "Retry with jitter"},
            {"id": "new"},
        )
    )
    plan = memory.plan(wanted, have)
    assert list(plan.to_embed["id"]) == ["c", "new"]
    assert list(plan.to_update["id"]) == ["b"]
    assert plan.to_remove == ("gone",)


def test_the_same_learnings_plan_nothing():
    wanted = memory.hashed(learnings({"id": "a"}, {"id": "b"}))
    plan = memory.plan(wanted, dict(zip(wanted["id"], wanted["row_hash"], strict=True)))
    assert plan.to_embed.empty
    assert plan.to_update.empty
    assert plan.to_remove == ()


def test_no_learnings_at_all_remove_what_is_there():
    plan = memory.plan(memory.hashed(learnings({"id": "a"}).iloc[:0]), {"a": "x"})
    assert plan.to_remove == ("a",)
    assert plan.to_embed.empty


def test_a_hash_does_not_depend_on_how_pandas_holds_a_time():
    nanoseconds = learnings({"occurred_at": pd.Timestamp("2026-01-02", tz="UTC").as_unit("ns")})
    berlin = learnings({"occurred_at": pd.Timestamp("2026-01-02T01:00", tz="Europe/Berlin")})
    first, second = memory.hashed(nanoseconds), memory.hashed(berlin)
    assert first["row_hash"].tolist() == second["row_hash"].tolist()


def test_of_rows_with_the_same_id_the_last_stays():
    frame = memory.hashed(learnings({"id": "a"}, {"id": "a", "evidence_line": 7}))
    assert frame["evidence_line"].tolist() == [7]


def test_lone_surrogates_can_be_hashed():
    frame = learnings({}).astype({"content": object})
    frame.at[0, "content"] = "broken \ud800"
    assert len(memory.hashed(frame)) == 1


def test_the_score_is_the_sum_of_its_parts():
    factors = memory.fuse(cosine=0.5, bm25=2.0, best_bm25=4.0, vector_weight=0.6)
    assert factors.vector_part == pytest.approx(0.3)
    assert factors.text_part == pytest.approx(0.2)
    assert memory.total(factors) == pytest.approx(0.5)


def test_a_negative_cosine_counts_as_nothing():
    assert memory.fuse(-0.4, 0.0, 0.0, 0.6).vector_part == 0.0


def test_scores_are_fused_not_ranks():
    # by ranks a and b would tie: each is first in one half and second in the other
    ranked = memory.best(
        ["a", "b"],
        np.array([0.50, 0.49], dtype=np.float32),
        {"a": 1.0, "b": 10.0},
        vector_weight=0.6,
        min_score=0.0,
        limit=2,
    )
    assert [key for key, _ in ranked] == ["b", "a"]


def test_hits_below_the_least_score_and_beyond_the_limit_are_left_out():
    cosines = np.array([0.9, 0.5, 0.1], dtype=np.float32)
    picked = memory.best(["a", "b", "c"], cosines, {}, vector_weight=1.0, min_score=0.2, limit=5)
    assert [key for key, _ in picked] == ["a", "b"]
    picked = memory.best(["a", "b", "c"], cosines, {}, vector_weight=1.0, min_score=0.0, limit=1)
    assert [key for key, _ in picked] == ["a"]


def test_equal_scores_come_in_the_order_of_their_ids():
    cosines = np.array([0.5, 0.5], dtype=np.float32)
    picked = memory.best(["b", "a"], cosines, {}, vector_weight=1.0, min_score=0.0, limit=2)
    assert [key for key, _ in picked] == ["a", "b"]


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(UsageError, match="since needs a time zone"):
        SearchFilters(since=datetime(2026, 1, 1))
    assert SearchFilters(since=datetime(2026, 1, 1, tzinfo=UTC)).since is not None
