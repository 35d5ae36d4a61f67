"""From when on a source is read, and what a poll has to say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from coordinator.errors import SourceMisbehaved
from coordinator.ledger.company_state import AssetState, CompanyState, Cursor
from coordinator.reading.answers import Read, parsed
from coordinator.reading.cursors import OVERLAP, ReadCursor, after_reading, news, read_by, since
from coordinator.settings import JiraSettings

NOON = datetime(2026, 3, 1, 12, 0, 0, 900_000, tzinfo=UTC)
BY = "0123456789ab"


def jira(**given: Any) -> JiraSettings:
    account = {"site": "https://acme.atlassian.net", "email": "a@x.org", "token_env": "TOKEN"}
    return JiraSettings(**account | {"project": "PAY"} | given)


def read(version: str, cursor: str | None = None) -> CompanyState:
    """A company whose issues were read as `version`, and learned from as `cursor`."""
    cursors = {"jira": Cursor(cursor, 1)} if cursor else {}
    return CompanyState(assets={"jira_issues": AssetState(version, "", 0)}, cursors=cursors)


def test_the_next_window_begins_an_overlap_before_this_read_began() -> None:
    cursor = after_reading(NOON, BY)
    assert cursor == ReadCursor(NOON.replace(microsecond=0) - OVERLAP, BY)
    assert since("jira", BY, read(cursor.text())) == cursor.since


def test_what_was_never_read_or_by_other_rules_is_read_whole() -> None:
    assert since("jira", BY, CompanyState()) is None
    version = after_reading(NOON, BY).text()
    assert since("jira", "another", read(version)) is None
    assert since("jira", BY, read("off")) is None


@pytest.mark.parametrize(
    "change",
    [{"project": "OTHER"}, {"comments": True}, {"changelog": True}, {"cloud_id": "0" * 8}],
)
def test_settings_that_decide_what_is_read_change_its_digest(change: dict[str, Any]) -> None:
    assert read_by("jira", jira()) != read_by("jira", jira(**change))


@pytest.mark.parametrize(
    "change", [{"timeout_s": 5}, {"token_env": "OTHER"}, {"publish": ("need",)}]
)
def test_other_settings_do_not(change: dict[str, Any]) -> None:
    assert read_by("jira", jira()) == read_by("jira", jira(**change))


def test_a_poll_says_whole_then_unfinished_then_what_is_new() -> None:
    version = after_reading(NOON, BY).text()
    assert news("jira", BY, CompanyState(), ()) == f"all:{BY}"
    assert news("jira", BY, read(version), ()) == f"unfinished:{version}"
    assert news("jira", BY, read(version, version), ()) == ""
    found = [("1", "a"), ("2", "b")]
    told = news("jira", BY, read(version, version), found)
    assert told == news("jira", BY, read(version, version), reversed(found))
    assert told != news("jira", BY, read(version, version), [("1", "a"), ("2", "c")])


def test_a_poll_asks_nobody_while_a_read_is_to_be_ended_first() -> None:
    def ask() -> Any:
        raise AssertionError("asked")
        yield

    assert news("jira", BY, read("x"), ask())


class Row(Read):
    id: str
    count: int = 0


def test_unknown_fields_are_left_out_and_wrong_ones_named_and_not_quoted() -> None:
    assert parsed(Row, {"id": "1", "new": "field"}, "a row") == Row(id="1")
    with pytest.raises(SourceMisbehaved) as caught:
        parsed(Row, {"id": "1", "count": "private words"}, "a row")
    assert "'count'" in str(caught.value)
    assert "private" not in str(caught.value)


@pytest.mark.parametrize("data", [None, [], "text", 7, {}, {"id": None}])
def test_no_answer_at_all_breaks_the_specification_too(data: Any) -> None:
    with pytest.raises(SourceMisbehaved):
        parsed(Row, data, "a row")
