"""What may be told now: patterns whose companies show a part, and solutions that are offered."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from coordinator.errors import MemoryUnavailable
from coordinator.global_memory import Copy, GlobalState, Publication, is_pattern
from coordinator.insights import quoted_in
from coordinator.patterns.components import is_component
from coordinator.patterns.detection import Pattern
from coordinator.publishing.insights import Insight, OfferInsight, Part, PatternInsight
from resources.opportunities.offering import PAGES
from resources.patterns.presence import present

if TYPE_CHECKING:
    from coordinator.approvals import Inbox, Proposal
    from coordinator.opportunities.state import Suggestion
    from coordinator.patterns.state import PatternsState
    from resources.home import Home

FACTS = ("category", "language", "version", "licence")


class Telling:
    """Insights as they stand, each made anew from what was agreed to."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def standing(self) -> list[Insight]:
        """Patterns and offers, oldest first."""
        memory, inbox = self._home.global_memory.state(), self._home.approvals.inbox()
        found: list[Insight] = [*self._patterns(memory, inbox), *self._offers(memory, inbox)]
        return sorted(found, key=_age)

    # -- patterns --------------------------------------------------------------------------

    def _patterns(self, memory: GlobalState, inbox: Inbox) -> Iterator[PatternInsight]:
        state = self._home.patterns.state()
        by_pattern: dict[str, list[Copy]] = {}
        for copy in memory.copies.values():
            known = state.named(copy.learning) if is_pattern(copy.learning) else None
            if known is not None and not copy.superseded_by:
                by_pattern.setdefault(known.id, []).append(copy)
        told = self._told_of(state, by_pattern)
        there = present(self._home, (node for one in told for node in one.members)).nodes
        for pattern in told:
            members = [one for one in pattern.members if one in there]
            companies = {one.partition("/")[0] for one in members}
            parts = self._agreed(by_pattern[pattern.id], companies, memory, inbox)
            if parts and len(companies) > 1:
                components = sum(map(is_component, members))
                yield PatternInsight(
                    id=pattern.id,
                    parts=parts,
                    companies=len(companies),
                    learnings=len(members) - components,
                    components=components,
                    cohesion=pattern.cohesion,
                    found_at=state.patterns[pattern.id].found_at,
                )

    def _told_of(self, state: PatternsState, ids: Collection[str]) -> list[Pattern]:
        """The standing patterns of these ids.

        MemoryUnavailable where the table lacks one: a lost index must not withdraw a page.
        """
        wanted = [one.id for one in state.standing() if one.id in ids]
        if not wanted:
            return []
        table = {one.id: one for one in self._home.patterns.standing()}
        if not table.keys() >= set(wanted):
            raise MemoryUnavailable(
                "the table of patterns lacks what the ledger knows",
                hint="run `orch patterns refresh`",
            )
        return [table[id] for id in wanted]

    def _agreed(
        self,
        copies: Sequence[Copy],
        companies: Collection[str],
        memory: GlobalState,
        inbox: Inbox,
    ) -> list[Part]:
        """The parts of companies that have the pattern still, oldest first."""
        standing = {one.id: one for one in copies if one.company in companies}
        texts = self._home.global_memory.texts(standing)
        parts = [
            _part(standing[id], text, inbox.proposal(standing[id].proposal), memory)
            for id, text in texts.items()
        ]
        return sorted(parts, key=lambda one: (one.copy.published_at, one.copy.id))

    # -- offers ----------------------------------------------------------------------------

    def _offers(self, memory: GlobalState, inbox: Inbox) -> Iterator[OfferInsight]:
        """Accepted suggestions whose solution may be named and whose need is open."""
        here = set(self._home.companies.names())
        accepted = [
            one
            for one in self._home.opportunities.state().suggestions.values()
            if one.outcome == "accepted"
            and one.need_closed_at is None
            and {one.owner, one.adopter} <= here
        ]
        there = present(self._home, (one.solution for one in accepted)).nodes
        for one in accepted:
            if not is_component(one.solution):
                offer = self._shared(one, memory)
            else:
                offer = self._named(one, inbox) if one.solution in there else None
            if offer is not None:
                yield offer

    def _shared(self, told: Suggestion, memory: GlobalState) -> OfferInsight | None:
        """An offer of a learning that is shared; None when it was taken back."""
        learning = told.solution.partition("/")[2]
        copies = {copy.id: copy for copy in _shared(memory, told.owner, learning)}
        for id, text in self._home.global_memory.texts(copies).items():
            return _offer(told, Publication.from_text(text).title, copy=id)
        return None

    def _named(self, told: Suggestion, inbox: Inbox) -> OfferInsight | None:
        """An offer of a component, in the words its owner's people agreed to show on pages.

        None for one they were not told would be named there.
        """
        asked = inbox.proposal(told.proposal)
        if asked is None or asked.status not in ("approved", "done"):
            return None
        text = self._home.approvals.texts([asked]).get(asked.number)
        said = json.loads(text) if text is not None else {}
        if PAGES not in said:
            return None
        component = said["component"]
        facts = [(name, str(component[name])) for name in FACTS if component.get(name)]
        return _offer(told, str(component["name"]), facts=facts)


def _part(copy: Copy, text: str, asked: Proposal | None, memory: GlobalState) -> Part:
    facts = asked.facts if asked is not None else {}
    quoted = [one.partition("/") for one in quoted_in(facts)]
    return Part(
        copy=copy,
        said=Publication.from_text(text),
        masked=sum(facts.get("masked", {}).values()),
        in_full=[
            one.id for company, _, learning in quoted for one in _shared(memory, company, learning)
        ],
    )


def _shared(memory: GlobalState, company: str, learning: str) -> list[Copy]:
    """The shared copies that tell a learning now."""
    return [one for one in memory.of_learning(company, learning) if not one.superseded_by]


def _offer(
    told: Suggestion,
    title: str,
    *,
    copy: str = "",
    facts: Sequence[tuple[str, str]] = (),
) -> OfferInsight:
    return OfferInsight(
        id=told.id,
        company=told.owner,
        title=title,
        score=told.score,
        features=told.features,
        offered_at=told.answered_at or told.made_at,
        copy=copy,
        facts=facts,
    )


def _age(one: Insight) -> tuple[datetime, str]:
    return (one.found_at if isinstance(one, PatternInsight) else one.offered_at), one.id
