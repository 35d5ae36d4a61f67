"""Opportunities as the operator sees them, and as each of the two companies may."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from coordinator.global_memory import GlobalState
from coordinator.opportunities.asking import standing
from coordinator.opportunities.feedback import bar_of
from coordinator.opportunities.records import Opportunity, Told
from coordinator.opportunities.scoring import reasons, weights_of
from coordinator.opportunities.state import OpportunitiesState
from coordinator.patterns.components import is_component
from resources.opportunities.reading import told_component, told_learnings
from resources.patterns.components import Components

if TYPE_CHECKING:
    from resources.home import Home


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

    `role` says which it is, `own` its own title, `other` the other company's name; nothing of the
    other's words is in it.
    """

    id: str
    kind: str
    role: Literal["owner", "adopter"]
    own: str
    other: str
    score: float
    reasons: tuple[str, ...]
    standing: str
    copy: str


def show(
    home: Home, found: Sequence[Opportunity], state: OpportunitiesState
) -> list[ShownOpportunity]:
    """The opportunities in their order, with what stands of their words now."""
    components = Components(home)
    rows = {id for one in found for id in (one.need, one.solution) if not is_component(id)}
    told = told_learnings(home, rows, components)
    settings = home.settings.detection.opportunities
    copies = home.global_memory.state()
    shown = []
    for one in found:
        need, solution = (_told(id, told, components) for id in (one.need, one.solution))
        learning = one.solution.partition("/")[2]
        shared = [
            copy for copy in copies.of_learning(one.owner, learning) if not copy.superseded_by
        ]
        before = state.suggestions.get(one.id)
        where = standing(one, state, settings)
        number = before.proposal if before is not None and where == before.outcome else 0
        copy = shared[0].id if shared else ""
        shown.append(
            ShownOpportunity(
                opportunity=one,
                need=need,
                solution=solution,
                reasons=tuple(
                    reasons(
                        one.features,
                        solution.code if solution else "",
                        solution.licence if solution else None,
                    )
                ),
                weights=weights_of(settings),
                bar=bar_of(one.kind, state, settings),
                standing="shared" if copy else where,
                proposal=number,
                copy=copy,
                next=_next(one, where, number, copy),
            )
        )
    return shown


def side_of(shown: ShownOpportunity, company: str) -> Side:
    """What `company`, one of the two, may see of it."""
    one = shown.opportunity
    owns = company == one.owner
    told = shown.solution if owns else shown.need
    # the fit to a language and licence says what the other's component is made of
    said = (
        shown.reasons
        if owns
        else reasons(
            {name: one.features.get(name, 0.0) for name in ("similarity", "words", "titles")},
            "",
            None,
        )
    )
    return Side(
        id=one.id,
        kind=one.kind,
        role="owner" if owns else "adopter",
        own=told.title if told else "",
        other=one.adopter if owns else one.owner,
        score=one.score,
        reasons=tuple(said),
        standing=shown.standing,
        copy=shown.copy,
    )


def _copy_of(one: Opportunity, copies: GlobalState) -> str:
    """The shared copy of the solution; '' while there is none."""
    learning = one.solution.partition("/")[2]
    shared = copies.of_learning(one.owner, learning)
    return next((copy.id for copy in shared if not copy.superseded_by), "")


def _told(node: str, told: Mapping[str, Told], components: Components) -> Told | None:
    if is_component(node):
        return told_component(components.rows[node]) if node in components.rows else None
    return told.get(node)


def _next(one: Opportunity, where: str, number: int, copy: str) -> str:
    if copy:
        return f"orch memory search … --company {one.adopter}"
    if where == "asked":
        return f"orch approvals show {number}"
    if where == "accepted":
        return "orch approvals list"
    if where in ("rejected", "ignored", "dismissed"):
        return ""
    return f"orch opportunities propose {one.id}"
