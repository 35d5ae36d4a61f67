"""What the outbox does next: from what is recorded, what is wanted, and the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from coordinator.ledger import outbox_events as events
from coordinator.ledger.events import Event, utc_text
from coordinator.ledger.payloads import Payload
from coordinator.publishing.records import Remote
from coordinator.publishing.state import OUTBOX, OutboxState, Publication
from coordinator.publishing.steps import (
    LATE_LOOKS,
    LONGEST_WAIT,
    QUARANTINE,
    SECOND_LOOK,
    Step,
    may_write,
    next_step,
    opens_at,
    withdrawn,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = "orch-0123456789abcdef0123"
OLD, NEW = "a" * 32, "b" * 32
SUBJECT = {"key": KEY, "subject": "copy:g-1", "owner": "acme"}


class Story:
    """One publication's events, told one after the other."""

    def __init__(self) -> None:
        self.now = NOON
        self.state = OutboxState()

    def tell(self, payload: Payload) -> Story:
        version = self.state.version + 1
        event = Event(
            position=version,
            event_id=str(version),
            stream="outbox:jira",
            version=version,
            company="acme",
            feature=None,
            event_type=payload.event_type,
            workflow=None,
            phase=None,
            payload=payload,
            actor="ana",
            causation_id=None,
            correlation_id=None,
            schema_version=1,
            occurred_at=self.now,
            recorded_at=self.now,
            prev_hash="",
            hash="",
        )
        self.state = OUTBOX.fold([event], self.state)
        return self

    def later(self, **by: float) -> Story:
        self.now += timedelta(**by)
        return self

    def looked(self, *found: str, purpose: str = "first") -> Story:
        return self.tell(
            events.PublicationLooked.model_validate({**SUBJECT, "purpose": purpose, "found": found})
        )

    def requested(
        self, operation: str = "create", *, attempt: int = 1, content: str = OLD
    ) -> Story:
        return self.tell(
            events.PublicationRequested.model_validate(
                {
                    **SUBJECT,
                    "operation": operation,
                    "content": content,
                    "attempt": attempt,
                    "within_s": 30,
                }
            )
        )

    def done(self, operation: str = "create", *, content: str = OLD, stamp: str = "1") -> Story:
        return self.tell(
            events.PublicationDone.model_validate(
                {
                    "key": KEY,
                    "operation": operation,
                    "content": content,
                    "id": "7",
                    "name": "ORCH-7",
                    "stamp": stamp,
                }
            )
        )

    def unknown(self) -> Story:
        return self.tell(events.PublicationUnknown(key=KEY, error_kind="OutcomeUnknown"))

    def refused(self, operation: str = "create", retry_at: datetime | None = None) -> Story:
        return self.tell(
            events.PublicationRefused.model_validate(
                {
                    **SUBJECT,
                    "operation": operation,
                    "error_kind": "SourceRefused",
                    "status": 400,
                    "retry_at": utc_text(retry_at) if retry_at else None,
                }
            )
        )

    def adopted(self, id: str = "7", *, content: str | None = None, stamp: str = "1") -> Story:
        adopted = events.PublicationAdopted(key=KEY, id=id, name=id, stamp=stamp, content=content)
        return self.tell(adopted)

    def edited(self, stamp: str = "9", content: str = NEW) -> Story:
        return self.tell(events.PublicationEdited(key=KEY, stamp=stamp, content=content))

    def released(self, stamp: str = "9", content: str = NEW) -> Story:
        return self.tell(
            events.PublicationReleased(key=KEY, stamp=stamp, content=content, proposal=1)
        )

    def kept(self) -> Story:
        return self.tell(events.PublicationKept(key=KEY, proposal=1))

    def marked(self) -> Story:
        return self.tell(events.PublicationMarked(key=KEY))

    def standing(self) -> Story:
        """Made without any doubt, labelled."""
        return self.looked().requested().done().marked()

    @property
    def one(self) -> Publication | None:
        return self.state.publications.get(KEY)

    def step(self, wanted: str | None = OLD) -> Step:
        return next_step(self.one, wanted, self.now)

    def kind(self, wanted: str | None = OLD) -> str:
        return self.step(wanted).kind


def test_before_anything_is_made_the_place_is_looked_at() -> None:
    assert Story().step() == Step("look", purpose="first")
    assert Story().looked().kind() == "create"


def test_nothing_is_done_for_what_nobody_wants() -> None:
    assert Story().kind(None) == "nothing"


def test_what_was_made_is_labelled_and_then_left_alone() -> None:
    story = Story().looked().requested().done()
    assert story.kind() == "mark"
    assert story.marked().kind() == "nothing"
    assert story.later(days=3).kind() == "nothing"


