"""What became of suggestions since the last look: answers people gave, needs that were closed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal

from coordinator.ledger import opportunity_events as events
from coordinator.ledger.payloads import Payload
from coordinator.opportunities.matching import dependencies_of
from coordinator.opportunities.records import NEEDS, Told, opportunity_id
from coordinator.opportunities.sketch import changed, sketch
from coordinator.opportunities.state import OpportunitiesState, Suggestion
from coordinator.patterns.components import is_component
from resources.opportunities.offering import EXPORT, imports_of
from resources.opportunities.reading import told_component, told_learnings
from resources.patterns.components import Components
from resources.patterns.reading import Memories

if TYPE_CHECKING:
    from coordinator.approvals import Inbox
    from resources.home import Home

Outcome = Literal["accepted", "rejected", "ignored", "withdrawn"]
_OUTCOMES: Mapping[str, Outcome] = {
    "approved": "accepted",
    "done": "accepted",
    "rejected": "rejected",
    "expired": "ignored",
    "void": "withdrawn",
}


def answers(state: OpportunitiesState, inbox: Inbox) -> Iterator[Payload]:
    """The answers that are not recorded yet: the owner's, and the adopter's where it declined."""
    imports = imports_of(inbox)
    for one in state.suggestions.values():
        proposal = inbox.proposal(one.proposal) if one.proposal else None
        outcome = _OUTCOMES.get(proposal.status) if proposal is not None else None
        if proposal is None or outcome is None or one.outcome not in ("asked", "accepted"):
            continue
        if one.outcome == "asked":
            yield _answered(one, outcome)
        asked = imports.get(proposal.number)
        if outcome == "accepted" and proposal.kind == EXPORT and asked is not None:
            declined = _OUTCOMES.get(asked.status, "accepted")
            if declined != "accepted":
                yield _answered(one, declined)


def _answered(one: Suggestion, outcome: Outcome) -> Payload:
    return events.SuggestionAnswered(opportunity=one.id, outcome=outcome, proposal=one.proposal)


class Needs:
    """The open needs of all companies, and which of the suggested ones are open no more."""

    def __init__(
        self, home: Home, memories: Memories, components: Components, *, key: str, much: float
    ) -> None:
        """`key` is the one of the opportunities' ids, `much` the share of a text that is much."""
        self._home = home
        self._components = components
        self._key, self._much = key, much
        self._open: dict[str, list[str]] = {}
        self._read = set(memories.companies) - memories.problems.keys()
        self._told: dict[str, list[tuple[Told, str]]] = {}
        told = zip(memories.ids, memories.companies, memories.facts["category"], strict=True)
        for id, company, category in told:
            if category in NEEDS:
                self._open.setdefault(company, []).append(id)
        self._standing = {id for ids in self._open.values() for id in ids}

    def closed(self, state: OpportunitiesState) -> Iterator[Payload]:
        """The accepted suggestions whose need stands no more; not read is not closed."""
        for one in state.suggestions.values():
            if one.outcome != "accepted" or one.need_closed_at is not None or not one.need:
                continue
            stands = self._lacks(one) if is_component(one.need) else self._asks(one)
            if not stands:
                yield events.NeedClosed(opportunity=one.id)

    def _asks(self, one: Suggestion) -> bool:
        """Whether a learning's need is open: the same words, edited ones, or the same place."""
        if one.need in self._standing or one.adopter not in self._read:
            return True
        solution = self._solution(one)
        return any(
            changed(drawn, one.need_sketch) < self._much
            or (
                solution is not None
                and opportunity_id(one.kind, need, solution, key=self._key) == one.id
            )
            for need, drawn in self._texts(one.adopter)
        )

    def _lacks(self, one: Suggestion) -> bool:
        """Whether the adopter still depends on what it does not have."""
        rows = self._components.rows
        has = rows.get(one.solution)
        mine = [row for row in rows.values() if row["company"] == one.adopter]
        if has is None or not mine:
            return True
        name = str(has["name"]).casefold()
        if any(str(row["name"]).casefold() == name for row in mine):
            return False
        return any(name in dependencies_of(row) for row in mine)

    def _solution(self, one: Suggestion) -> Told | None:
        if is_component(one.solution):
            row = self._components.rows.get(one.solution)
            return told_component(row) if row is not None else None
        return told_learnings(self._home, [one.solution], self._components).get(one.solution)

    def _texts(self, company: str) -> list[tuple[Told, str]]:
        """The open needs of a company with their sketches, read once."""
        if company not in self._told:
            told = told_learnings(self._home, self._open.get(company, ()), self._components)
            self._told[company] = [(one, sketch(one.text)) for one in told.values()]
        return self._told[company]
