"""Offers of components: the owner is asked, then the adopter, about exactly what stands."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coordinator.errors import ProposalClosed, UsageError
from coordinator.opportunities.asking import SUGGESTING
from resources.carrying_out import carry_out
from resources.opportunities.offering import EXPORT, IMPORT, Offers
from tests.resources.opportunities.conftest import (
    OWNERS,
    SECRET,
    WISH,
    Market,
    component,
    learning,
)

LIBRARY = {"category": "library", "description": f"Keeps {SECRET}"}


def only(market: Market) -> Any:
    (one,) = market.opportunities.shown()
    return one


def text(market: Market, number: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(market.home.approvals.shown(number))
    return found


@pytest.fixture
def agreed(offer: Market) -> Market:
    """acme was asked and said yes; nothing was carried out."""
    offer.refresh()
    assert offer.answer(1) == ""
    return offer


def test_the_owner_is_asked_about_the_component_as_it_stands(offer: Market) -> None:
    (asked,) = offer.refresh().asked
    assert (asked.kind, asked.company, asked.made_by) == (EXPORT, "acme", SUGGESTING)
    assert [(one.company, one.role) for one in asked.asks] == [("acme", "export")]
    shown = text(offer, asked.number)
    assert shown["component"]["name"] == "authlib"
    assert shown["component"]["tree_hash"] == "a" * 40
    assert WISH not in json.dumps(shown)
    assert only(offer).need.title == "shop: authlib"


def test_a_yes_asks_the_adopter_with_the_component_named(agreed: Market) -> None:
    (done,) = agreed.carry_out()
    assert done.result == "asked zeta: proposal 2"
    (asked,) = agreed.waiting(IMPORT)
    assert [(one.company, one.role) for one in asked.asks] == [("zeta", "import")]
    assert text(agreed, 2)["component"]["description"] == f"Keeps {SECRET}"
    agreed.refresh()
    assert (only(agreed).standing, only(agreed).next) == ("accepted", "orch approvals show 2")


def test_the_adopters_yes_is_kept_for_who_copies(agreed: Market) -> None:
    agreed.carry_out()
    assert agreed.answer(2, by="Zoe") == ""
    assert agreed.carry_out() == []
    assert agreed.home.approvals.proposal(2).status == "approved"
    agreed.refresh()
    assert agreed.outcomes() == ["accepted"]


@pytest.mark.parametrize(("answer", "outcome"), [(False, "rejected"), (None, "ignored")])
def test_what_the_adopter_did_not_want_counts_and_stays_away(
    agreed: Market, answer: bool | None, outcome: str
) -> None:
    agreed.carry_out()
    if answer is None:
        agreed.pass_days(31)
    else:
        agreed.answer(2, answer, by="Zoe")
    assert agreed.refresh().answered == {"suggestion_answered": 2}
    assert agreed.outcomes() == [outcome]
    again = agreed.refresh()
    assert (again.asked, again.answered, agreed.waiting()) == ([], {}, [])


def test_another_tree_voids_the_owners_question(offer: Market) -> None:
    offer.refresh()
    offer.builds("acme", component("acme", "libs/authlib", **LIBRARY, tree_hash="b" * 40))
    assert "its content changed" in offer.answer(1)
    assert offer.home.approvals.proposal(1).status == "void"
    assert [one.number for one in offer.refresh().asked] == [2]


def test_another_tree_after_the_owners_yes_is_not_shown_to_the_adopter(agreed: Market) -> None:
    agreed.builds("acme", component("acme", "libs/authlib", **LIBRARY, tree_hash="b" * 40))
    (done,) = agreed.carry_out()
    assert "void" in done.problem
    assert agreed.waiting(IMPORT) == []
    assert agreed.home.approvals.proposal(1).status == "void"


@pytest.mark.parametrize("gone", ["component", "owner", "adopter"])
def test_what_is_gone_is_not_offered(agreed: Market, gone: str) -> None:
    if gone == "component":
        agreed.builds("acme")
    else:
        agreed.home.companies.remove({"owner": "acme", "adopter": "zeta"}[gone], reason="closed")
    done = agreed.carry_out()
    assert ["void" in one.problem for one in done] == [True] * (gone != "owner")
    assert agreed.home.approvals.proposal(1).status == "void"
    assert agreed.waiting(IMPORT) == []


@pytest.mark.parametrize("change", ["tree", "component", "owner"])
def test_the_adopter_says_yes_to_what_stands(agreed: Market, change: str) -> None:
    agreed.carry_out()
    if change == "tree":
        agreed.builds("acme", component("acme", "libs/authlib", **LIBRARY, tree_hash="b" * 40))
    elif change == "component":
        agreed.builds("acme")
    else:
        agreed.home.companies.remove("acme", reason="closed")
    assert "void" in agreed.answer(2, by="Zoe")
    assert agreed.home.approvals.proposal(2).status == "void"


def test_nothing_is_offered_without_the_owners_yes(offer: Market) -> None:
    offer.refresh()
    proposal = offer.home.approvals.proposal(1)
    with pytest.raises(ProposalClosed, match="not approved"):
        offer.opportunities.offers.carry_out(proposal)
    assert offer.waiting(IMPORT) == []


def test_carrying_out_twice_and_after_a_crash_asks_once(
    agreed: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    approvals = agreed.home.approvals

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(approvals, "mark_carried_out", die)
        with pytest.raises(KeyboardInterrupt):
            carry_out(agreed.home)
    agreed.answer(2, approve=False, by="Zoe")
    proposal = approvals.proposal(1)
    assert proposal.status == "approved"
    assert agreed.opportunities.offers.carry_out(proposal) == "asked zeta: proposal 2"
    assert [one.result for one in agreed.carry_out()] == ["asked zeta: proposal 2"]
    assert agreed.waiting() == []


def two_offers(market: Market) -> None:
    """Two owners agreed to what zeta's one person may be asked about once a week."""
    market.settle(per_week=1)
    for company, name in (("acme", "authlib"), ("beta", "paylib")):
        market.builds(company, component(company, f"libs/{name}", category="library"))
    market.builds("zeta", component("zeta", "shop", dependencies=["authlib", "paylib"]))
    for asked in market.refresh().asked:
        assert market.answer(asked.number, by=OWNERS[asked.company]) == ""


