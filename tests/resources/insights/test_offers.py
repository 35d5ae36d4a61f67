"""Offers on the coordinator's pages: a solution or component its owner agreed to, nobody's need."""

from __future__ import annotations

from typing import Any

import pytest

from coordinator.publishing.insights import OfferInsight, wanted_insights
from resources.opportunities import offering
from tests.resources.opportunities.conftest import (
    SECRET,
    WISH,
    Market,
    component,
    learning,
    market,
    need,
    offer,
    pair,
)

__all__ = ["market", "offer", "pair"]


def standing(home: Any) -> list[OfferInsight]:
    found = home.insights.standing()
    assert all(isinstance(one, OfferInsight) for one in found)
    return list(found)


def told(home: Any, language: str = "en") -> str:
    """Everything an issue and a page say of what stands."""
    found = [
        one
        for service in ("jira", "confluence")
        for one in wanted_insights(
            home.insights.standing(), service=service, place="ORCH", language=language, links={}
        )  # type: ignore[call-overload]
    ]
    return "\n".join(f"{one.title}\n{one.body}" for one in found)


def agree(one: Market) -> None:
    """The owner says yes, and it is carried out and heard."""
    (asked,) = one.refresh().asked
    assert one.answer(asked.number) == ""
    one.carry_out()
    one.refresh()


def test_a_shared_solution_is_told_and_the_need_is_not(pair: Market) -> None:
    agree(pair)
    (one,) = standing(pair.home)
    assert (one.company, one.copy[:2]) == ("acme", "g-")
    assert SECRET in told(pair.home)
    assert WISH not in told(pair.home)
    assert "zeta" not in told(pair.home)


def test_before_the_owner_agreed_nothing_is_told(pair: Market) -> None:
    (asked,) = pair.refresh().asked
    assert standing(pair.home) == []
    pair.answer(asked.number, approve=False)
    pair.refresh()
    assert standing(pair.home) == []


def test_what_was_taken_back_is_told_no_more_and_says_where_it_stood(pair: Market) -> None:
    agree(pair)
    (copy,) = pair.home.global_memory.state().copies.values()
    (one,) = standing(pair.home)
    assert pair.home.insights.subjects_of([copy]) == {f"insight:{one.id}"}
    pair.home.global_memory.retract(copy.id, reason="no", by="Ana")
    assert standing(pair.home) == []


def test_a_need_that_was_closed_is_told_no_more(pair: Market) -> None:
    agree(pair)
    pair.knows("zeta", learning("another thing"))
    pair.refresh()
    assert standing(pair.home) == []


@pytest.mark.parametrize("company", ["acme", "zeta"])
def test_who_is_removed_takes_the_offer_along(pair: Market, company: str) -> None:
    agree(pair)
    pair.home.companies.remove(company, reason="closed")
    assert standing(pair.home) == []


def test_a_component_is_named_by_what_its_owner_read(offer: Market) -> None:
    agree(offer)
    (one,) = standing(offer.home)
    assert (one.company, one.title, one.copy) == ("acme", "authlib", "")
    assert dict(one.facts) == {
        "category": "library",
        "language": "python",
        "version": "1.0.0",
        "licence": "MIT",
    }
    said = told(offer.home, "pt")
    assert "acme tem um componente" in said
    for word in (SECRET, WISH, "zeta", "libs/"):
        assert word not in said


def test_a_component_whose_owner_was_not_told_of_pages_is_not_named(
    offer: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question from before pages were told of, or one that leaves them out."""
    monkeypatch.setattr(offering, "PAGES", "elsewhere")
    agree(offer)
    assert standing(offer.home) == []


def test_a_component_that_is_gone_is_told_no_more(offer: Market) -> None:
    agree(offer)
    offer.builds("acme", component("acme", "other"))
    assert standing(offer.home) == []


def test_a_component_of_a_company_that_cannot_be_read_stays(offer: Market) -> None:
    agree(offer)
    offer.home.companies.instance("acme").tables().drop("company_components")
    assert [one.title for one in standing(offer.home)] == ["authlib"]


def test_a_component_its_adopter_does_not_want_is_told_no_more(offer: Market) -> None:
    agree(offer)
    (asked,) = offer.waiting("share_import")
    assert offer.answer(asked.number, approve=False, by="Zoe") == ""
    offer.refresh()
    assert standing(offer.home) == []


def test_an_offer_nobody_was_asked_about_is_not_told(market: Market) -> None:
    market.settle(ask=False)
    market.knows("acme", learning("topic-1 is open no more"))
    market.knows("zeta", need(1))
    market.refresh()
    assert standing(market.home) == []
