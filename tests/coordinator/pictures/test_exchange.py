"""Who has what from whom, in an order in which arrows cross seldom."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import combinations

import pandas as pd

from coordinator.global_memory.state import Copy
from coordinator.pictures.exchange import Exchange, Flow, Taker, exchanged, flows

COMPANIES = ("acme", "globex", "initech", "umbrella")


def groups(*members: tuple[list[str], list[float]]) -> pd.DataFrame:
    rows = [
        {"id": f"group-{at}", "origin": names[0], "members": names, "drift": drift}
        for at, (names, drift) in enumerate(members)
    ]
    return pd.DataFrame(rows, columns=["id", "origin", "members", "drift"])


def copy(id: str, company: str, *seen_by: str) -> Copy:
    moment = datetime(2025, 1, 1, tzinfo=UTC)
    return Copy(id, company, f"learning-{id}", "solution", "0" * 64, 1, moment, seen_by=seen_by)


def crossings(found: Exchange) -> int:
    arrows = [
        (at, found.takers.index(taker.company))
        for at, thing in enumerate(found.things)
        for taker in thing.takers
    ]
    return sum((a - c) * (b - d) < 0 for (a, b), (c, d) in combinations(arrows, 2))


def test_a_component_came_from_its_origin_to_the_others_of_its_group() -> None:
    found = exchanged(
        groups((["acme/a", "globex/b", "initech/c"], [0.0, 0.25, 0.5])), (), COMPANIES
    )
    [thing] = found.things
    assert (thing.kind, thing.origin) == ("component", "acme")
    assert thing.takers == (Taker("globex", 0.75), Taker("initech", 0.5))
    assert (found.givers, found.takers) == (("acme",), ("globex", "initech"))


def test_a_company_with_two_copies_has_it_once_as_like_as_the_better_one() -> None:
    found = exchanged(groups((["acme/a", "globex/b", "globex/c"], [0.0, 0.6, 0.1])), (), COMPANIES)
    assert found.things[0].takers == (Taker("globex", 0.9),)


def test_a_copy_inside_the_origins_own_company_is_no_exchange() -> None:
    assert exchanged(groups((["acme/a", "acme/b"], [0.0, 0.2])), (), COMPANIES).things == ()


def test_a_shared_learning_is_with_those_it_was_shown_to_and_stands_when_nobody_was() -> None:
    found = exchanged(
        groups(), (copy("g-1", "acme", "umbrella", "globex"), copy("g-2", "acme")), COMPANIES
    )
    assert [(one.id, [taker.company for taker in one.takers]) for one in found.things] == [
        ("g-1", ["globex", "umbrella"]),
        ("g-2", []),
    ]
    assert found.givers == ("acme",)


def test_a_company_that_is_gone_neither_gave_nor_has_anything() -> None:
    stands = groups((["acme/a", "globex/b"], [0.0, 0.2]), (["globex/x", "initech/y"], [0.0, 0.2]))
    found = exchanged(stands, [copy("g-1", "globex", "acme")], ("acme", "initech"))
    assert found.things == ()
    assert found.givers == found.takers == ()


def test_numbers_between_two_companies_are_by_kind() -> None:
    stands = groups((["acme/a", "globex/b"], [0.0, 0.2]), (["acme/x", "globex/y"], [0.0, 0.2]))
    found = exchanged(stands, [copy("g-1", "acme", "globex"), copy("g-2", "globex")], COMPANIES)
    assert flows(found) == [Flow("acme", "globex", components=2, learnings=1)]


def test_arrows_that_need_not_cross_do_not() -> None:
    stands = groups(
        (["acme/a", "umbrella/a"], [0.0, 0.1]),
        (["globex/a", "initech/a"], [0.0, 0.1]),
        (["initech/b", "acme/b"], [0.0, 0.1]),
        (["initech/c", "umbrella/c"], [0.0, 0.1]),
    )
    assert crossings(exchanged(stands, (), COMPANIES)) == 0


def test_the_order_does_not_depend_on_the_order_things_come_in() -> None:
    pairs = [([f"{a}/x", f"{b}/x"], [0.0, 0.3]) for a, b in combinations(COMPANIES, 2)]
    one = groups(*pairs)
    assert exchanged(one, (), COMPANIES) == exchanged(one.iloc[::-1], (), COMPANIES[::-1])
