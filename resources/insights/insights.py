"""Insights: asked for where they are news, made anew from what was agreed whenever published."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from coordinator.errors import OrchError, UsageError
from coordinator.global_memory import PUBLISH, Copy, is_pattern
from coordinator.insights import INSIGHT, counts_as_asked, quotable, quoted_in
from coordinator.ledger.approval_events import Ask
from coordinator.ledger.events import GLOBAL
from coordinator.ledger.global_events import LearningRetracted
from coordinator.opportunities.asking import SUGGESTING
from coordinator.patterns.detection import Pattern
from coordinator.patterns.identity import is_news
from coordinator.publishing.insights import Insight
from resources.global_memory.retracting import OUTDATED
from resources.insights.telling import Telling
from resources.patterns.presence import present
from resources.publishing.alone import alone

if TYPE_CHECKING:
    from coordinator.approvals import Inbox, Proposal
    from coordinator.opportunities.asking import Budget
    from coordinator.patterns.state import PatternsState
    from resources.home import Home

STREAM = "insights"


@dataclass
class RefreshedInsights:
    """What one refresh did: `asked` are the proposals made, `held` were over somebody's week.

    `withdrawn` are the parts taken back because nothing they quote stands any more. `problems`
    says by company, or by pattern and company, what could not be done.
    """

    asked: list[Proposal] = field(default_factory=list)
    held: int = 0
    withdrawn: Sequence[str] = ()
    problems: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Due:
    """A pattern people should hear of: by company the members it is asked about.

    `was_told` says that somebody was asked about it before.
    """

    pattern: Pattern
    quotes: Mapping[str, Sequence[str]]
    was_told: bool


class Insights:
    """What is told of patterns and offers."""

    def __init__(
        self, home: Home, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._home = home
        self._now = now
        self._telling = Telling(home)

    def refresh(self) -> RefreshedInsights:
        """Take back what is gone, and ask about patterns that are news.

        Each company is asked once about a pattern, as long as nobody is asked too much; where a
        standing grant answers nobody is asked. Raises CompanyBusy while another process does the
        same.
        """
        with alone(self._home.global_folder, STREAM, "all companies"):
            done = RefreshedInsights()
            done.withdrawn = self._withdraw(done.problems)
            settings = self._home.settings.detection.insights
            if settings.ask:
                budget = self._home.opportunities.budget()
                for due in self._due(settings.bar):
                    made = [self._ask(due, company, budget, done) for company in due.quotes]
                    if any(made) or due.was_told:
                        self._announce(due.pattern, asked=any(made))
            return done

    def ask(self, id: str, company: str, *, by: str | None = None) -> Proposal:
        """Ask a company's people what they show of a pattern, whatever they said before.

        What they said no to sharing, or took back, is not asked about. UsageError for a pattern
        that does not stand, or that the company has no part of to show.
        """
        pattern = self._home.patterns.one(id).pattern
        kept_back = self._kept_back(self._home.approvals.inbox())
        quotes = quotable(company, pattern.members, pattern.likeness, kept_back)
        if not quotes:
            raise UsageError(
                f"'{company}' has no part of {pattern.id} that may be asked about",
                hint=f"`orch patterns show {pattern.id}` names those that have one",
            )
        parts = self._home.global_memory.insight_parts
        return parts.propose(company, pattern.id, quotes, by=by)

    def standing(self) -> list[Insight]:
        """Everything that may be published now, oldest first.

        Made anew from what stands: a pattern that fewer than two companies still say, a company
        that went, a part that was taken back are not in it, whatever was detected before.
        """
        return self._telling.standing()

    def subjects_of(self, copies: Iterable[Copy]) -> set[str]:
        """What insights are published as that show these copies."""
        patterns, told = self._home.patterns.state(), set()
        solutions = {(one.company, one.learning) for one in copies}
        for one in copies:
            known = patterns.named(one.learning)
            if known is not None:
                told |= {f"insight:{one.learning}", f"insight:{known.id}"}
        for offer in self._home.opportunities.state().suggestions.values():
            if (offer.owner, offer.solution.partition("/")[2]) in solutions:
                told.add(f"insight:{offer.id}")
        return told

    # -- asking ----------------------------------------------------------------------------

    def _ask(self, due: _Due, company: str, budget: Budget, done: RefreshedInsights) -> bool:
        """Ask one company about its part, unless its people were asked enough this week."""
        ask, granted = Ask(company=company, role="publication"), False
        inbox = self._home.approvals.inbox()
        granted = any(one.answers(INSIGHT, ask, self._now()) for one in inbox.grants)
        if not granted and not budget.allows([ask]):
            done.held += 1
            return False
        parts = self._home.global_memory.insight_parts
        try:
            made = parts.propose(company, due.pattern.id, due.quotes[company], by=SUGGESTING)
        except OrchError as error:
            # a company that cannot be asked now must not keep others from being
            done.problems[f"{due.pattern.id} {company}"] = error.message
            return False
        done.asked.append(made)
        if not granted:
            budget.take([ask])
        return True

    def _due(self, bar: float) -> Iterator[_Due]:
        """The patterns people should hear of, with the companies that were not asked yet."""
        state, inbox = self._home.patterns.state(), self._home.approvals.inbox()
        here, asked = set(self._home.companies.names()), self._asked(state, inbox)
        kept_back = self._kept_back(inbox)
        for pattern in self._home.patterns.standing():
            known = state.patterns.get(pattern.id)
            if known is None or known.status != "standing":
                continue  # the table is of another ledger, or older: the next look mends it
            before = asked.get(pattern.id, set())
            was_told = known.announced_at is not None or bool(before)
            if not was_told and (pattern.score < bar or not is_news(state, pattern.members)):
                continue
            quotes = {
                company: quotable(company, pattern.members, pattern.likeness, kept_back)
                for company in pattern.companies
                if company in here and company not in before
            }
            yield _Due(pattern, {one: said for one, said in quotes.items() if said}, bool(before))

    def _announce(self, pattern: Pattern, *, asked: bool) -> None:
        """Record that people were asked about it.

        Also when the questions were made by a refresh that died before it said so.
        """
        known = self._home.patterns.state().patterns[pattern.id]
        new = not {*pattern.members} <= {*known.announced}
        if known.announced_at is None or (asked and new):
            self._home.patterns.announce(pattern)

    def _asked(self, state: PatternsState, inbox: Inbox) -> dict[str, set[str]]:
        """By pattern the companies that were asked about it, or about one it took in."""
        outdated, found = self._outdated(), dict[str, set[str]]()
        for one in inbox.proposals:
            if one.kind == INSIGHT and counts_as_asked(one, outdated):
                known = state.named(one.subject)
                id = known.id if known is not None else one.subject
                found.setdefault(id, set()).add(one.company)
        return found

    def _outdated(self) -> set[int]:
        """The questions whose part was taken back because what it quoted is gone."""
        told = self._home.ledger.read(stream=GLOBAL, event_type=LearningRetracted.event_type)
        ids = {
            one.payload.id
            for one in told
            if isinstance(one.payload, LearningRetracted) and one.payload.reason == OUTDATED
        }
        retracted = self._home.global_memory.state().retracted
        return {copy.proposal for id, copy in retracted.items() if id in ids}

    def _kept_back(self, inbox: Inbox) -> set[tuple[str, str]]:
        """Companies and learnings whose people said no to sharing them, or took them back."""
        memory = self._home.global_memory.state()
        last = {
            (one.company, one.subject): one.status
            for one in inbox.proposals
            if one.kind == PUBLISH and one.status in ("rejected", "approved", "done")
        }
        rejected = {learning for learning, status in last.items() if status == "rejected"}
        taken = {(one.company, one.learning) for one in memory.retracted.values()}
        shared = {(one.company, one.learning) for one in memory.copies.values()}
        return rejected | (taken - shared)

    # -- taking back -----------------------------------------------------------------------

    def _withdraw(self, problems: dict[str, str]) -> list[str]:
        """Take back the parts nothing of which stands any more.

        A company that cannot be read is named in `problems`, and what it shows stays.
        """
        memory, inbox = self._home.global_memory, self._home.approvals.inbox()
        parts = {
            one: quoted_in(asked.facts)
            for one in memory.state().copies.values()
            if is_pattern(one.learning) and (asked := inbox.proposal(one.proposal)) is not None
        }
        found = present(self._home, (node for quoted in parts.values() for node in quoted))
        problems.update(found.problems)
        gone: dict[str, set[str]] = {}
        for one, quoted in parts.items():
            if quoted and not found.nodes & {*quoted}:
                gone.setdefault(one.company, set()).update(quoted)
        return [
            id
            for company, nodes in sorted(gone.items())
            for id in memory.retract_parts_quoting(company, nodes)
        ]
