"""What people are asked about: not twice the same, and not too often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from coordinator.approvals import Proposal
from coordinator.ledger.approval_events import Ask
from coordinator.opportunities.asking import SUGGESTING, WEEK, Asked, Budget
from coordinator.opportunities.feedback import BETWEEN, HIGHER, LOWER, bar_of, between
from coordinator.opportunities.sketch import sketch
from coordinator.settings import OpportunitySettings

SETTINGS = OpportunitySettings()
NOW = datetime(2026, 3, 10, tzinfo=UTC)
OTHER = "A nightly job copies the warehouse to cold storage and forgets what is older than a year."


def standing(one: Any, state: Any) -> str:
    return Asked(state, SETTINGS).standing(one)


# -- where an opportunity stands ---------------------------------------------------------------


def test_what_nobody_was_asked_about_is_open_from_the_bar_on(
    make_opportunity: Any, make_state: Any
) -> None:
    assert standing(make_opportunity(score=SETTINGS.bar), make_state()) == "open"
    assert standing(make_opportunity(score=SETTINGS.bar - 0.01), make_state()) == "below the bar"


@pytest.mark.parametrize("outcome", ["asked", "accepted", "rejected", "ignored", "dismissed"])
def test_what_was_answered_stays_answered(
    make_opportunity: Any, make_state: Any, make_suggestion: Any, outcome: str
) -> None:
    assert standing(make_opportunity(), make_state(make_suggestion(outcome))) == outcome


def test_what_was_withdrawn_may_be_asked_again(
    make_opportunity: Any, make_state: Any, make_suggestion: Any
) -> None:
    assert standing(make_opportunity(), make_state(make_suggestion("withdrawn"))) == "open"


@pytest.mark.parametrize("side", ["need_sketch", "solution_sketch"])
@pytest.mark.parametrize(
    ("outcome", "found"),
    [
        ("rejected", "open"),
        ("ignored", "open"),
        ("dismissed", "open"),
        ("asked", "asked"),
        ("accepted", "accepted"),
    ],
)
def test_a_no_lasts_until_one_of_the_texts_changed_much(
    make_opportunity: Any,
    make_state: Any,
    make_suggestion: Any,
    side: str,
    outcome: str,
    found: str,
) -> None:
    edited = make_opportunity(**{side: sketch(OTHER)})
    assert standing(edited, make_state(make_suggestion(outcome))) == found


def test_a_few_edited_words_do_not_bring_a_rejected_one_back(
    make_opportunity: Any, make_state: Any, make_suggestion: Any
) -> None:
    before = (
        "We keep a list of revoked tokens in Redis and the gateway asks it before each request."
    )
    state = make_state(make_suggestion("rejected", solution_sketch=sketch(before)))
    edited = sketch(before.replace("Redis", "Valkey"))
    assert standing(make_opportunity(solution_sketch=edited), state) == "rejected"


@pytest.mark.parametrize("outcome", ["rejected", "ignored", "dismissed"])
def test_a_section_that_only_moved_does_not_bring_a_no_back(
    make_opportunity: Any, make_state: Any, make_suggestion: Any, outcome: str
) -> None:
    moved = make_opportunity(id="o-000000000002", need="zeta/m", solution="acme/moved")
    assert standing(moved, make_state(make_suggestion(outcome))) == outcome


@pytest.mark.parametrize("outcome", ["asked", "accepted", "rejected", "ignored"])
def test_a_second_need_for_the_same_solution_asks_nothing_new(
    make_opportunity: Any, make_state: Any, make_suggestion: Any, outcome: str
) -> None:
    second = make_opportunity(id="o-000000000002", need="zeta/m", need_sketch=sketch(OTHER))
    assert standing(second, make_state(make_suggestion(outcome))) == outcome


def test_a_dismissal_is_about_this_need_alone(
    make_opportunity: Any, make_state: Any, make_suggestion: Any
) -> None:
    second = make_opportunity(id="o-000000000002", need="zeta/m", need_sketch=sketch(OTHER))
    assert standing(second, make_state(make_suggestion("dismissed"))) == "open"


@pytest.mark.parametrize(
    ("kind", "outcome", "found"),
    [
        ("solution", "rejected", "rejected"),  # whether all may read it: whoever needs it
        ("solution", "dismissed", "open"),
        ("solution", "asked", "open"),
        ("component", "rejected", "open"),  # a copy for another company is another question
    ],
)
def test_what_another_adopter_was_refused(
    make_opportunity: Any,
    make_state: Any,
    make_suggestion: Any,
    kind: str,
    outcome: str,
    found: str,
) -> None:
    other = make_opportunity(id="o-000000000002", kind=kind, adopter="beta")
    assert standing(other, make_state(make_suggestion(outcome, kind=kind))) == found


@pytest.mark.parametrize(
    "given",
    [
        {"owner": "beta"},
        {"solution": "acme/x", "solution_sketch": sketch(OTHER)},
        {"kind": "component"},
    ],
)
def test_a_no_says_nothing_of_another_solution(
    make_opportunity: Any, make_state: Any, make_suggestion: Any, given: dict[str, Any]
) -> None:
    other = make_opportunity(id="o-000000000002", **given)
    assert standing(other, make_state(make_suggestion("rejected"))) == "open"


def test_a_learning_told_like_one_that_still_stands_is_another(
    make_opportunity: Any, make_state: Any, make_suggestion: Any
) -> None:
    first = make_opportunity()
    like = make_opportunity(id="o-000000000002", solution="acme/like", need="zeta/like")
    for outcome in ("rejected", "dismissed"):
        asked = Asked(make_state(make_suggestion(outcome)), SETTINGS, [first, like])
        assert (asked.standing(first), asked.standing(like)) == (outcome, "open")


def test_components_told_alike_are_not_one_component(
    make_opportunity: Any, make_state: Any, make_suggestion: Any
) -> None:
    state = make_state(make_suggestion("rejected", kind="component"))
    other = make_opportunity(id="o-000000000002", kind="component", solution="acme/component:2")
    assert standing(other, state) == "open"


# -- what answers change -----------------------------------------------------------------------


def test_the_bar_moves_by_a_step_for_each_answer(make_state: Any, make_suggestion: Any) -> None:
    def bar(*outcomes: str, kind: str = "solution") -> float:
        told = [make_suggestion(one, id=f"o-{at:012x}") for at, one in enumerate(outcomes)]
        return bar_of(kind, make_state(*told), SETTINGS)

    step = SETTINGS.answer_step
    assert bar() == bar("asked") == bar("withdrawn") == SETTINGS.bar
    assert bar("rejected") == bar("dismissed") == pytest.approx(SETTINGS.bar + step)
    assert bar("ignored") == pytest.approx(SETTINGS.bar + step / 2)
    assert bar("accepted") == pytest.approx(SETTINGS.bar - step)
    assert bar("rejected", "accepted") == SETTINGS.bar
    assert bar("rejected", kind="component") == SETTINGS.bar


def test_the_bar_stays_in_bounds(make_state: Any, make_suggestion: Any) -> None:
    def bar(outcome: str, settings: OpportunitySettings) -> float:
        told = [make_suggestion(outcome, id=f"o-{at:012x}") for at in range(500)]
        return bar_of("solution", make_state(*told), settings)

    assert bar("rejected", SETTINGS) == SETTINGS.bar + HIGHER
    assert bar("accepted", SETTINGS) == SETTINGS.bar - LOWER
    assert bar("rejected", SETTINGS.model_copy(update={"bar": 0.95})) == 1.0
    assert bar("accepted", SETTINGS.model_copy(update={"bar": 0.05})) == 0.0


def test_answers_between_two_companies_count_in_their_direction(
    make_state: Any, make_suggestion: Any
) -> None:
    state = make_state(make_suggestion("rejected"))
    assert between("acme", "zeta", state, SETTINGS) == -SETTINGS.answer_step / 2
    assert between("zeta", "acme", state, SETTINGS) == 0
    many = make_state(*(make_suggestion("accepted", id=f"o-{at:012x}") for at in range(500)))
    assert between("acme", "zeta", many, SETTINGS) == BETWEEN
    off = SETTINGS.model_copy(update={"answer_step": 0.0})
    assert (between("acme", "zeta", many, off), bar_of("solution", many, off)) == (0, off.bar)


# -- how often ---------------------------------------------------------------------------------

PEOPLE = {
    ("acme", "export"): {"ana"},
    ("acme", "publication"): {"ana", "ari"},
    ("beta", "export"): {"ana"},
    ("zeta", "export"): {"zoe"},
    ("nobody", "export"): set(),
}


def ask(company: str, role: str = "export") -> Ask:
    return Ask(company=company, role=role)  # type: ignore[arg-type]


def proposal(*asks: Ask, ago: timedelta = timedelta(0), **given: Any) -> Proposal:
    values: dict[str, Any] = {
        "number": 1,
        "kind": "share_export",
        "subject": "x",
        "company": asks[0].company,
        "asks": asks,
        "content": "0" * 64,
        "facts": {},
        "made_by": SUGGESTING,
        "made_at": NOW - ago,
        "expires_at": NOW + timedelta(days=30),
    }
    return Proposal(**{**values, **given})


def budget(*proposals: Proposal, per_week: int = 2) -> Budget:
    people = lambda ask: PEOPLE[ask.company, ask.role]  # noqa: E731
    return Budget(proposals, people, per_week=per_week, now=NOW)


def test_a_person_is_asked_so_often_a_week() -> None:
    one = budget()
    assert one.allows([ask("acme")])
    one.take([ask("acme")])
    assert one.allows([ask("acme")])
    one.take([ask("acme")])
    assert not one.allows([ask("acme")])
    assert one.allows([ask("zeta")])


def test_who_answers_for_two_companies_is_one_person() -> None:
    one = budget(proposal(ask("acme")), proposal(ask("beta")))
    assert not one.allows([ask("beta")])
    assert not one.allows([ask("acme", "publication")])
    assert one.allows([ask("zeta")])


def test_a_question_with_two_asks_counts_once_for_whom_both_reach() -> None:
    one = budget(proposal(ask("acme"), ask("beta")))
    assert one.allows([ask("acme"), ask("beta")])


def test_whom_nobody_answers_for_is_not_asked() -> None:
    assert not budget().allows([ask("nobody")])


def test_a_week_ends_after_seven_days() -> None:
    late = [proposal(ask("acme"), ago=WEEK - timedelta(microseconds=1))] * 2
    assert not budget(*late).allows([ask("acme")])
    assert budget(*[proposal(ask("acme"), ago=WEEK)] * 2).allows([ask("acme")])


def test_questions_of_any_kind_count_and_those_of_people_do_not() -> None:
    insight = proposal(ask("acme"), kind="publish_insight")
    assert not budget(insight, insight).allows([ask("acme")])
    assert budget(*[proposal(ask("acme"), made_by="Ana")] * 9).allows([ask("acme")])


def test_none_a_week_asks_nobody() -> None:
    assert not budget(per_week=0).allows([ask("acme")])
