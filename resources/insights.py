"""Insights: asked for where they are news, made anew from what was agreed whenever published."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from coordinator.errors import MemoryUnavailable, OrchError
from coordinator.global_memory import Copy, GlobalState, Publication, is_pattern
from coordinator.insights import INSIGHT, quoted_in
from coordinator.ledger.approval_events import Ask
from coordinator.opportunities.asking import SUGGESTING
from coordinator.patterns.detection import Pattern
from coordinator.patterns.identity import is_news
from coordinator.publishing.insights import Insight, OfferInsight, Part, PatternInsight
from resources.patterns.showing import Shown, members_of
from resources.publishing.alone import alone

if TYPE_CHECKING:
    from coordinator.approvals import Inbox, Proposal
    from coordinator.opportunities.state import Suggestion
    from coordinator.patterns.state import PatternsState
    from resources.home import Home

STREAM = "insights"


@dataclass(frozen=True)
class RefreshedInsights:
    """What one refresh did: `asked` are the proposals made, `held` were over somebody's week.

    `withdrawn` are the parts taken back because nothing they quote stands any more.
    """

    asked: Sequence[Proposal] = ()
    held: int = 0
    withdrawn: Sequence[str] = ()
    problems: Mapping[str, str] = field(default_factory=dict)


class Insights:
    """What is told of patterns and offers."""

    def __init__(
        self, home: Home, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._home = home
        self._now = now

    def refresh(self) -> RefreshedInsights:
        """Take back what is gone, and ask about patterns that are news.

        Each company is asked once about a pattern, as long as nobody is asked too much. Raises
        CompanyBusy while another process does the same.
        """
        with alone(self._home.global_folder, STREAM, "all companies"):
            withdrawn = self._withdraw()
            settings = self._home.settings.detection.insights
            if not settings.ask:
                return RefreshedInsights(withdrawn=withdrawn)
            asked: list[Proposal] = []
            problems: dict[str, str] = {}
            held, budget = 0, self._home.opportunities.budget()
            for pattern, companies in self._due(settings.bar):
                made = 0
                for company in companies:
                    ask = Ask(company=company, role="publication")
                    if not budget.allows([ask]):
                        held += 1
                        continue
                    try:
                        asked.append(self.propose(pattern, company, by=SUGGESTING))
                    except OrchError as error:
                        # a company that cannot be asked now must not keep others from being
                        problems[f"{pattern.id} {company}"] = error.message
                        continue
                    budget.take([ask])
                    made += 1
                if made:
                    self._announce(pattern)
        return RefreshedInsights(asked, held, withdrawn, problems)

    def propose(self, pattern: Pattern, company: str, *, by: str | None = None) -> Proposal:
        """Ask a company's people what may be shown of its part of a pattern."""
        ranked = sorted(
            zip(pattern.likeness, pattern.members, strict=True), key=lambda one: (-one[0], one[1])
        )
        members = [node for _, node in ranked if node.startswith(f"{company}/")]
        parts = self._home.global_memory.insight_parts
        return parts.propose(company, pattern.id, members, by=by)

    def standing(self) -> list[Insight]:
        """Everything that may be published now, oldest first.

        Made anew from what stands: a pattern that fewer than two companies still say, a company
        that went, a part that was taken back are not in it, whatever was detected before.
        """
        found: list[Insight] = [*self._patterns(), *self._offers()]
        return sorted(found, key=_age)

    # -- parts -----------------------------------------------------------------------------

    def _due(self, bar: float) -> Iterator[tuple[Pattern, list[str]]]:
        """The patterns people should hear of, with the companies that were not asked yet."""
        state, inbox = self._home.patterns.state(), self._home.approvals.inbox()
        here = set(self._home.companies.names())
        for pattern in self._home.patterns.standing():
            known = state.patterns[pattern.id]
            told = known.announced_at is not None
            if not told and (pattern.score < bar or not is_news(state, pattern.members)):
                continue
            asked = _asked(inbox, pattern.id)
            companies = [one for one in pattern.companies if one not in asked and one in here]
            if companies:
                yield pattern, companies

    def _announce(self, pattern: Pattern) -> None:
        known = self._home.patterns.state().patterns[pattern.id]
        if not set(pattern.members) <= set(known.announced):
            self._home.patterns.announce(pattern)

    def _withdraw(self) -> list[str]:
        """Take back the parts nothing of which stands any more."""
        memory, inbox = self._home.global_memory, self._home.approvals.inbox()
        gone = []
        for copy in _parts(memory.state()):
            asked = inbox.proposal(copy.proposal)
            if asked is not None and not members_of(self._home, quoted_in(asked.facts)):
                memory.retract_part(copy.company, copy.learning, "what it quotes is gone")
                gone.append(copy.id)
        return gone

    def _patterns(self) -> Iterator[PatternInsight]:
        state, memory = self._home.patterns.state(), self._home.global_memory
        by_pattern: dict[str, list[Copy]] = {}
        for copy in _parts(memory.state()):
            known = state.named(copy.learning)
            if known is not None:
                by_pattern.setdefault(known.id, []).append(copy)
        told = self._told_of(state, by_pattern)
        for shown in self._home.patterns.shown(told):
            parts = self._agreed(by_pattern[shown.pattern.id], shown)
            if parts and len(shown.companies) > 1:
                known = state.patterns[shown.pattern.id]
                yield _insight(shown, parts, known.found_at, known.changed_at)

    def _told_of(self, state: PatternsState, ids: Collection[str]) -> list[Pattern]:
        """The standing patterns of these ids.

        MemoryUnavailable where the table lacks one: a lost index must not withdraw a page.
        """
        table = {one.id: one for one in self._home.patterns.standing()}
        wanted = [one.id for one in state.standing() if one.id in ids]
        if not table.keys() >= set(wanted):
            raise MemoryUnavailable(
                "the table of patterns lacks what the ledger knows",
                hint="run `orch patterns refresh`",
            )
        return [table[id] for id in wanted]

    def _agreed(self, copies: Sequence[Copy], shown: Shown) -> list[Part]:
        """The parts of companies that have the pattern still, oldest first."""
        memory, inbox = self._home.global_memory, self._home.approvals.inbox()
        standing = {one.id: one for one in copies if one.company in shown.companies}
        texts = memory.texts(standing)
        parts = []
        for id, text in texts.items():
            asked = inbox.proposal(standing[id].proposal)
            masked = asked.facts.get("masked", {}) if asked is not None else {}
            parts.append(Part(standing[id], Publication.from_text(text), masked))
        return sorted(parts, key=lambda one: (one.copy.published_at, one.copy.id))

    def _offers(self) -> Iterator[OfferInsight]:
        """Accepted suggestions whose solution is shared and whose need is open."""
        memory, here = self._home.global_memory, set(self._home.companies.names())
        state = memory.state()
        for told in self._home.opportunities.state().suggestions.values():
            if told.outcome != "accepted" or told.need_closed_at is not None:
                continue
            if not {told.owner, told.adopter} <= here:
                continue
            copies = [
                copy
                for copy in state.of_learning(told.owner, told.solution.partition("/")[2])
                if not copy.superseded_by
            ]
            for copy in copies[:1]:
                text = memory.texts({copy.id: copy}).get(copy.id)
                if text is not None:
                    yield _offer(told, copy, Publication.from_text(text))


