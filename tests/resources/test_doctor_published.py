"""What the doctor says of issues and pages, by what the ledger holds of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from coordinator.ledger.events import NewEvent, text_hash
from coordinator.ledger.global_events import LearningPublished
from coordinator.ledger.outbox_events import (
    Operation,
    PlaceRefused,
    PublicationDone,
    PublicationRefused,
    PublicationRequested,
    PublicationUnknown,
)
from coordinator.ledger.payloads import Payload
from coordinator.settings import CoordinatorJira, EmbeddingSettings, dump
from resources.doctor.published import published
from resources.files import write_text
from resources.home import SETTINGS_FILE, Home

KEY, CONTENT = "orch-" + "a" * 20, "c" * 32
SUBJECT = "copy:g-0123456789abcdef"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A coordinator that publishes in the Jira project ORCH."""
    jira = CoordinatorJira(
        site="https://orch.atlassian.net", email="o@example.org", token_env="T", project="ORCH"
    )
    with Home.init(tmp_path / "home", embedding=EmbeddingSettings()) as made:
        write_text(made.path / SETTINGS_FILE, dump(made.settings.model_copy(update={"jira": jira})))
        made.__dict__.pop("settings", None)
        yield made


def tell(home: Home, *payloads: Payload, ago: timedelta = timedelta()) -> None:
    when = datetime.now(UTC) - ago
    events = [NewEvent(one.event_type, one, occurred_at=when) for one in payloads]
    home.ledger.append("outbox:jira", events, expected_version=None)


def said(home: Home) -> list[tuple[str, str]]:
    found = list(published(home))
    assert {one.what for one in found} == {"published on jira ORCH"}
    return [(one.level, one.said) for one in found]


def requested(subject: str = SUBJECT, operation: Operation = "create") -> Payload:
    return PublicationRequested(
        key=KEY,
        subject=subject,
        owner="acme",
        operation=operation,
        content=CONTENT,
        attempt=1,
        within_s=60,
    )


def done(operation: Operation = "create") -> Payload:
    return PublicationDone(
        key=KEY, operation=operation, content=CONTENT, id="10001", name="ORCH-1", stamp="1"
    )


def refused() -> Payload:
    return PublicationRefused(
        key=KEY,
        subject=SUBJECT,
        owner="acme",
        operation="create",
        error_kind="SourceRefused",
        status=400,
    )


def test_what_stands_is_counted(home: Home) -> None:
    assert said(home) == [("ok", "0 stand there")]
    tell(home, requested("docs:a.md"), done())
    assert said(home) == [("ok", "1 stand there")]


def test_a_lost_call_is_named_once_its_late_look_is_overdue(home: Home) -> None:
    unknown = PublicationUnknown(key=KEY, error_kind="OutcomeUnknown")
    tell(home, requested(), unknown, ago=timedelta(minutes=90))
    assert [level for level, _ in said(home)] == ["ok"]
    tell(home, done(), requested(), unknown, ago=timedelta(hours=3))
    assert ("warning", "1 lost calls were never looked for") in said(home)


def test_a_copy_that_was_taken_back_and_still_stands_is_named(home: Home) -> None:
    tell(home, requested(), done())
    assert said(home) == [("warning", "1 copies that were taken back still stand there")]
    tell(home, requested(operation="archive"), done("archive"))
    assert said(home) == [("ok", "0 stand there")]


def test_a_copy_that_is_still_shared_may_stand(home: Home) -> None:
    shared = LearningPublished(
        id=SUBJECT.removeprefix("copy:"),
        learning="manual:0123456789abcdef",
        category="solution",
        content=text_hash("words"),
        proposal=1,
    )
    event = NewEvent(shared.event_type, shared, company="acme")
    home.ledger.append("global", [event], expected_version=None, texts=["words"])
    tell(home, requested(), done())
    assert said(home) == [("ok", "1 stand there")]


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (refused(), "1 were refused 3 times or more (SourceRefused)"),
        (
            PlaceRefused(error_kind="SourceUnauthorized"),
            "it refused everything 3 times (SourceUnauthorized)",
        ),
    ],
)
def test_the_third_refusal_in_a_row_is_named(home: Home, refusal: Payload, words: str) -> None:
    for _ in range(2):
        tell(home, *([requested()] if isinstance(refusal, PublicationRefused) else []), refusal)
    assert [level for level, _ in said(home)] == ["ok"]
    tell(home, *([requested()] if isinstance(refusal, PublicationRefused) else []), refusal)
    assert said(home) == [("warning", words)]
