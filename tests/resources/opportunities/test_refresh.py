"""Opportunities of real memories: found, asked about, answered, closed."""

from __future__ import annotations

from typing import Any

import pytest

from coordinator.errors import CompanyBusy, UsageError
from coordinator.ledger.events import OPPORTUNITIES as STREAM
from coordinator.opportunities.asking import SUGGESTING
from resources.opportunities import finding
from resources.publishing.alone import alone
from tests.resources.opportunities.conftest import (
    OWNERS,
    Market,
    component,
    described,
    learning,
    need,
    solution,
)


def only(market: Market) -> Any:
    (one,) = market.opportunities.shown()
    return one


# -- finding and asking ------------------------------------------------------------------------


def test_a_need_meets_its_solution_and_the_owner_is_asked(pair: Market) -> None:
    found = pair.refresh()
    one = only(pair)
    assert (one.opportunity.owner, one.opportunity.adopter) == ("acme", "zeta")
    assert (one.need.anchor, one.solution.anchor.partition(":")[0]) == ("jira:PAY-1", "document")
    assert one.standing == "asked"
    (asked,) = found.asked
    assert (asked.kind, asked.company, asked.made_by) == ("publish_learning", "acme", SUGGESTING)
    assert one.next == f"orch approvals show {asked.number}"
    assert pair.told() == ["suggestion_made"]


def test_a_second_refresh_asks_and_records_nothing(pair: Market) -> None:
    pair.refresh()
    head = pair.home.ledger.head()
    again = pair.refresh()
    assert (again.asked, again.held, again.answered, again.problems) == ([], 0, {}, {})
    assert pair.home.ledger.head() == head


def test_below_the_bar_nobody_is_asked(pair: Market) -> None:
    pair.settle(bar=1.0)
    assert pair.refresh().asked == []
    assert only(pair).standing == "below the bar"
    assert pair.waiting() == []


def test_nobody_is_asked_where_the_settings_say_so(pair: Market) -> None:
    pair.settle(ask=False)
    assert pair.refresh().asked == []
    assert only(pair).standing == "open"


def test_without_companies_or_learnings_there_is_nothing(market: Market) -> None:
    assert (market.refresh().opportunities, market.opportunities.shown()) == ([], [])
    market.knows("zeta", need(1))
    assert market.refresh().opportunities == []
    market.knows("zeta", need(1), solution(1))
    assert market.refresh().opportunities == []  # what a company has itself it need not be told


def test_texts_without_a_vector_and_in_another_language_are_no_error(market: Market) -> None:
    market.knows("acme", solution(1), solution(2, "em português", language="pt"))
    market.knows("zeta", need(1), need(2, language="en"), need(3, language="und"))
    memory = market.home.memory("zeta")
    before = memory.rows.tables.read("private_memory", ["id", "vector"])
    assert len(before) == 3
    found = market.refresh()
    assert {one.need for one in found.opportunities} == {
        f"zeta/{need(1)['id']}",
        f"zeta/{need(2)['id']}",
    }


def test_while_another_process_looks_nothing_is_done(pair: Market) -> None:
    with (
        alone(pair.home.global_folder, STREAM, "all companies"),
        pytest.raises(CompanyBusy, match="opportunities of all companies") as busy,
    ):
        pair.refresh()
    assert "wait" in busy.value.hint
    assert len(pair.refresh().asked) == 1


def test_many_copies_of_a_need_ask_one_question(market: Market) -> None:
    """A hundred thousand would as well: equal texts are one row, near ones are cut to a few."""
    market.knows("acme", solution(1))
    copies = [{**need(1, evidence_path=f"PAY-{n}"), "id": f"{n:032x}"} for n in range(9)]
    near = [need(1, f"number {n}", evidence_path=f"PAX-{n}") for n in range(8)]
    market.knows("zeta", *copies, *near)
    found = market.refresh()
    assert 1 <= len(found.opportunities) <= 3
    assert len(found.asked) == len(market.waiting()) == 1
    assert market.told() == ["suggestion_made"]
    assert market.refresh().asked == []


def test_one_solution_two_companies_need_is_one_question_about_both(market: Market) -> None:
    market.knows("acme", solution(1))
    market.knows("beta", need(1, "at beta"))
    market.knows("zeta", need(1, "at zeta"))
    assert len(market.refresh().asked) == 1
    assert len(market.waiting()) == 1
    assert market.outcomes() == ["asked", "asked"]
    market.answer(1, approve=False)
    market.refresh()
    assert market.outcomes() == ["rejected", "rejected"]
    assert market.waiting() == []


