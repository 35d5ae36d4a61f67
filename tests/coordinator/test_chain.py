"""Canonical JSON and the hash chain."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.errors import LedgerError
from coordinator.ledger.chain import (
    GENESIS,
    MAX_INTEGER,
    EventRow,
    canonical_json,
    event_hash,
    is_intact,
    verify_chain,
)

text = st.text(st.characters(exclude_categories=["Cs"]))
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-MAX_INTEGER, MAX_INTEGER),
    st.floats(allow_nan=False, allow_infinity=False),
    text,
)
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)


@given(documents)
def test_what_is_stored_reads_back_as_what_was_given(document):
    assert json.loads(canonical_json(document)) == document


@given(documents)
def test_reading_and_writing_again_gives_the_same_text(document):
    stored = canonical_json(document)
    assert canonical_json(json.loads(stored)) == stored


@given(st.dictionaries(text, scalars, min_size=2))
def test_the_order_in_which_keys_were_put_in_does_not_matter(document):
    assert canonical_json(dict(reversed(document.items()))) == canonical_json(document)


@given(documents)
def test_the_text_is_utf8_in_one_line(document):
    stored = canonical_json(document)
    stored.encode("utf-8")
    assert "\n" not in stored
    assert "\x00" not in stored


def test_the_form_is_fixed_for_ever():
    document = {"z": [1, 1.0, -0.0, 1e22, True, None], "ä": 'é "\\\n', "a": {"b": ()}}
    assert canonical_json(document) == (
        '{"a":{"b":[]},"z":[1,1.0,-0.0,1e+22,true,null],"ä":"é \\"\\\\\\n"}'
    )


def _nested(depth: int) -> object:
    return [_nested(depth - 1)] if depth else 1


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        -math.inf,
        MAX_INTEGER + 1,
        -MAX_INTEGER - 1,
        "half \ud83d of a pair",
        {"\udc00": 1},
        {1: "a key that is no text"},
        b"bytes",
        {"a set"},
        _nested(51),
        _nested(900),
    ],
)
def test_what_other_readers_would_read_differently_is_refused(value):
    with pytest.raises(LedgerError):
        canonical_json({"some": {"where": [value]}})


def test_a_refusal_names_the_place_and_not_the_value():
    with pytest.raises(LedgerError, match=r"^counts\.rows\[1\] ") as refusal:
        canonical_json({"counts": {"rows": [1, 98765432109876543210]}})
    assert "9876" not in str(refusal.value)


def _row(position: int, prev_hash: str, **columns: object) -> EventRow:
    row = EventRow(
        position=position,
        event_id=f"id-{position}",
        stream="coordinator",
        version=position,
        company=None,
        feature=None,
        event_type="home_initialized",
        workflow=None,
        phase=None,
        payload='{"model":"m"}',
        actor="ana",
        causation_id=None,
        correlation_id=None,
        schema_version=1,
        occurred_at="2026-01-31T12:00:00.000000Z",
        recorded_at="2026-01-31T12:00:00.000000Z",
        prev_hash=prev_hash,
        hash="",
    )
    row = replace(row, **columns)
    return replace(row, hash=event_hash(prev_hash, row))


def _chain(length: int) -> list[EventRow]:
    rows: list[EventRow] = []
    for position in range(1, length + 1):
        rows.append(_row(position, rows[-1].hash if rows else GENESIS))
    return rows


def test_the_hash_of_a_row_is_fixed_for_ever():
    assert _row(1, GENESIS).hash == (
        "9a7366d0a7bb1c8390416660dd4c47d1c617dcfa8a6424222cf3f4f1495f30a8"
    )


def test_a_whole_chain_is_sound_and_so_is_an_empty_one():
    assert verify_chain(_chain(5)) is None
    assert verify_chain([]) is None


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("event_id", "other"),
        ("company", "empresa-b"),
        ("feature", "feat-x"),
        ("event_type", "company_removed"),
        ("workflow", "w"),
        ("phase", "p"),
        ("payload", '{"model": "m"}'),
        ("payload", '{"model":"x","model":"m"}'),
        ("payload", b'{"model":"m"}'),
        ("actor", "eve"),
        ("causation_id", "c"),
        ("correlation_id", "c"),
        ("schema_version", 2),
        ("occurred_at", "2026-01-31T12:00:00.000001Z"),
        ("recorded_at", "2026-01-31T12:00:00.000001Z"),
        ("prev_hash", GENESIS),
        ("hash", GENESIS),
    ],
)
def test_a_change_of_any_column_shows_at_its_row(column, value):
    rows = _chain(4)
    rows[2] = replace(rows[2], **{column: value})
    assert not is_intact(rows[2])
    assert verify_chain(rows) == 3


def test_a_missing_a_moved_and_a_repeated_row_show():
    rows = _chain(5)
    assert verify_chain(rows[:2] + rows[3:]) == 3
    assert verify_chain([rows[1], rows[0], *rows[2:]]) == 1
    assert verify_chain([*rows[:3], *rows[2:]]) == 4
    assert verify_chain(rows[1:]) == 1


def test_a_row_that_is_sound_in_itself_but_follows_another_shows():
    rows = _chain(3)
    assert verify_chain([*rows[:2], _row(3, rows[0].hash)]) == 3


def test_a_gap_in_the_versions_of_a_stream_shows_even_in_a_sound_chain():
    first = _row(1, GENESIS)
    assert verify_chain([first, _row(2, first.hash, version=3)]) == 2
    assert verify_chain([first, _row(2, first.hash, version=1)]) == 2


def test_a_gap_in_the_positions_shows_even_in_a_sound_chain():
    first = _row(1, GENESIS)
    assert verify_chain([first, _row(3, first.hash, version=2)]) == 2
    assert verify_chain([_row(0, GENESIS, version=1)]) == 1


def test_a_cut_tail_does_not_show_in_the_chain_alone():
    assert verify_chain(_chain(5)[:3]) is None
