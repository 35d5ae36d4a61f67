"""Components that are shared: who gives which, who adopts it, how soon, and what becomes of it."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from coordinator.approvals import Proposal
from coordinator.ledger import pattern_events
from coordinator.metrics.proposals import Change

DAY = timedelta(days=1)


@dataclass
class _Offer:
    """One component offered to one company: approved proposals by number.

    `given` holds when each was made, `taken` when each was approved.
    """

    component: str
    adopter: str
    owner: str = ""
    given: dict[int, datetime] = field(default_factory=dict)
    taken: dict[int, datetime] = field(default_factory=dict)
    owner_stays: bool = False
    adopter_stays: bool = False

    @property
    def is_adopted(self) -> bool:
        return bool(self.given) and bool(self.taken)

    @property
    def waited(self) -> timedelta:
        """From the first question to the owner to the first yes of the adopter; never negative.

        Two machines' clocks may disagree by more than somebody took to answer.
        """
        return max(min(self.taken.values()) - min(self.given.values()), timedelta(0))


@dataclass(frozen=True)
class SharingFigures:
    """Shared components in numbers.

    `adopters` holds of each shared component how many companies adopted it. `given` counts
    components times companies they were given to, `adopted` those of them that were taken, after
    `days_to_adopt` (their median; None while there are none).
    """

    adopters: Mapping[str, int]
    given: int
    adopted: int
    days_to_adopt: float | None
    edits: int


class Sharing:
    """Every component that was offered to a company."""

    def __init__(self) -> None:
        self._offers: dict[tuple[str, str], _Offer] = {}
        self._by_adopter: dict[str, list[_Offer]] = {}
        self._members: dict[str, set[str]] = {}
        self._edits = 0

    def proposal_changed(self, change: Change) -> None:
        """Take in what became of a proposal, of whatever kind."""
        proposal = change.after
        if proposal.kind not in ("share_export", "share_import"):
            return
        if change.became_approved:
            self._approved(proposal)
        elif change.was_taken_back:
            offer = self._offer(proposal)
            (offer.given if proposal.kind == "share_export" else offer.taken).pop(
                proposal.number, None
            )

    def company_removed(self, company: str) -> None:
        """What it gave is shared no more, and it adopts nothing any more."""
        for offer in self._offers.values():
            offer.owner_stays = offer.owner_stays and offer.owner != company
            offer.adopter_stays = offer.adopter_stays and offer.adopter != company

    def pattern_found(self, found: pattern_events.PatternFound) -> None:
        self._members.setdefault(found.pattern, set(found.members))

    def pattern_changed(self, changed: pattern_events.PatternChanged) -> None:
        if changed.pattern in self._members:
            members = self._members[changed.pattern]
            self._members[changed.pattern] = (members | {*changed.joined}) - {*changed.left}

    def drifted(self, drifted: pattern_events.ComponentDrifted) -> None:
        """Count a copy that moved away from what its company adopted."""
        company = drifted.component.partition("/")[0]
        members = self._members.get(drifted.pattern, set())
        adopted = any(
            offer.component in members and offer.is_adopted and offer.adopter_stays
            for offer in self._by_adopter.get(company, ())
        )
        if adopted and drifted.similarity < drifted.before:
            self._edits += 1

    def figures(self) -> SharingFigures:
        """What is shared and was adopted at this moment."""
        given = [offer for offer in self._offers.values() if offer.given]
        adopted = [offer.waited / DAY for offer in given if offer.taken]
        return SharingFigures(
            adopters=self._adopters(),
            given=len(given),
            adopted=len(adopted),
            days_to_adopt=statistics.median(adopted) if adopted else None,
            edits=self._edits,
        )

    def _adopters(self) -> dict[str, int]:
        offers = self._offers.values()
        shared = {one.component: 0 for one in offers if one.given and one.owner_stays}
        for offer in offers:
            if offer.component in shared and offer.taken and offer.adopter_stays:
                shared[offer.component] += 1
        return shared

    def _approved(self, proposal: Proposal) -> None:
        offer = self._offer(proposal)
        if proposal.kind == "share_export":
            offer.given[proposal.number] = proposal.made_at
            offer.owner = fact(proposal, "owner") or proposal.company
            offer.owner_stays = True
        else:
            offer.taken[proposal.number] = proposal.decisions[-1].at
            offer.adopter_stays = True

    def _offer(self, proposal: Proposal) -> _Offer:
        component = fact(proposal, "component") or proposal.subject
        asked = proposal.asks[0].company if proposal.kind == "share_import" else ""
        adopter = fact(proposal, "adopter") or asked
        if (component, adopter) not in self._offers:
            offer = _Offer(component, adopter)
            self._offers[component, adopter] = offer
            self._by_adopter.setdefault(adopter, []).append(offer)
        return self._offers[component, adopter]


def fact(proposal: Proposal, name: str) -> str:
    """The text a proposal's facts hold under `name`; empty when they hold none."""
    value = proposal.facts.get(name)
    return value if isinstance(value, str) else ""
