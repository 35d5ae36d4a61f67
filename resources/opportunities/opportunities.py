"""Opportunities of a home: found, asked about, answered, shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from coordinator.errors import OrchError, UsageError
from coordinator.ledger import opportunity_events as events
from coordinator.ledger.events import OPPORTUNITIES as STREAM
from coordinator.ledger.events import NewEvent
from coordinator.ledger.payloads import Payload
from coordinator.opportunities.asking import CLOSED, SUGGESTING, Budget, standing
from coordinator.opportunities.records import Opportunity, opportunity_id
from coordinator.opportunities.state import OPPORTUNITIES, OpportunitiesState, Suggestion
from coordinator.patterns.components import is_component
from coordinator.ports import Progress
from coordinator.reasons import reason as checked
from resources.opportunities import finding
from resources.opportunities.offering import Offers, ask_of, ask_owner
from resources.opportunities.reading import needs_of, told_component, told_learnings
from resources.opportunities.showing import ShownOpportunity, Side, show, side_of
from resources.patterns.components import Components
from resources.patterns.reading import Memories, read_memories
from resources.publishing.alone import alone

if TYPE_CHECKING:
    from coordinator.approvals import Proposal
    from resources.home import Home

UNSEEN = ("below the bar", "withdrawn", *CLOSED)
_OUTCOMES = {
    "approved": "accepted",
    "done": "accepted",
    "rejected": "rejected",
    "expired": "ignored",
    "void": "withdrawn",
}


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

        Raises CompanyBusy while another process does the same.
        """
        with alone(self._home.global_folder, STREAM, "all companies"):
            memories = read_memories(self._home, progress)
            components = Components(self._home, memories.problems)
            answered = self._catch_up(memories, components)
            calibration = self._home.patterns.state().calibration
            found = finding.find(self._home, memories, components, self.state(), calibration)
            finding.write(self._home.global_tables(), found)
            asked, held, problems = self._ask(found)
        return RefreshedOpportunities(
            found, asked, held, answered, {**memories.problems, **problems}
        )

    def standing(self) -> list[Opportunity]:
        """The opportunities of companies there are, best first, as the last refresh left them."""
        here = set(self._home.companies.names())
        found = finding.read(self._home.global_tables())
        return [one for one in found if {one.owner, one.adopter} <= here]

    def shown(self, opportunities: Sequence[Opportunity] | None = None) -> list[ShownOpportunity]:
        """Opportunities as the operator sees them; those whose words are gone are left out."""
        found = self.standing() if opportunities is None else opportunities
        shown = show(self._home, found, self.state())
        return [one for one in shown if one.need is not None and one.solution is not None]

    def one(self, id: str) -> ShownOpportunity:
        """The opportunity of that id; UsageError when there is none now."""
        found = [one for one in self.shown() if one.opportunity.id == id]
        if not found:
            raise UsageError(
                "there is no opportunity of that id now",
                hint="`orch opportunities list --all` shows them",
            )
        return found[0]

    def sides(self, company: str) -> list[Side]:
        """What `company` may see: its own words, the other's name, nothing more.

        Only what is good enough to be asked about, and nobody said no to.
        """
        mine = [one for one in self.standing() if company in (one.owner, one.adopter)]
        shown = [one for one in self.shown(mine) if one.standing not in UNSEEN]
        return [side_of(one, company) for one in shown]

    def propose(self, id: str, *, by: str | None = None) -> Proposal:
        """Ask the owner's people about it, whatever its score and whatever was said before."""
        one = self.one(id)
        if one.copy:
            raise UsageError(
                f"its solution is shared already, as {one.copy}", hint=f"`{one.next}` finds it"
            )
        return self._suggest(one.opportunity, by=by)

    def dismiss(self, id: str, *, reason: str) -> Opportunity:
        """Do not suggest it again unless its texts change much; counts as a no."""
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
        self._record([told])
        return one

    def forget_company(self, company: str) -> None:
        """Remove every row that names a company."""
        tables = self._home.global_tables()
        naming = [one.id for one in finding.read(tables) if company in (one.owner, one.adopter)]
        tables.forget(finding.TABLE, naming)

    # -- parts -----------------------------------------------------------------------------

    def _ask(self, found: Sequence[Opportunity]) -> tuple[list[Proposal], int, dict[str, str]]:
        """Ask about what is above the bar, the best first, as long as nobody is asked too much."""
        settings, state = self._home.settings.detection.opportunities, self.state()
        asked: list[Proposal] = []
        problems: dict[str, str] = {}
        if not settings.ask:
            return asked, 0, problems
        budget, held = self.budget(), 0
        open_ones = [one for one in found if standing(one, state, settings) == "open"]
        for shown in self.shown(open_ones):
            one = shown.opportunity
            if shown.copy:
                continue  # everybody may read it already
            if not budget.allows([ask_of(one)]):
                held += 1
                continue
            try:
                asked.append(self._suggest(one, by=SUGGESTING))
            except OrchError as error:
                # one that cannot be asked about now must not keep the others from being
                problems[one.id] = error.message
            else:
                budget.take([ask_of(one)])
        return asked, held, problems

    def budget(self) -> Budget:
        """How many questions each person may still be asked this week."""
        return Budget(
            self._home.approvals.inbox().proposals,
            self._home.approvals.roles().answerers,
            per_week=self._home.settings.detection.opportunities.per_week,
            now=self._now(),
        )

    def _suggest(self, one: Opportunity, *, by: str | None) -> Proposal:
        proposal = ask_owner(self._home, one, by=by)
        before = self.state().suggestions.get(one.id)
        if before is None or before.proposal != proposal.number:
            self._record([_made(one, proposal.number)])
        return proposal

    def _catch_up(self, memories: Memories, components: Components) -> dict[str, int]:
        """Record the answers people gave since, and the needs that were closed."""
        inbox, state = self._home.approvals.inbox(), self.state()
        told: list[Payload] = []
        for one in state.suggestions.values():
            proposal = inbox.proposal(one.proposal) if one.proposal else None
            outcome = _OUTCOMES.get(proposal.status) if proposal is not None else None
            if one.outcome == "asked" and outcome is not None:
                told.append(
                    events.SuggestionAnswered(
                        opportunity=one.id,
                        outcome=outcome,  # type: ignore[arg-type]
                        proposal=one.proposal,
                    )
                )
        told += self._closed_needs(state, memories, components)
        self._record(told)
        return dict(Counter(one.event_type for one in told))

    def _closed_needs(
        self, state: OpportunitiesState, memories: Memories, components: Components
    ) -> Iterator[Payload]:
        present = set(memories.ids)
        for one in state.suggestions.values():
            if one.outcome != "accepted" or one.need_closed_at is not None or not one.need:
                continue
            if one.adopter in memories.problems or is_component(one.need):
                continue  # not read is not closed
            if one.adopter not in self._home.companies.names():
                continue
            if not self._is_open(one, present, memories, components):
                yield events.NeedClosed(opportunity=one.id)

    def _is_open(
        self, one: Suggestion, present: set[str], memories: Memories, components: Components
    ) -> bool:
        """Whether the need stands, under the same words or edited ones from the same place."""
        needs = needs_of(memories, one.adopter)
        if one.need in needs:
            return True
        if is_component(one.solution):
            row = components.rows.get(one.solution)
            solution = told_component(row) if row is not None else None
        else:
            solution = told_learnings(self._home, [one.solution], components).get(one.solution)
        if solution is None:
            return one.need in present
        told = told_learnings(self._home, needs, components).values()
        kind = one.kind
        return any(opportunity_id(kind, need, solution) == one.id for need in told)  # type: ignore[arg-type]

    def _record(self, told: Sequence[Payload]) -> None:
        now = self._now()
        new = [NewEvent(one.event_type, one, occurred_at=now) for one in told]
        if new:
            self._ledger.append(STREAM, new, expected_version=None)


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