def test_unchanged_content_is_not_written_again_and_changed_content_is() -> None:
    story = Story().standing()
    assert story.kind(OLD) == "nothing"
    assert story.kind(NEW) == "write"


class TestDoubt:
    def test_a_lost_call_is_not_followed_by_another_before_the_quarantine(self) -> None:
        story = Story().looked().requested().unknown()
        step = story.step()
        assert (step.kind, step.until) == ("wait", story.now + QUARANTINE)

    def test_a_call_nobody_answered_for_counts_from_its_deadline(self) -> None:
        """The process died: the call may have been sent at the last moment it could be."""
        story = Story().looked().requested()
        assert story.step().until == NOON + timedelta(seconds=30) + QUARANTINE

    def test_the_place_is_looked_at_twice_before_it_is_made_again(
        self,
    ) -> None:
        story = Story().looked().requested().unknown()
        assert story.later(seconds=300).step() == Step("look", purpose="doubt")
        story.looked(purpose="doubt")
        assert story.step().until == story.now + SECOND_LOOK
        assert story.later(seconds=300).step() == Step("look", purpose="doubt")
        assert story.looked(purpose="doubt").step() == Step("create", attempt=2)

    def test_what_is_found_is_adopted_and_its_doubles_are_closed(self) -> None:
        story = Story().looked().requested().unknown().later(seconds=300)
        story.looked("7", "8", purpose="doubt").adopted("7", content=OLD)
        assert story.step() == Step("close", id="8")
        story.tell(events.DuplicateClosed(key=KEY, id="8"))
        assert story.kind() == "mark"

    def test_a_lost_call_is_looked_for_again_an_hour_and_a_day_later(self) -> None:
        story = Story().looked().requested().unknown().later(seconds=300)
        story.looked("7", purpose="doubt").adopted("7", content=OLD).marked()
        for wait in LATE_LOOKS:
            step = story.step()
            assert (step.kind, step.until) == ("wait", NOON + wait)
            story.now = NOON + wait
            assert story.step() == Step("look", purpose="late")
            story.looked("7", purpose="late")
        assert story.kind() == "nothing"

    def test_a_double_found_late_is_closed(self) -> None:
        story = Story().looked().requested().unknown().later(seconds=300)
        story.looked("7", purpose="doubt").adopted("7", content=OLD).marked().later(hours=1)
        assert story.looked("7", "9", purpose="late").step() == Step("close", id="9")

    def test_an_attempt_that_was_answered_leaves_the_doubt_of_the_one_before(self) -> None:
        story = Story().looked().requested().unknown()
        story.looked(purpose="doubt").looked(purpose="doubt").requested(attempt=2).done().marked()
        assert story.later(days=2).step() == Step("look", purpose="late")

    def test_a_first_attempt_that_was_answered_leaves_none(self) -> None:
        assert Story().standing().later(days=2).kind() == "nothing"

    def test_a_definite_refusal_leaves_none_and_is_tried_again_without_a_look(self) -> None:
        story = Story().looked().requested().refused().later(minutes=2)
        assert story.kind() == "create"

    def test_a_refusal_of_a_later_attempt_leaves_the_doubt_of_the_first(self) -> None:
        story = Story().looked().requested().unknown()
        story.looked(purpose="doubt").looked(purpose="doubt").requested(attempt=2).refused()
        story.later(minutes=2).requested(attempt=1).done().marked()
        assert story.later(days=2).step() == Step("look", purpose="late")

    def test_a_look_that_is_refused_does_not_end_the_doubt(self) -> None:
        story = Story().looked().requested().unknown().later(seconds=300).refused("look")
        assert story.later(minutes=2).step() == Step("look", purpose="doubt")

    def test_a_lost_change_is_inspected_after_the_quarantine(self) -> None:
        story = Story().standing().requested("write", content=NEW).unknown()
        assert story.step(NEW).until == story.now + QUARANTINE
        assert story.later(seconds=300).kind(NEW) == "inspect"
        assert story.looked("7", purpose="doubt").kind(NEW) == "write"

    def test_what_nobody_wants_any_more_is_not_made_again(self) -> None:
        story = Story().looked().requested().unknown()
        story.looked(purpose="doubt").looked(purpose="doubt")
        assert story.step(None).kind == "wait"
        story.now = NOON + LATE_LOOKS[0]
        assert story.step(None) == Step("look", purpose="late")
        assert story.looked("9", purpose="late").step(None) == Step("close", id="9")