def test_a_question_somebody_asked_already_is_the_one(pair: Market) -> None:
    learned = solution(1, "by zanzibarquokka")["id"]
    made = pair.home.global_memory.propose("acme", learned, by="Ana", reason="good")
    found = pair.refresh()
    assert (found.asked, [one.number for one in pair.waiting()]) == ([], [made.number])
    assert only(pair).proposal == made.number


# -- how often ---------------------------------------------------------------------------------


def many(market: Market, count: int) -> None:
    market.knows("acme", *(solution(n) for n in range(count)))
    market.knows("zeta", *(need(n) for n in range(count)))


def test_a_person_is_asked_so_often_a_week_the_best_first(market: Market) -> None:
    market.settle(per_week=2)
    many(market, 5)
    found = market.refresh()
    assert (len(found.asked), found.held) == (2, 3)
    best = [one.id for one in found.opportunities[:2]]
    assert {one.id for one in market.opportunities.state().suggestions.values()} == {*best}
    again = market.refresh()
    assert (len(again.asked), again.held) == (0, 3)
    market.pass_days(7)
    assert len(market.refresh().asked) == 2


def test_whoever_answers_for_two_companies_is_asked_so_often_for_both(market: Market) -> None:
    market.settle(per_week=2)
    settings = market.home.companies.instance("beta").settings
    owners = market.home.companies.instance("acme").settings.owners
    market.home.companies.instance("beta").write_settings(
        settings.model_copy(update={"owners": owners})
    )
    market.knows("acme", solution(1), solution(2))
    market.knows("beta", solution(3), solution(4))
    market.knows("zeta", *(need(n) for n in range(1, 5)))
    found = market.refresh()
    assert (len(found.asked), found.held) == (2, 2)


def test_a_company_nobody_answers_for_is_named(pair: Market) -> None:
    settings = pair.home.companies.instance("acme").settings
    pair.home.companies.instance("acme").write_settings(settings.model_copy(update={"owners": ()}))
    found = pair.refresh()
    assert (found.asked, found.held) == ([], 0)
    assert [*found.problems.values()] == ["nobody may answer for acme (publication)"]


def test_a_secret_in_one_solution_keeps_no_other_from_being_asked(market: Market) -> None:
    token = "AKIA" + "QZX7NVB2LKD9WPE4"
    market.knows("acme", solution(1, f"with the key {token}"), solution(2))
    market.knows("zeta", need(1), need(2))
    found = market.refresh()
    assert len(found.asked) == 1
    (problem,) = found.problems.values()
    assert token not in problem


# -- answers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("approve", "outcome"), [(True, "accepted"), (False, "rejected"), (None, "ignored")]
)
def test_answers_are_recorded_once(pair: Market, approve: bool | None, outcome: str) -> None:
    pair.refresh()
    if approve is None:
        pair.pass_days(31)
    else:
        assert pair.answer(1, approve) == ""
    assert pair.refresh().answered == {"suggestion_answered": 1}
    assert pair.outcomes() == [outcome]
    told = pair.told()
    assert pair.refresh().answered == {}
    assert pair.told() == told == ["suggestion_made", "suggestion_answered"]


def test_what_was_taken_back_is_withdrawn_and_may_be_asked_again(pair: Market) -> None:
    pair.refresh()
    pair.home.approvals.withdraw(1, by="Ana")
    found = pair.refresh()
    assert found.answered == {"suggestion_answered": 1}
    assert [one.number for one in found.asked] == [2]
    assert pair.told() == ["suggestion_made", "suggestion_answered", "suggestion_made"]


def test_a_rejected_one_stays_away_until_it_changed_much(pair: Market) -> None:
    pair.refresh()
    pair.answer(1, approve=False)
    issue = {"evidence_path": "PAY-1"}
    pair.knows("zeta", need(1, "of flamingotundra today", **issue), learning("another thing"))
    assert pair.refresh().asked == []
    assert only(pair).standing == "rejected"
    assert only(pair).next == ""
    other = "and the whole reporting of invoices, refunds, taxes and the ledger for auditors"
    pair.knows("zeta", need(1, other, **issue), learning("another thing"))
    assert len(pair.refresh().asked) == 1


