"""What each of two companies sees of the other before it agreed: its name, and nothing it wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from resources.opportunities import Side
from resources.opportunities.offering import IMPORT, WHY
from tests.resources.opportunities.conftest import (
    SECRET,
    WISH,
    Market,
    component,
    described,
    need,
)

LIBRARY = "authlib"
WORDS = {"acme": (SECRET, LIBRARY), "zeta": (WISH, "PAY-1")}
"""Words of each company that the other must not read; in an offer the library is a dependency."""


def seen_by(market: Market, company: str) -> str:
    """Everything a company is shown of opportunities and of what is asked."""
    view = market.home.view(company, surface="test")
    shown = [asdict(one) for one in view.opportunities()]
    return json.dumps([shown, [vars(one) for one in view.approvals(decided=True)]], default=str)


def sides(market: Market, company: str) -> list[Side]:
    return market.home.view(company, surface="test").opportunities()


@pytest.fixture
def by_words(market: Market) -> Market:
    """A need, a learning that solves it, and a component that does too."""
    row = component("acme", f"services/{LIBRARY}", description=f"{SECRET} topic-2", language="go")
    market.builds("acme", row)
    market.builds("zeta", component("zeta", "shop", language="go"))
    market.knows("acme", need_solved(), described(row, 2))
    market.knows("zeta", need(1, f"of {WISH}"), need(2, f"of {WISH}", evidence_path="PAY-1"))
    return market


def need_solved() -> dict[str, Any]:
    from tests.resources.opportunities.conftest import solution

    return solution(1, f"by {SECRET}", evidence_path=f"docs/{SECRET}.md")


def test_each_side_sees_its_own_title_and_the_others_name(by_words: Market) -> None:
    by_words.refresh()
    mine = sides(by_words, "acme")
    theirs = sides(by_words, "zeta")
    assert {(one.role, one.other) for one in mine} == {("owner", "zeta")}
    assert {(one.role, one.other) for one in theirs} == {("adopter", "acme")}
    assert all(SECRET in one.own or one.own == LIBRARY for one in mine)
    assert all(WISH in one.own and one.evidence == "jira:PAY-1" for one in theirs)
    assert sides(by_words, "beta") == []


@pytest.mark.parametrize("company", ["acme", "zeta"])
def test_no_word_of_the_other_is_shown_before_it_agreed(by_words: Market, company: str) -> None:
    by_words.refresh()
    other = "zeta" if company == "acme" else "acme"
    said = seen_by(by_words, company)
    assert [one for one in WORDS[other] if one in said] == []
    assert any(one in said for one in WORDS[company])


def test_no_number_tells_how_near_the_others_words_are(by_words: Market) -> None:
    """Whoever writes needs and watches a number rise feels for the words of others."""
    before = {}
    by_words.refresh()
    for company in ("acme", "zeta"):
        before[company] = [(one.reasons, one.kind) for one in sides(by_words, company)]
        values = [value for one in sides(by_words, company) for value in vars(one).values()]
        assert not any(isinstance(one, float) for one in values)
    for why, _ in before["zeta"]:
        assert why == ("what both wrote is alike",)
    # of what the owner has, its own facts: not whether the adopter uses that language
    assert {line for why, _ in before["acme"] for line in why} == {
        "what both wrote is alike",
        "written in go",
        "licence MIT",
    }


def test_a_dependency_is_told_to_neither_as_one(offer: Market) -> None:
    """Its name is the name of what the other has."""
    offer.refresh()
    assert sides(offer, "zeta") == []
    (mine,) = sides(offer, "acme")
    assert (mine.kind, mine.own) == ("component", LIBRARY)
    assert "dependency" not in json.dumps(asdict(mine))
    assert WISH not in seen_by(offer, "acme")
    assert [one for one in WORDS["acme"] if one in seen_by(offer, "zeta")] == []


def test_the_owners_yes_shows_the_adopter_what_it_agreed_to(offer: Market) -> None:
    offer.refresh()
    offer.answer(1, approve=True)
    assert SECRET not in seen_by(offer, "zeta")
    offer.carry_out()
    offer.refresh()
    assert SECRET in seen_by(offer, "zeta")
    (theirs,) = sides(offer, "zeta")
    assert (theirs.standing, theirs.next) == ("accepted", "orch approvals list --company zeta")
    assert WISH not in seen_by(offer, "acme")


@pytest.mark.parametrize("how", ["rejected", "dismissed", "below the bar", "taken back"])
def test_what_somebody_said_no_to_is_shown_to_neither(pair: Market, how: str) -> None:
    pair.refresh()
    (one,) = pair.opportunities.shown()
    if how == "rejected":
        pair.answer(1, approve=False)
        pair.refresh()
    elif how == "dismissed":
        pair.opportunities.dismiss(one.opportunity.id, reason="no")
    elif how == "taken back":
        pair.answer(1)
        (done,) = pair.carry_out()
        pair.home.global_memory.retract(done.result, reason="wrong", by="Ana")
    else:
        pair.home.approvals.withdraw(1, by="Ana")
        pair.settle(bar=1.0)
        pair.refresh()
    assert pair.opportunities.one(one.opportunity.id).standing == how
    assert sides(pair, "acme") == sides(pair, "zeta") == []


def test_what_is_shared_is_found_by_the_adopter(pair: Market) -> None:
    pair.refresh()
    pair.answer(1)
    (done,) = pair.carry_out()
    (theirs,) = sides(pair, "zeta")
    assert (theirs.standing, theirs.copy) == ("shared", done.result)
    assert theirs.next == f"orch memory search '{theirs.own}' --company zeta"
    assert WISH not in pair.home.approvals.shown(1)


def test_why_quotes_nobody(by_words: Market) -> None:
    by_words.refresh()
    text = next(
        by_words.home.approvals.shown(one.number) for one in by_words.waiting("publish_learning")
    )
    assert json.loads(text)["reason"] == WHY
    assert WISH not in text
    assert "zeta" not in text


@pytest.mark.parametrize("company", ["acme", "zeta"])
def test_an_id_cannot_be_made_from_what_the_other_has(pair: Market, company: str) -> None:
    """Else whoever knows its own place could try those of the other."""
    from coordinator.opportunities.records import opportunity_id

    pair.refresh()
    (one,) = pair.opportunities.shown()
    assert one.need is not None and one.solution is not None
    guess = opportunity_id("solution", one.need, one.solution, key="")
    assert guess != one.opportunity.id
    assert sides(pair, company)[0].id == one.opportunity.id


# -- what is kept ------------------------------------------------------------------------------


def files_holding(folder: Path, word: bytes) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and word in path.read_bytes():
            yield path.relative_to(folder).as_posix()


def test_the_ledger_and_the_tables_hold_no_word_of_either(by_words: Market) -> None:
    by_words.refresh()
    by_words.home.view("zeta", surface="test").opportunities()
    home = by_words.home
    assert [*files_holding(home.path / "instances", SECRET.encode())]
    for word in (SECRET, WISH, LIBRARY, "PAY-1"):
        assert [*files_holding(home.global_folder, word.encode())] == []
    for event in home.ledger.read():
        if event.event_type == "proposal_made" or event.stream == "opportunities":
            said = event.payload.model_dump_json()
            assert [one for one in (SECRET, WISH, LIBRARY, "PAY-1") if one in said] == []


def test_the_facts_of_both_questions_are_ids(offer: Market) -> None:
    offer.refresh()
    offer.answer(1)
    offer.carry_out()
    (asked,) = offer.waiting(IMPORT)
    for number in (1, asked.number):
        facts = json.dumps(dict(offer.home.approvals.proposal(number).facts))
        assert [one for one in (SECRET, WISH, LIBRARY, "shop") if one in facts] == []


def test_dagster_is_told_ids_and_numbers(by_words: Market, monkeypatch: Any) -> None:
    import dagster as dg

    from assets.patterns import sharing_opportunities
    from resources.dagster_resources import HomeResource

    monkeypatch.setattr(HomeResource, "home", property(lambda _: by_words.home))
    by_words.home.patterns.refresh()
    context = dg.build_asset_context()
    done = sharing_opportunities(context, HomeResource(path=str(by_words.home.path)))
    said = json.dumps({name: str(value) for name, value in done.metadata.items()})
    assert "o-" in said
    assert [one for one in (SECRET, WISH, LIBRARY, "PAY-1") if one in said] == []
