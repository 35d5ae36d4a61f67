"""Opportunities as the operator sees them, and as each of the two companies may."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from coordinator.opportunities.asking import CLOSED, Asked
from coordinator.opportunities.feedback import bar_of
from coordinator.opportunities.records import Opportunity, Told
from coordinator.opportunities.scoring import reasons, told_of, weights_of
from coordinator.opportunities.state import OpportunitiesState
from coordinator.patterns.components import is_component
from resources.opportunities.offering import imports_of
from resources.opportunities.reading import told_component, told_learnings
from resources.patterns.components import Components

if TYPE_CHECKING:
    from resources.home import Home

TAKEN_BACK = "taken back"
"""The standing of one whose solution was shared once: people asked for it back."""
UNSEEN = ("below the bar", TAKEN_BACK, *CLOSED)
ALIKE = "what both wrote is alike"


@dataclass(frozen=True)
class ShownOpportunity:
    """An opportunity with the words of both sides: for the operator alone.

    `standing` is where it stands, `bar` the score from which people are asked, `copy` the shared
    copy of the solution ('' while there is none), `proposal` the question about it (0 for none),
    `next` the command to run. `need` and `solution` are None when they stand no more.
    """

    opportunity: Opportunity
    need: Told | None
    solution: Told | None
    reasons: tuple[str, ...]
    weights: Mapping[str, float]
    bar: float
    standing: str
    proposal: int
    copy: str
    next: str


@dataclass(frozen=True)
class Side:
    """An opportunity as one of the two companies may see it before the other agreed.

    `role` says which it is, `own` its own title, `evidence` where that comes from, `other` the
    other company's name. Nothing of the other is in it, and no number: whoever writes needs could
    feel for the other's words by watching one rise.
    """

    id: str
    kind: Literal["solution", "component"]
    role: Literal["owner", "adopter"]
    own: str
    evidence: str
    other: str
    reasons: tuple[str, ...]
    standing: str
    copy: str
    next: str


def show(
    home: Home,
    found: Sequence[Opportunity],
    state: OpportunitiesState,
    standing: Sequence[Opportunity],
) -> list[ShownOpportunity]:
    """The opportunities in their order, with what stands of their words now.

    `standing` are all there are. A company that cannot be read hides its own words, no other's.
    """
    components = Components(home, problems={})
    rows = {id for one in found for id in (one.need, one.solution) if not is_component(id)}
    told = {
        **{node: told_component(row) for node, row in components.rows.items()},
        **told_learnings(home, rows, components),
    }
    showing = _Showing(home, state, standing)
    return [showing.shown(one, told.get(one.need), told.get(one.solution)) for one in found]


class _Showing:
    """What is looked up once for all that is shown."""

    def __init__(
        self, home: Home, state: OpportunitiesState, standing: Sequence[Opportunity]
    ) -> None:
        memory = home.global_memory.state()
        self._state = state
        self._settings = home.settings.detection.opportunities
        self._asked = Asked(state, self._settings, standing)
        self._imports = imports_of(home.approvals.inbox())
        self._copies = {
            (one.company, one.learning): one.id
            for one in memory.copies.values()
            if not one.superseded_by
        }
        self._taken_back = {(one.company, one.learning) for one in memory.retracted.values()}

    def shown(self, one: Opportunity, need: Told | None, solution: Told | None) -> ShownOpportunity:
        if need is not None and solution is not None and one.kind == "dependency":
            need = replace(need, title=f"{need.title}: {solution.title}")
        copy, where, number = self._place(one)
        return ShownOpportunity(
            opportunity=one,
            need=need,
            solution=solution,
            reasons=tuple(
                reasons(
                    one.kind,
                    one.features,
                    solution.code if solution else "",
                    solution.licence if solution else None,
                )
            ),
            weights=weights_of(self._settings),
            bar=bar_of(one.kind, self._state, self._settings),
            standing=where,
            proposal=number,
            copy=copy,
            next=_next(one, where, number, solution),
        )

    def _place(self, one: Opportunity) -> tuple[str, str, int]:
        """The shared copy, the standing, and the question that is about it now."""
        before = self._asked.before(one)
        number = before.proposal if before is not None else 0
        where: str = self._asked.standing(one)
        if where == "accepted" and number in self._imports:
            number = self._imports[number].number
        named = (one.owner, one.solution.partition("/")[2])
        copy = self._copies.get(named, "")
        if copy:
            where = "shared"
        elif named in self._taken_back:
            where = TAKEN_BACK
        return copy, where, number


def may_see(shown: ShownOpportunity, company: str) -> bool:
    """Whether one of the two companies may see it at all.

    A dependency's name is the name of what the other has: its adopter sees that it is there once
    the other said yes.
    """
    one = shown.opportunity
    if shown.standing in UNSEEN:
        return False
    return company == one.owner or one.kind != "dependency" or shown.standing == "accepted"


def side_of(shown: ShownOpportunity, company: str) -> Side:
    """What `company`, one of the two, may see of it."""
    one = shown.opportunity
    owns = company == one.owner
    mine = shown.solution if owns else shown.need
    why = [ALIKE]
    if owns and mine is not None:
        why += told_of(mine.code, mine.licence)
    return Side(
        id=one.id,
        kind="solution" if one.kind == "solution" else "component",
        role="owner" if owns else "adopter",
        own=mine.title if mine else "",
        evidence=mine.anchor if mine else "",
        other=one.adopter if owns else one.owner,
        reasons=tuple(why),
        standing=shown.standing,
        copy=shown.copy,
        next=_next_of(shown, company, mine),
    )


def _next(one: Opportunity, where: str, number: int, solution: Told | None) -> str:
    """The operator's next command; '' where there is nothing to do."""
    if where == "shared":
        words = shlex.quote(solution.title) if solution else "''"
        return f"orch memory search {words} --company {one.adopter}"
    if where in ("asked", "accepted"):
        return f"orch approvals show {number}"
    return "" if where in UNSEEN and where != "below the bar" else _propose(one)


def _next_of(shown: ShownOpportunity, company: str, mine: Told | None) -> str:
    """The next command of one of the two companies; '' where it waits for the other."""
    one = shown.opportunity
    owns = company == one.owner
    if shown.standing == "shared" and not owns and mine is not None:
        return f"orch memory search {shlex.quote(mine.title)} --company {company}"
    if shown.standing == ("asked" if owns else "accepted"):
        return f"orch approvals list --company {company}"
    return _propose(one) if owns and shown.standing == "open" else ""


def _propose(one: Opportunity) -> str:
    return f"orch opportunities propose {one.id}"
