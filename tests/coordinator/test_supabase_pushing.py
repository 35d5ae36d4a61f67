"""What is pushed to Supabase, and which rows of it differ from there."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.supabase.pushing import global_rows, memory_rows, plan_push
from coordinator.supabase.tables import COMPANY, GLOBAL

MOMENT = pd.Timestamp("2026-03-01T12:00:00Z")


def learning(**given):
    told = {
        "id": "0" * 32, "title": "a title", "content": "words", "category": "need",
        "source": "commit", "language": "pt", "evidence_commit": "c0ffee", "evidence_path": "a.py",
        "evidence_line": 3, "occurred_at": MOMENT, "substance": 0.5, "reason": "x",
        "vector": np.ones(384, "float32"),
    }  # fmt: skip
    return pd.DataFrame([told | given])


def copy(**given):
    told = {
        "id": "g-1", "title": "a title", "content": "words", "source_instance": "acme",
        "category": "need", "language": "pt", "shared": True, "metadata": '{"evidence": {}}',
        "created_at": MOMENT, "valid_from": MOMENT, "valid_to": pd.NaT, "superseded_by": "",
        "embedding": np.ones(384, "float32"),
    }  # fmt: skip
    return pd.DataFrame([told | given])


def row(model="m", **given):
    (made,) = memory_rows(learning(**given), company="acme", model=model)
    return made


def test_rows_have_columns_of_their_table_and_can_be_sent_as_json():
    (published,) = global_rows(copy(), model="m")
    for made, shape in ((row(), COMPANY), (published, GLOBAL)):
        assert made.keys() <= shape.columns.keys()
        assert {"written_by", "row_hash", *shape.key} <= made.keys()
        assert made["written_by"] == "orchestrator"
        assert json.loads(json.dumps(made, allow_nan=False)) == made


def test_what_came_from_supabase_is_not_pushed_back():
    assert memory_rows(learning(source="supabase"), company="acme", model="m") == []


CHANGES = {
    "content": "other words", "title": "another", "category": "solution", "language": "en",
    "evidence_path": "b.py", "evidence_line": 4, "vector": None,
    "occurred_at": pd.Timestamp("2026-01-01", tz="UTC"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_changes_the_hash(name):
    assert row(**{name: CHANGES[name]})["row_hash"] != row()["row_hash"]


def test_another_model_changes_the_hash_and_another_machines_vector_does_not():
    assert row(model="n")["row_hash"] != row()["row_hash"]
    assert row(vector=np.full(384, 1.0000001, "float32"))["row_hash"] == row()["row_hash"]


@pytest.mark.parametrize(
    "vector",
    [None, float("nan"), np.ones(383), np.ones(768), np.full(384, np.inf)],
    ids=["none", "missing", "short", "long", "infinite"],
)
def test_a_vector_the_table_cannot_hold_is_left_out_with_its_model(vector):
    made = row(vector=vector)
    assert (made["embedding"], made["embedding_model"]) == (None, "")


def test_what_postgres_refuses_in_text_is_not_sent():
    odd = json.dumps({"evidence": {"a\x00": ["b\x00", {"c": "\ud800"}], "n": 1}})
    (made,) = global_rows(copy(metadata=odd, content="a\x00bc"), model="m\x00")
    assert made["metadata"] == {"evidence": {"a": ["b", {"c": ""}], "n": 1}}
    assert (made["content"], made["embedding_model"]) == ("abc", "m")
    assert len(row(content="x" * 200_000)["content"]) == 100_000


def test_who_agreed_does_not_go_there():
    agreed = {"evidence": {"commit": "c0ffee"}, "reason": "why"}
    told = json.dumps(agreed | {"approved_by": ["ana"], "proposal": 3})
    (made,) = global_rows(copy(metadata=told), model="m")
    assert made["metadata"] == agreed


@pytest.mark.parametrize("by", ["", None, float("nan")])
def test_a_copy_that_nothing_supersedes_is_valid_without_end(by):
    (made,) = global_rows(copy(superseded_by=by), model="m")
    assert (made["valid_from"], made["valid_to"]) == (MOMENT.isoformat(), None)
    assert made["superseded_by"] == ""


hashes = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("xyz"))


@given(hashes, hashes)
def test_a_push_makes_what_is_there_equal_to_what_is_wanted_and_touches_nothing_else(
    wanted, stored
):
    plan = plan_push([{"id": id, "row_hash": told} for id, told in wanted.items()], stored)
    after = {id: told for id, told in stored.items() if id not in plan.retract}
    assert after | {one["id"]: one["row_hash"] for one in plan.upsert} == wanted
    assert not any(stored.get(one["id"]) == one["row_hash"] for one in plan.upsert)
    assert not set(plan.retract) & wanted.keys()
    assert plan_push([{"id": id, "row_hash": told} for id, told in wanted.items()], wanted) == (
        type(plan)((), ())
    )