class TestRefusals:
    def test_they_wait_longer_each_time_up_to_a_bound(self) -> None:
        story = Story().looked()
        waits = []
        for _ in range(12):
            story.requested().refused()
            until = story.step().until
            assert until is not None
            waits.append(until - story.now)
            story.now = until
        assert waits[:4] == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 8)]
        assert waits[-1] == LONGEST_WAIT

    def test_the_service_may_ask_for_more(self) -> None:
        again = NOON + timedelta(hours=3)
        assert Story().looked().requested().refused(retry_at=again).step().until == again

    def test_a_person_may_ask_for_it_at_once(self) -> None:
        story = Story().looked().requested().refused()
        assert story.tell(events.PublicationRetried(key=KEY)).kind() == "create"

    def test_a_place_that_refused_everything_is_left_for_a_while(self) -> None:
        story = Story().tell(events.PlaceRefused(error_kind="SourceUnreachable"))
        assert opens_at(story.state) == NOON + timedelta(minutes=1)
        assert opens_at(story.looked().state) is None


class TestSomebodyElse:
    def test_what_somebody_else_changed_is_asked_about(self) -> None:
        assert Story().standing().edited().kind(NEW) == "ask"

    def test_a_yes_is_for_exactly_what_was_shown(self) -> None:
        story = Story().standing().edited().released()
        assert story.kind(NEW) == "write"
        assert story.kind("c" * 32) == "ask"

    def test_a_yes_to_another_state_counts_for_nothing(self) -> None:
        story = Story().standing().edited("9").released("8")
        assert story.kind(NEW) == "ask"

    def test_a_no_means_it_is_left_alone_whatever_is_wanted(self) -> None:
        story = Story().standing().edited().kept()
        assert story.kind(NEW) == "nothing"
        assert story.kind("c" * 32) == "nothing"
        story.tell(events.PublicationRetried(key=KEY))
        assert story.kind(NEW) == "ask"

    def test_what_was_removed_is_asked_about_and_made_anew_after_a_yes(self) -> None:
        story = Story().standing().edited("gone")
        assert story.kind(NEW) == "ask"
        story.released("gone")
        assert story.step(NEW) == Step("look", purpose="first")

    def test_what_was_removed_by_somebody_and_is_not_wanted_is_done_with(self) -> None:
        assert Story().standing().edited("gone").kind(None) == "nothing"

    def test_words_to_be_taken_back_are_asked_about_even_when_left_alone(self) -> None:
        assert Story().standing().edited().kept().kind(None) == "ask"


def test_what_is_not_wanted_any_more_is_withdrawn_and_then_archived() -> None:
    story = Story().standing()
    assert story.kind(None) == "withdraw"
    story.requested("withdraw", content=withdrawn(KEY)).done("withdraw", content=withdrawn(KEY))
    assert story.kind(None) == "archive"
    story.requested("archive", content=withdrawn(KEY)).done("archive", content=withdrawn(KEY))
    assert story.kind(None) == "nothing"


def test_what_is_wanted_again_after_it_was_archived_is_looked_for_and_made_anew() -> None:
    story = Story().standing()
    for operation in ("withdraw", "archive"):
        story.requested(operation, content=withdrawn(KEY)).done(operation, content=withdrawn(KEY))
    assert story.step() == Step("look", purpose="first")
    assert story.looked().kind() == "create"
    assert story.one is not None
    assert story.one.id == ""


@pytest.mark.parametrize(
    ("remote", "allowed"),
    [
        ({"stamp": "5", "ours": True, "content": OLD}, True),
        ({"stamp": "1", "ours": False}, True),  # as we left it, in another form
        ({"stamp": "9", "ours": False}, False),
        ({"stamp": "8", "ours": False}, False),
    ],
)
def test_only_what_is_ours_or_as_we_left_it_may_be_written_over(
    remote: dict[str, Any], allowed: bool
) -> None:
    one = Story().standing().edited("9").one
    assert one is not None
    assert may_write(one, Remote("7", "ORCH-7", **remote)) is allowed


def test_a_yes_allows_the_stamp_it_was_given_for() -> None:
    one = Story().standing().edited("9").released("9").one
    assert one is not None
    assert may_write(one, Remote("7", "ORCH-7", "9", ours=False))
    assert not may_write(one, Remote("7", "ORCH-7", "10", ours=False))


def test_answers_to_calls_nobody_made_change_nothing() -> None:
    story = Story().standing()
    before = story.one
    story.done("write", content=NEW).unknown()
    assert story.one == before
    Story().done().unknown().marked().edited().released().kept()


def test_the_ids_of_everything_that_is_ours_are_known() -> None:
    story = Story().looked().requested().unknown().looked("7", "8", purpose="doubt").adopted("7")
    assert story.state.ids == {"7", "8"}
