"""Records become frames of one shape, and a frame has one version."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator.frames import COMMIT_COLUMNS, combined_version, commits_frame, data_version
from coordinator.git import Commit


def commit(sha: str, moment: datetime, **given: object) -> Commit:
    values: dict[str, object] = {
        "sha": sha,
        "parents": (),
        "author": "Ada",
        "author_email": "ada@example.org",
        "authored_at": moment,
        "committed_at": moment,
        "message": "Add the till",
        "paths": ("a.py",),
        "path_count": 1,
    }
    return Commit(**{**values, **given})  # type: ignore[arg-type]


def test_no_commits_are_a_frame_of_the_same_shape() -> None:
    empty = commits_frame([])
    full = commits_frame([commit("a1", datetime(2026, 1, 1, tzinfo=UTC))])
    assert list(empty.columns) == list(full.columns) == list(COMMIT_COLUMNS)
    for name in ("authored_at", "committed_at"):
        assert str(empty[name].dtype) == str(full[name].dtype) == "datetime64[us, UTC]"


def test_times_are_utc_to_the_microsecond_in_all_years_a_commit_can_name() -> None:
    local = datetime(2026, 1, 1, 1, 30, 0, 123456, tzinfo=timezone(timedelta(hours=-3)))
    moments = [local, datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)]
    frame = commits_frame(commit(f"a{number}", moment) for number, moment in enumerate(moments))
    assert [moment.to_pydatetime() for moment in frame["committed_at"]] == moments


def test_hostile_messages_stay_as_they_are() -> None:
    message = "\x00\x1b[31m | \u202e <b>\U0001f9ea"
    frame = commits_frame([commit("a1", datetime(2026, 1, 1, tzinfo=UTC), message=message)])
    assert frame["message"][0] == message
    assert len(data_version(frame)) == 32


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.text("abcdef", min_size=1, max_size=4),
            "text": st.text(st.characters(exclude_categories=["Cs"]), max_size=10),
            "score": st.floats(0, 1),
            "tags": st.lists(st.sampled_from("xyz"), max_size=3),
        }
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda row: str(row["id"]),
)


@settings(max_examples=30)
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_columns_does_not_change_the_version(
    rows: list[dict], random: object
) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert data_version(pd.DataFrame(shuffled)) == data_version(pd.DataFrame(rows))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("text", "other"),
        ("score", 0.25),
        ("tags", ["y", "x"]),
        ("at", pd.Timestamp("2026-01-01 00:00:00.000001", tz="UTC")),
        ("id", "c"),
    ],
)
def test_any_change_of_a_value_changes_the_version(column: str, value: object) -> None:
    row = {
        "id": "a",
        "text": "one",
        "score": 0.5,
        "tags": ["x", "y"],
        "at": pd.Timestamp("2026-01-01", tz="UTC"),
    }
    assert data_version(pd.DataFrame([row])) != data_version(pd.DataFrame([{**row, column: value}]))


def test_a_row_more_or_less_changes_the_version() -> None:
    frame = pd.DataFrame({"id": ["a", "b"]})
    assert len({data_version(frame), data_version(frame[:1]), data_version(frame[:0])}) == 3


def test_a_column_left_apart_does_not_count() -> None:
    one = pd.DataFrame({"id": ["a"], "commit": ["1"]})
    two = pd.DataFrame({"id": ["a"], "commit": ["2"]})
    assert data_version(one, apart_from=["commit"]) == data_version(two, apart_from=["commit"])
    assert data_version(one) != data_version(two)


def test_a_combined_version_knows_which_part_changed_not_their_order() -> None:
    one = combined_version({"a": "1", "b": "2"})
    assert one == combined_version({"b": "2", "a": "1"})
    assert one != combined_version({"a": "2", "b": "1"})
    assert one != combined_version({"a": "1"})
