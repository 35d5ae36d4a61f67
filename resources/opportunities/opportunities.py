"""Opportunities of a home: found, asked about, answered, shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from coordinator.errors import OrchError, UsageError
from coordinator.ledger import opportunity_events as events
from coordinator.ledger.events import OPPORTUNITIES as STREAM
from coordinator.ledger.events import NewEvent
from coordinator.ledger.payloads import Payload
from coordinator.opportunities.asking import SUGGESTING, Asked, Budget
from coordinator.opportunities.records import Opportunity
from coordinator.opportunities.state import OPPORTUNITIES, OpportunitiesState
from coordinator.ports import Progress
from coordinator.reasons import reason as checked
from resources.opportunities import finding
from resources.opportunities.answering import Needs, answers
from resources.opportunities.offering import (
    EXPORT,
    Offers,
    ask_of,
    ask_owner,
    asks_adopter,
    imports_of,
    waiting_for,
)
from resources.opportunities.showing import ShownOpportunity, Side, may_see, show, side_of
from resources.patterns.components import Components
from resources.patterns.reading import Memories, read_memories
from resources.publishing.alone import alone

if TYPE_CHECKING:
    from coordinator.approvals import Proposal
    from coordinator.ledger.approval_events import Ask
    from resources.home import Home


@dataclass(frozen=True)
class RefreshedOpportunities:
    """What one refresh did: `asked` are the proposals made, `held` were over somebody's week.

    `answered` counts outcomes recorded, `problems` says by company or opportunity what could not
    be done.
    """

    opportunities: Sequence[Opportunity]
    asked: Sequence[Proposal] = ()
    held: int = 0
    answered: Mapping[str, int] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)


class Opportunities:
    """What one company has and another needs."""

    def __init__(
        self, home: Home, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._home = home
        self._ledger = home.ledger
        self._now = now
        self.offers = Offers(home)

    def state(self) -> OpportunitiesState:
        """Every suggestion as the ledger knows it."""
        return self._ledger.fold(STREAM, OPPORTUNITIES)

    def refresh(self, progress: Progress | None = None) -> RefreshedOpportunities:
        """Record what people answered, find what there is now, and ask where settings say so.

        What was found of a company that cannot be read now stays. Raises CompanyBusy while
        another process does the same.
        """
        with alone(self._home.global_folder, STREAM, "all companies"):
            memories = read_memories(self._home, progress)
            components = Components(self._home, memories.problems, problems=memories.problems)
            answered = self._catch_up(memories, components)
            calibration = self._home.patterns.state().calibration
            found = finding.find(self._home, memories, components, self.state(), calibration)
            tables, fresh = self._home.global_tables(), {one.id for one in found}
            kept = finding.unread(tables, memories.problems.keys())
            finding.write(tables, [*found, *(one for one in kept if one.id not in fresh)])
            asking = _Asking(self, self._home)
            if self._home.settings.detection.opportunities.ask:
                asking.ask_adopters()
                asking.ask_owners(found)
        return RefreshedOpportunities(
            found,
            asking.asked,
            asking.held,
            answered,
            {**memories.problems, **asking.problems},
        )

    def standing(self) -> list[Opportunity]:
        """The opportunities of companies there are, best first, as the last refresh left them."""
        here = set(self._home.companies.names())
        found = finding.read(self._home.global_tables())
        return [one for one in found if {one.owner, one.adopter} <= here]

    def shown(self, opportunities: Sequence[Opportunity] | None = None) -> list[ShownOpportunity]:
        """Opportunities as the operator sees them; those whose words are gone are left out."""
        found = self.standing() if opportunities is None else opportunities
        shown = show(self._home, found, self.state(), self.standing())
        return [one for one in shown if one.need is not None and one.solution is not None]

    def one(self, id: str) -> ShownOpportunity:
        """The opportunity of that id; UsageError when there is none now."""
        found = self.shown([one for one in self.standing() if one.id == id])
        if not found:
            raise UsageError(
                "there is no opportunity of that id now",
                hint="`orch opportunities list --all` shows them",
            )
        return found[0]

    def sides(self, company: str) -> list[Side]:
        """What `company` may see, best first: its own words, the other's name, nothing more.

        Only what is good enough to be asked about, and nobody said no to.
        """
        mine = [one for one in self.standing() if company in (one.owner, one.adopter)]
        return [side_of(one, company) for one in self.shown(mine) if may_see(one, company)]

    def propose(self, id: str, *, by: str | None = None) -> Proposal:
        """Ask the owner's people about it, whatever its score and whatever was rejected before.

        UsageError when they agreed already.
        """
        one = self.one(id)
        if one.copy:
            raise UsageError(
                f"its solution is shared already, as {one.copy}", hint=f"`{one.next}` finds it"
            )
        if one.standing == "accepted":
            raise UsageError(
                "whoever has the solution agreed already", hint=f"`{one.next}` says how it goes on"
            )
        return self.suggest(one.opportunity, by=by)

    def dismiss(self, id: str, *, reason: str) -> Opportunity:
        """Do not suggest it again unless its texts change much; counts as a no.

        A question about it that nobody told us to ask, and that asks nothing else, is taken back.
        """
        one = self.one(id).opportunity
        told = events.SuggestionDismissed(
            opportunity=one.id,
            kind=one.kind,
            owner=one.owner,
            adopter=one.adopter,
            need_sketch=one.need_sketch,
            solution_sketch=one.solution_sketch,
            score=one.score,
            features=dict(one.features),
            reason=checked(reason),
        )
        self.record([told])
        waiting = waiting_for(self._home, one)
        if waiting is not None and waiting.made_by == SUGGESTING:
            about = [each for each in self.state().suggestions.values() if each.outcome == "asked"]
            if all(each.proposal != waiting.number for each in about):
                self._home.approvals.void(waiting.number, "dismissed")
        return one

    def budget(self) -> Budget:
        """How many questions each person may still be asked this week."""
        return Budget(
            self._home.approvals.inbox().proposals,
            self._home.approvals.roles().answerers,
            per_week=self._home.settings.detection.opportunities.per_week,
            now=self._now(),
        )

    def forget_company(self, company: str) -> None:
        """Remove every row that names a company."""
        tables = self._home.global_tables()
        naming = [one.id for one in finding.read(tables) if company in (one.owner, one.adopter)]
        tables.forget(finding.TABLE, naming)

    def suggest(self, one: Opportunity, *, by: str | None) -> Proposal:
        """Ask about one, or find that a question which waits asks just that; record which."""
        proposal = waiting_for(self._home, one) or ask_owner(self._home, one, by=by)
        before = self.state().suggestions.get(one.id)
        if before is None or before.proposal != proposal.number:
            self.record([_made(one, proposal.number)])
        return proposal

    def record(self, told: Sequence[Payload]) -> None:
        """Append to the stream of suggestions."""
        now = self._now()
        new = [NewEvent(one.event_type, one, occurred_at=now) for one in told]
        if new:
            self._ledger.append(STREAM, new, expected_version=None)

    def _catch_up(self, memories: Memories, components: Components) -> dict[str, int]:
        """Record the answers people gave since, and the needs that were closed."""
        told = [*answers(self.state(), self._home.approvals.inbox())]
        self.record(told)
        needs = Needs(
            self._home,
            memories,
            components,
            key=finding.key_of(self._home),
            much=self._home.settings.detection.opportunities.changed_much,
        )
        closed = [*needs.closed(self.state())]
        self.record(closed)
        return dict(Counter(one.event_type for one in (*told, *closed)))


class _Asking:
    """Asking without being told to, as long as nobody is asked too much."""

    def __init__(self, opportunities: Opportunities, home: Home) -> None:
        self._opportunities = opportunities
        self._home = home
        self._budget = opportunities.budget()
        self.asked: list[Proposal] = []
        self.held = 0
        self.problems: dict[str, str] = {}

    def ask_owners(self, found: Sequence[Opportunity]) -> None:
        """Ask about what is above the bar, the best first; what asks the same only once."""
        settings = self._home.settings.detection.opportunities
        asked = Asked(self._opportunities.state(), settings, found)
        open_ones = [one for one in found if asked.standing(one) == "open"]
        taken: set[tuple[str, str]] = set()
        for shown in self._opportunities.shown(open_ones):
            one = shown.opportunity
            if shown.standing != "open" or (one.adopter, one.solution) in taken:
                continue
            waiting = waiting_for(self._home, one)
            if waiting is None and not self._allows(one.id, ask_of(one)):
                continue
            try:
                proposal = self._opportunities.suggest(one, by=SUGGESTING)
            except OrchError as error:
                # one that cannot be asked about now must not keep the others from being
                self.problems[one.id] = error.message
                continue
            taken.add((one.adopter, one.solution))
            if waiting is None:
                self._count(proposal)

    def ask_adopters(self) -> None:
        """Ask adopters whose people had been asked enough when the owner agreed."""
        inbox = self._home.approvals.inbox()
        asked, here = imports_of(inbox), set(self._home.companies.names())
        for one in self._opportunities.state().suggestions.values():
            export = inbox.proposal(one.proposal) if one.outcome == "accepted" else None
            if export is None or (export.kind, export.status) != (EXPORT, "done"):
                continue
            if export.number in asked or not {one.owner, one.adopter} <= here:
                continue
            if not self._allows(one.id, asks_adopter(export)):
                continue
            try:
                if self._opportunities.offers.is_outdated(export):
                    # the yes was to another tree: whoever has it is asked anew
                    self._opportunities.record([_outdated(one.id, export.number)])
                else:
                    self._count(self._opportunities.offers.ask_adopter(export))
            except OrchError as error:
                self.problems[one.id] = error.message

    def _allows(self, opportunity: str, ask: Ask) -> bool:
        if self._budget.allows([ask]):
            return True
        if self._home.approvals.roles().answerers(ask):
            self.held += 1
        else:
            self.problems[opportunity] = f"nobody may answer for {ask.company} ({ask.role})"
        return False

    def _count(self, proposal: Proposal) -> None:
        self.asked.append(proposal)
        self._budget.take(proposal.asks)


def _outdated(opportunity: str, proposal: int) -> Payload:
    return events.SuggestionAnswered(
        opportunity=opportunity, outcome="withdrawn", proposal=proposal
    )


def _made(one: Opportunity, proposal: int) -> Payload:
    return events.SuggestionMade(
        opportunity=one.id,
        kind=one.kind,
        owner=one.owner,
        adopter=one.adopter,
        need=one.need,
        solution=one.solution,
        need_sketch=one.need_sketch,
        solution_sketch=one.solution_sketch,
        score=one.score,
        features=dict(one.features),
        proposal=proposal,
    )