def test_a_rejected_section_that_was_renamed_stays_away(pair: Market) -> None:
    pair.refresh()
    pair.answer(1, approve=False)
    row = pair.learned["acme"][0]
    moved = {**row, "id": "f" * 32, "evidence_path": "docs/other.md"}
    pair.knows("acme", moved, learning("nothing like it"))
    assert pair.refresh().asked == []
    assert only(pair).standing == "rejected"


def test_whoever_works_here_may_ask_again_what_was_rejected(pair: Market) -> None:
    pair.refresh()
    pair.answer(1, approve=False)
    pair.refresh()
    again = pair.opportunities.propose(only(pair).opportunity.id, by="Zoe")
    assert (again.number, again.status, only(pair).standing) == (2, "waiting", "asked")
    same = pair.opportunities.propose(only(pair).opportunity.id, by="Zoe")
    assert (same.number, len(pair.told())) == (2, 3)


def test_what_is_shared_is_not_asked_about(pair: Market) -> None:
    pair.refresh()
    pair.answer(1)
    (done,) = pair.carry_out()
    assert done.problem == ""
    pair.knows("beta", need(1, "at beta"))
    found = pair.refresh()
    assert (found.asked, found.problems) == ([], {})
    for one in pair.opportunities.shown():
        assert (one.standing, one.copy) == ("shared", done.result)
        assert one.next.endswith(f"--company {one.opportunity.adopter}")
        with pytest.raises(UsageError, match=done.result):
            pair.opportunities.propose(one.opportunity.id)


def test_what_was_shared_and_taken_back_is_not_asked_about(pair: Market) -> None:
    pair.refresh()
    pair.answer(1)
    (done,) = pair.carry_out()
    pair.home.global_memory.retract(done.result, reason="wrong", by="Ana")
    pair.knows("beta", need(1, "at beta"))
    assert pair.refresh().asked == []
    assert {one.standing for one in pair.opportunities.shown()} == {"taken back"}


# -- dismissed ---------------------------------------------------------------------------------


def test_a_dismissed_one_takes_its_question_back_and_stays_away(pair: Market) -> None:
    pair.refresh()
    one = pair.opportunities.dismiss(only(pair).opportunity.id, reason="other  product\nline")
    (event,) = pair.home.ledger.read(event_type="suggestion_dismissed")
    assert event.payload.reason == "other product line"
    assert pair.home.approvals.proposal(1).status == "void"
    assert pair.refresh().asked == []
    assert pair.outcomes() == ["dismissed"]
    assert pair.opportunities.one(one.id).standing == "dismissed"


def test_a_dismissal_leaves_questions_of_people_and_of_other_needs_alone(market: Market) -> None:
    market.knows("acme", solution(1))
    market.knows("beta", need(1, "at beta"))
    market.knows("zeta", need(1, "at zeta"))
    market.refresh()
    first, second = market.opportunities.shown()
    market.opportunities.dismiss(first.opportunity.id, reason="no")
    assert market.home.approvals.proposal(1).status == "waiting"
    market.opportunities.dismiss(second.opportunity.id, reason="no")
    assert market.home.approvals.proposal(1).status == "void"
    market.home.global_memory.propose("acme", solution(1)["id"], by="Ana")
    market.opportunities.dismiss(second.opportunity.id, reason="no")
    assert market.home.approvals.proposal(2).status == "waiting"


@pytest.mark.parametrize("id", ["", "o-ffffffffffff", "../x", "o-\x1b[31m"])
def test_an_id_that_names_none_is_refused_without_being_repeated(pair: Market, id: str) -> None:
    pair.refresh()
    for ask in (pair.opportunities.one, pair.opportunities.propose):
        with pytest.raises(UsageError, match="no opportunity") as refused:
            ask(id)
        assert not id or id not in str(refused.value)


# -- closed needs ------------------------------------------------------------------------------


def accepted(market: Market) -> None:
    market.refresh()
    market.answer(1)
    market.carry_out()
    market.refresh()


def closed(market: Market) -> bool:
    market.refresh()
    return "need_closed" in market.told()


def test_an_issue_that_was_resolved_closes_the_need_once(pair: Market) -> None:
    accepted(pair)
    assert not closed(pair)
    done = need(1, "of flamingotundra, done", category="solution")
    pair.knows("zeta", done, learning("another thing"))
    assert closed(pair)
    pair.refresh()
    assert pair.told().count("need_closed") == 1


