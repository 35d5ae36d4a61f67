"""Who has what from whom: components that stand in several companies, and learnings they shared.

What came from a company is a row between those that gave and those that have it; the rows are put
in an order in which their arrows cross seldom.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from coordinator.global_memory.state import Copy

Kind = Literal["component", "learning"]
SWEEPS = 4


@dataclass(frozen=True)
class Taker:
    """A company that has something of another; `likeness` of its copy to the origin, 0 to 1."""

    company: str
    likeness: float = 1.0


@dataclass(frozen=True)
class Thing:
    """What a company gave: a component others have too, or a learning it shared.

    `takers` are those that have it: of a learning, those that were shown it.
    """

    id: str
    kind: Kind
    origin: str
    takers: tuple[Taker, ...]


@dataclass(frozen=True)
class Flow:
    """How many components and shared learnings `taker` has from `origin`."""

    origin: str
    taker: str
    components: int
    learnings: int

    @property
    def count(self) -> int:
        return self.components + self.learnings


@dataclass(frozen=True)
class Exchange:
    """All things in the order they are drawn, and the companies on either side of them."""

    givers: tuple[str, ...]
    things: tuple[Thing, ...]
    takers: tuple[str, ...]


def exchanged(groups: pd.DataFrame, copies: Iterable[Copy], companies: Collection[str]) -> Exchange:
    """What stands between `companies`: groups of copies (`GROUP_COLUMNS`) and shared learnings.

    What came from a company that is gone is left out, and so is a gone company that had it.
    """
    here = set(companies)
    found = [*_components(groups), *_learnings(copies)]
    kept = [
        Thing(one.id, one.kind, one.origin, tuple(t for t in one.takers if t.company in here))
        for one in found
        if one.origin in here
    ]
    return _ordered([one for one in kept if one.takers or one.kind == "learning"])


def flows(exchange: Exchange) -> list[Flow]:
    """The things between each two companies as numbers, in the order they are drawn."""
    counts: dict[tuple[str, str], Counter[Kind]] = {}
    for thing in exchange.things:
        for taker in thing.takers:
            counts.setdefault((thing.origin, taker.company), Counter())[thing.kind] += 1

    def drawn(pair: tuple[str, str]) -> tuple[int, int]:
        return exchange.givers.index(pair[0]), exchange.takers.index(pair[1])

    return [
        Flow(*pair, counts[pair]["component"], counts[pair]["learning"])
        for pair in sorted(counts, key=drawn)
    ]


def _components(groups: pd.DataFrame) -> Iterable[Thing]:
    for row in groups.to_dict("records"):
        origin = str(row["origin"]).partition("/")[0]
        likeness: dict[str, float] = {}
        for member, drift in zip(row["members"], row["drift"], strict=True):
            company = str(member).partition("/")[0]
            if company != origin:
                likeness[company] = max(likeness.get(company, 0.0), round(1 - float(drift), 4))
        takers = tuple(Taker(name, alike) for name, alike in sorted(likeness.items()))
        yield Thing(str(row["id"]), "component", origin, takers)


def _learnings(copies: Iterable[Copy]) -> Iterable[Thing]:
    for copy in copies:
        takers = tuple(Taker(name) for name in sorted(set(copy.seen_by)))
        yield Thing(copy.id, "learning", copy.company, takers)


def _ordered(things: Sequence[Thing]) -> Exchange:
    """Both sides by the middle of what they are joined with, again and again."""
    givers = sorted({one.origin for one in things})
    takers = sorted({taker.company for one in things for taker in one.takers})
    pairs = [(one.origin, taker.company) for one in things for taker in one.takers]
    for _ in range(SWEEPS):
        takers = _by_middle(takers, givers, [(taker, giver) for giver, taker in pairs])
        givers = _by_middle(givers, takers, pairs)
    left = {name: at for at, name in enumerate(givers)}
    right = {name: at for at, name in enumerate(takers)}

    def row(one: Thing) -> tuple[int, float, str, str]:
        return left[one.origin], _middle(one, right), one.kind, one.id

    return Exchange(tuple(givers), tuple(sorted(things, key=row)), tuple(takers))


def _by_middle(
    side: Sequence[str], other: Sequence[str], pairs: Iterable[tuple[str, str]]
) -> list[str]:
    place = {name: at for at, name in enumerate(other)}
    joined: dict[str, list[int]] = {}
    for one, with_ in pairs:
        joined.setdefault(one, []).append(place[with_])
    middle = {name: sum(at) / len(at) for name, at in joined.items()}
    return sorted(side, key=lambda name: (middle.get(name, len(other)), name))


def _middle(thing: Thing, right: Mapping[str, int]) -> float:
    """Where what it is drawn to stands; what nobody has comes last."""
    places = [right[taker.company] for taker in thing.takers]
    return sum(places) / len(places) if places else float(len(right))
