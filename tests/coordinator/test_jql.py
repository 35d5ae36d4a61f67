"""JQL is built, never joined from words; its times are those of the account's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.jira import jql

NOON = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
ZONES = ("America/Sao_Paulo", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC")


def test_a_window_is_bounded_by_project_and_has_no_end() -> None:
    assert jql.changed_since("PAY", NOON, "America/Sao_Paulo") == (
        'project = "PAY" AND updated >= "2026-03-01 09:00" ORDER BY updated ASC, key ASC'
    )
    assert jql.changed_since("PAY", None, "UTC") == (
        'project = "PAY" ORDER BY updated ASC, key ASC'
    )
    assert jql.everything("PAY") == 'project = "PAY" ORDER BY key ASC'


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ('a" OR project = "OTHER', '"a\\" OR project = \\"OTHER"'),
        ("back\\slash", '"back\\\\slash"'),
        ("plain", '"plain"'),
    ],
)
def test_a_value_cannot_leave_its_quotes(text: str, literal: str) -> None:
    assert jql.quoted(text) == literal


def test_control_characters_are_refused() -> None:
    with pytest.raises(ValueError, match="control"):
        jql.quoted("a\nORDER BY")


@given(
    st.datetimes(datetime(2015, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(ZONES),
)
def test_no_change_falls_before_its_window_whichever_hour_the_server_takes(
    moment: datetime, zone: str
) -> None:
    """A clock set back shows an hour twice: either reading must begin at `moment` or earlier."""
    written = datetime.strptime(jql.local_minute(moment, zone), "%Y-%m-%d %H:%M")
    for fold in (0, 1):
        read = written.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)
        assert read <= moment
        assert moment - read < timedelta(hours=3)


@pytest.mark.parametrize("zone", [None, "", "Mars/Olympus", "../etc/passwd"])
def test_an_unknown_zone_asks_for_as_much_as_any_clock_may_be_behind(zone: str | None) -> None:
    assert jql.local_minute(NOON, zone) == "2026-03-01 00:00"