def _asked(inbox: Inbox, pattern: str) -> set[str]:
    """The companies that were asked about a pattern; a question that became void was not."""
    return {
        one.company
        for one in inbox.proposals
        if one.kind == INSIGHT and one.subject == pattern and one.status != "void"
    }


def _parts(state: GlobalState) -> list[Copy]:
    """The standing copies that are parts of patterns, without those told by a later one."""
    return [
        one for one in state.copies.values() if is_pattern(one.learning) and not one.superseded_by
    ]


def _insight(
    shown: Shown, parts: Sequence[Part], found_at: datetime, changed_at: datetime
) -> PatternInsight:
    shows = {one.copy.company for one in parts}
    components = sum(one.kind == "component" for one in shown.members)
    return PatternInsight(
        id=shown.pattern.id,
        parts=parts,
        companies=len(shown.companies),
        others=len(set(shown.companies) - shows),
        learnings=len(shown.members) - components,
        components=components,
        cohesion=shown.pattern.cohesion,
        found_at=found_at,
        changed_at=changed_at,
    )


def _offer(told: Suggestion, copy: Copy, said: Publication) -> OfferInsight:
    return OfferInsight(
        id=told.id,
        copy=copy,
        said=said,
        score=told.score,
        features=told.features,
        offered_at=told.answered_at or told.made_at,
    )


def _age(one: Insight) -> tuple[datetime, str]:
    return (one.found_at if isinstance(one, PatternInsight) else one.offered_at), one.id
