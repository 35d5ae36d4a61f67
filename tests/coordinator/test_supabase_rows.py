"""Rows of strangers, read as rows of ours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.supabase.rows import COLUMNS, pulled

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def row(id: str = "m1", minutes: int = 0, **given: Any) -> dict[str, Any]:
    moment = (NOON + timedelta(minutes=minutes)).isoformat()
    told = {"id": id, "title": "a title", "content": "words", "category": "need"}
    return told | {"created_at": moment, "updated_at": moment, "deleted_at": None} | given


def only(**given: Any) -> Any:
    return pulled([[row(**given)]]).rows.iloc[0]


def test_a_row_becomes_the_columns_of_a_memory():
    found = pulled([[row(language="pt", author="Ana", unknown="field")]]).rows
    assert tuple(found.columns) == COLUMNS
    assert found.iloc[0].tolist() == [
        "m1", "a title", "words", "need", "pt", "Ana", NOON, NOON,
    ]  # fmt: skip


def test_no_rows_have_the_same_columns_and_types():
    none, some = pulled([]).rows, pulled([[row()]]).rows
    assert none.empty
    assert none.dtypes["updated_at"] == some.dtypes["updated_at"] == "datetime64[us, UTC]"


def test_of_a_row_read_twice_its_last_form_counts_at_its_last_place():
    found = pulled([[row("m1"), row("m2", 1)], [row("m1", 2, content="after")]])
    assert found.rows["id"].tolist() == ["m2", "m1"]
    assert found.rows["content"].tolist() == ["words", "after"]


@pytest.mark.parametrize("moment", ["2026-03-01T12:00:00Z", "infinity", NOON])
def test_a_removed_row_is_to_be_let_go_of(moment):
    found = pulled([[row("m1"), row("m2")], [row("m1", 1, content="", deleted_at=moment)]])
    assert (found.rows["id"].tolist(), found.removed) == (["m2"], ("m1",))
    assert found.broken == {}
    of_the_global_memory = row(retracted_at=moment)
    del of_the_global_memory["deleted_at"]
    assert pulled([[of_the_global_memory]]).removed == ("m1",)


def test_a_row_that_is_there_again_after_its_removal_stays():
    found = pulled([[row("m1", deleted_at="2026-03-01T12:00:00Z"), row("m1", 1)]])
    assert (found.rows["id"].tolist(), found.removed) == (["m1"], ())


BROKEN = {
    "no id": ({"id": None}, "broken id"),
    "an id of two words": ({"id": "a b"}, "broken id"),
    "an id with a line break": ({"id": "a\n"}, "broken id"),
    "an id that hides": ({"id": "a\u202e"}, "broken id"),
    "an id that is no text": ({"id": 7}, "broken id"),
    "an endless id": ({"id": "m" * 201}, "broken id"),
    "no time": ({"updated_at": None}, "broken updated_at"),
    "a time without a zone": ({"updated_at": "2026-03-01T12:00:00"}, "broken updated_at"),
    "a time nobody lives to see": ({"created_at": "294276-01-01T00:00:00Z"}, "broken created_at"),
    "words that are none": ({"content": ["a"]}, "broken content"),
    "a title that is none": ({"title": {"a": 1}}, "broken title"),
    "no words": ({"content": None}, "no content"),
    "words one cannot see": ({"content": " \u200b\n\x00"}, "no content"),
    "ten megabytes": ({"content": "x" * 10_000_000}, "content too long"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_row_that_cannot_be_read_is_left_out_counted_and_keeps_no_other_away(case):
    given, reason = BROKEN[case]
    found = pulled([[row("good"), row("bad") | given]])
    assert found.rows["id"].tolist() == ["good"]
    assert found.broken == {reason: 1}
    # whoever holds its former words must let them go
    assert found.removed == (() if reason == "broken id" else ("bad",))


def test_a_row_broken_at_first_and_mended_later_is_read():
    found = pulled([[row("m1", content=None)], [row("m1", 1)]])
    assert (found.rows["id"].tolist(), found.removed, found.broken) == (["m1"], (), {})


@pytest.mark.parametrize("category", ["lore", "Need", "need ", "x" * 1_000, "\x00"])
def test_a_category_nobody_knows_is_none_and_counted(category):
    found = pulled([[row(category=category)]])
    assert found.rows.iloc[0].category == ""
    assert found.unknown_categories == 1
    assert pulled([[row(category=None)]]).unknown_categories == 0


def test_markup_stays_text_and_control_characters_go():
    found = only(
        title="\x1b[31mred\u202e", content="<script>alert(1)</script>\x00\r\n", author="A\u200bna"
    )
    assert (found.title, found.content) == ("[31mred", "<script>alert(1)</script>")
    assert found.author == "Ana"


def test_a_title_is_one_line_of_bounded_length_and_taken_from_the_words_where_there_is_none():
    assert only(title="", content="first line\nsecond").title == "first line"
    assert len(only(title="word " * 1_000).title) <= 500
    assert "\n" not in only(title="a\nb").title


def test_nothing_happened_after_it_was_written():
    assert only(created_at="2999-01-01T00:00:00Z").occurred_at == NOON
    assert only(created_at=None).occurred_at == NOON


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from([*row(), "author", "language"]),
            st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just([{}]),
        ).map(lambda odd: row() | odd),
        max_size=4,
    )
)
def test_no_row_whatever_it_holds_is_an_error(rows):
    found = pulled([rows])
    assert found.rows["id"].is_unique
    assert not set(found.rows["id"]) & set(found.removed)
