"""What the ledger's events make of suggestions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from coordinator.ledger import opportunity_events as events
from coordinator.ledger.events import Event
from coordinator.ledger.payloads import Payload
from coordinator.opportunities.state import OPPORTUNITIES, OpportunitiesState, Suggestion

START = datetime(2026, 3, 1, tzinfo=UTC)
ID = "o-0123456789ab"


def fold(*payloads: Payload) -> OpportunitiesState:
    recorded = [
        Event(
            position=at,
            event_id=f"{at}",
            stream="opportunities",
            version=at,
            company=None,
            feature=None,
            event_type=payload.event_type,
            workflow=None,
            phase=None,
            payload=payload,
            actor="op",
            causation_id=None,
            correlation_id=None,
            schema_version=1,
            occurred_at=START + timedelta(days=at),
            recorded_at=START + timedelta(days=at),
            prev_hash="",
            hash="",
        )
        for at, payload in enumerate(payloads, 1)
    ]
    return OPPORTUNITIES.fold(recorded)


def only(*payloads: Payload) -> Suggestion:
    (one,) = fold(*payloads).suggestions.values()
    return one


def made(proposal: int = 1) -> Payload:
    return events.SuggestionMade(
        opportunity=ID,
        kind="solution",
        owner="acme",
        adopter="zeta",
        need="zeta/n",
        solution="acme/s",
        need_sketch="0" * 16,
        solution_sketch="f" * 16,
        score=0.7,
        features={"similarity": 0.5},
        proposal=proposal,
    )


def answered(outcome: Any, proposal: int = 1) -> Payload:
    return events.SuggestionAnswered(opportunity=ID, outcome=outcome, proposal=proposal)


def dismissed() -> Payload:
    return events.SuggestionDismissed(
        opportunity=ID,
        kind="solution",
        owner="acme",
        adopter="zeta",
        need_sketch="0" * 16,
        solution_sketch="f" * 16,
        score=0.7,
        reason="no",
    )


def test_a_suggestion_is_asked_with_its_features_until_it_is_answered() -> None:
    one = only(made())
    assert (one.outcome, one.proposal, one.made_at) == ("asked", 1, START + timedelta(days=1))
    assert one.features == {"similarity": 0.5}
    answer = only(made(), answered("rejected"))
    assert (answer.outcome, answer.answered_at) == ("rejected", START + timedelta(days=2))


def test_the_first_answer_counts_and_only_to_the_question_that_stands() -> None:
    assert only(made(), answered("rejected"), answered("accepted")).outcome == "rejected"
    assert only(made(1), made(2), answered("rejected", 1)).outcome == "asked"
    assert fold(answered("accepted")).suggestions == {}


@pytest.mark.parametrize("outcome", ["rejected", "ignored", "withdrawn"])
def test_the_adopter_may_decline_what_the_owner_agreed_to(outcome: str) -> None:
    assert only(made(), answered("accepted"), answered(outcome)).outcome == outcome
    twice = only(made(), answered("accepted"), answered(outcome), answered("accepted"))
    assert twice.outcome == outcome


def test_one_asked_about_again_is_asked_whatever_was_said() -> None:
    assert only(made(1), answered("rejected"), made(2)).outcome == "asked"


def test_a_dismissal_keeps_what_was_known_and_stands_alone_too() -> None:
    after = only(made(), dismissed())
    assert (after.outcome, after.need, after.proposal) == ("dismissed", "zeta/n", 1)
    assert after.made_at == START + timedelta(days=1)
    alone = only(dismissed())
    assert (alone.outcome, alone.need, alone.proposal) == ("dismissed", "", 0)


def test_a_need_is_closed_once() -> None:
    closed = events.NeedClosed(opportunity=ID)
    one = only(made(), answered("accepted"), closed, closed)
    assert one.need_closed_at == START + timedelta(days=3)
    assert fold(closed).suggestions == {}


def test_the_question_of_a_suggestion_is_found() -> None:
    assert fold(made(4)).of_proposal(4) is not None
    assert fold(made(4)).of_proposal(5) is None


@pytest.mark.parametrize("id", ["", "o-1", "p-0123456789ab", "o-0123456789AB", "o-x' OR 1=1"])
def test_an_id_of_another_form_is_no_opportunity(id: str) -> None:
    with pytest.raises(ValueError, match="opportunity"):
        events.NeedClosed(opportunity=id)