@pytest.mark.parametrize("solution_stands", [True, False])
def test_edited_words_close_no_need(pair: Market, solution_stands: bool) -> None:
    accepted(pair)
    pair.knows("zeta", need(1, "of flamingotundra again"), learning("another thing"))
    if not solution_stands:
        pair.knows("acme", learning("nothing like it"))
    assert not closed(pair)


def test_an_issue_told_in_other_words_is_the_same_issue(pair: Market) -> None:
    accepted(pair)
    told = "and the whole reporting of invoices, refunds, taxes and the ledger for auditors"
    pair.knows("zeta", need(1, told), learning("another thing"))
    assert not closed(pair)


def test_a_company_that_cannot_be_read_closes_no_need(pair: Market) -> None:
    accepted(pair)
    tables = pair.home.companies.instance("zeta").tables()
    kept = damaged(tables.path("private_memory"))
    assert not closed(pair)
    restore(kept)
    tables.drop("private_memory")  # as while it is made anew
    assert not closed(pair)


def test_a_company_that_is_gone_closes_no_need(pair: Market) -> None:
    accepted(pair)
    pair.home.companies.remove("zeta", reason="closed")
    assert not closed(pair)
    assert pair.opportunities.shown() == []


# -- what cannot be read -----------------------------------------------------------------------


def damaged(folder: Any) -> dict[Any, bytes]:
    """Cut every data file of a table short; returns what they held."""
    kept = {
        one: one.read_bytes()
        for one in folder.rglob("*")
        if one.suffix != ".lock" and one.is_file()
    }
    assert kept
    for one, content in kept.items():
        one.write_bytes(content[:20])
    return kept


def restore(kept: dict[Any, bytes]) -> None:
    for one, content in kept.items():
        one.write_bytes(content)


@pytest.mark.parametrize("table", ["private_memory", "company_components"])
@pytest.mark.parametrize("company", ["acme", "zeta"])
def test_a_company_that_cannot_be_read_stops_no_other_and_loses_nothing(
    market: Market, table: str, company: str
) -> None:
    market.knows("acme", solution(1), solution(4))
    market.knows("beta", solution(2), need(3), need(4))
    market.knows("zeta", need(1), need(2), solution(3))
    for one in OWNERS:
        market.builds(one, component(one, "shop"))
    market.settle(ask=False)
    before = {one.id for one in market.refresh().opportunities}
    assert len(before) == 4
    tables = market.home.companies.instance(company).tables()
    kept = damaged(tables.path(table))
    found = market.opportunities.refresh()
    assert [*found.problems] == [company]
    assert {one.id for one in market.opportunities.standing()} == before
    others = {one.opportunity.id for one in market.opportunities.shown()}
    assert others
    assert market.opportunities.sides("beta")
    restore(kept)
    assert {one.id for one in market.opportunities.refresh().opportunities} == before


def test_a_damaged_table_of_the_coordinator_is_made_anew(pair: Market) -> None:
    pair.refresh()
    damaged(pair.home.global_tables().path(finding.TABLE))
    pair.refresh()
    assert only(pair).standing == "asked"


def test_nothing_of_a_forgotten_company_is_left_in_the_table(pair: Market) -> None:
    from resources.leaving import forget_company

    pair.refresh()
    pair.home.companies.remove("zeta", reason="closed")
    assert pair.opportunities.standing() == []
    forget_company(pair.home, "zeta")
    assert finding.read(pair.home.global_tables()) == []
    assert pair.refresh().opportunities == []


# -- components --------------------------------------------------------------------------------


def test_a_component_that_solves_a_need_is_offered_as_one(market: Market) -> None:
    row = component("acme", "services/one", description="topic-1 is open", language="go")
    market.builds("acme", row)
    market.builds("zeta", component("zeta", "shop", language="python"))
    market.knows("acme", described(row, 1))
    market.knows("zeta", need(1))
    (one,) = market.refresh().opportunities
    assert (one.kind, one.features["fit"], one.features["licence"]) == ("component", 0.0, 1.0)
    market.builds("acme")
    assert market.refresh().opportunities == []


def test_the_language_of_a_solution_is_that_of_the_code_around_it(market: Market) -> None:
    market.builds("acme", component("acme", "docs", language="go"))
    market.builds("zeta", component("zeta", ".", language="go"))
    market.knows("acme", solution(1), solution(2, source="jira", evidence_path="docs"))
    market.knows("zeta", need(1), need(2))
    fits = {one.features["fit"] for one in market.refresh().opportunities}
    assert fits == {1.0, 0.5}