def test_adopters_are_asked_so_often_a_week_too(market: Market) -> None:
    two_offers(market)
    first, second = market.carry_out()
    assert first.result == "asked zeta: proposal 3"
    assert "later" in second.result
    found = market.refresh()
    assert (found.asked, found.held) == ([], 1)
    market.pass_days(7)
    assert [one.kind for one in market.refresh().asked] == [IMPORT]
    assert market.refresh().asked == []


def test_an_adopter_asked_later_is_asked_about_what_the_owner_saw(market: Market) -> None:
    two_offers(market)
    market.carry_out()
    (asked,) = market.waiting(IMPORT)
    later = {"acme": "beta", "beta": "acme"}[str(asked.facts["owner"])]
    name = {"acme": "authlib", "beta": "paylib"}[later]
    row = component(later, f"libs/{name}", category="library", tree_hash="b" * 40)
    market.builds(later, row)
    market.pass_days(7)
    market.refresh()
    assert [one.kind for one in market.waiting() if one.made_at == market.now] == [EXPORT]


def test_whoever_asks_in_person_is_held_back_by_no_week(offer: Market) -> None:
    offer.settle(per_week=0)
    assert offer.refresh().asked == []
    made = offer.opportunities.propose(only(offer).opportunity.id, by="Zoe")
    assert (made.kind, made.made_by) == (EXPORT, "Zoe")
    offer.answer(made.number)
    assert [one.result for one in offer.carry_out()] == ["asked zeta: proposal 2"]


def test_what_was_agreed_is_not_asked_again(agreed: Market) -> None:
    agreed.carry_out()
    agreed.refresh()
    with pytest.raises(UsageError, match="agreed already"):
        agreed.opportunities.propose(only(agreed).opportunity.id)


def test_a_component_that_is_gone_is_not_proposed(offer: Market) -> None:
    offer.refresh()
    one = only(offer)
    offer.builds("acme")
    with pytest.raises(UsageError, match="no opportunity"):
        offer.opportunities.propose(one.opportunity.id)
    with pytest.raises(UsageError, match="gone"):
        offer.opportunities.suggest(
            type(one.opportunity)(**{**vars(one.opportunity), "adopter": "beta"}), by="Zoe"
        )


@pytest.mark.parametrize("how", ["has it", "needs it no more", "library gone", "unread"])
def test_a_missing_dependency_is_closed_when_it_is_there(agreed: Market, how: str) -> None:
    agreed.carry_out()
    agreed.refresh()
    if how == "has it":
        mine = component("zeta", "libs/authlib")
        agreed.builds("zeta", component("zeta", "shop", dependencies=["authlib"]), mine)
    elif how == "needs it no more":
        agreed.builds("zeta", component("zeta", "shop"))
    elif how == "library gone":
        agreed.builds("acme", component("acme", "x"))
    else:
        agreed.home.companies.instance("zeta").tables().drop("company_components")
    agreed.refresh()
    assert ("need_closed" in agreed.told()) == (how in ("has it", "needs it no more"))


def test_other_kinds_of_text_are_not_touched(offer: Market) -> None:
    """A question somebody else made of the same kind has no component: it is left alone."""
    offer.knows("beta", learning("x"))
    assert isinstance(offer.home.approvals.owners.get("share_import"), Offers)


@pytest.mark.parametrize("kind", [EXPORT, IMPORT])
def test_a_question_in_a_persons_own_words_is_answered_like_any_other(
    market: Market, kind: Any
) -> None:
    role = "export" if kind == EXPORT else "import"
    market.home.approvals.propose(
        kind=kind, subject="cart", company="acme", asks=[("acme", role)], text="May it go?"
    )
    assert market.answer(1) == ""
    done = market.carry_out()
    said = [one.problem for one in done]
    assert said == (["proposal 1 names no component and nobody to offer it to"] if done else [])
    assert market.home.approvals.proposal(1).status == "approved"
