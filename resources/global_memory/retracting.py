"""Taking copies back: out of the open proposals, the ledger's texts, the table and its files.

Every step can be taken again and does nothing twice, so a crash is healed by the next call.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coordinator.approvals import Inbox, Proposal, Roles
from coordinator.errors import MemoryUnavailable, UsageError
from coordinator.global_memory import Copy, GlobalState, learnings_of
from coordinator.insights import quoted_in
from coordinator.ledger.approval_events import Ask, Role
from coordinator.ledger.coordinator_events import TextsPurged
from coordinator.ledger.events import NewEvent
from coordinator.ledger.global_events import LearningRetracted
from coordinator.reasons import reason as checked
from resources.global_memory.index import GlobalIndex
from resources.global_memory.records import GlobalRecords
from resources.patterns_page import forget_page

if TYPE_CHECKING:
    from resources.home import Home

ROLES: tuple[Role, ...] = ("publication", "export", "import")
OUTDATED = "what it quotes is gone"
"""Why a part of a pattern is taken back whose words stand no more: it may be asked for anew."""
MOST_PURGED = 5_000
"""Hashes in one event: ten thousand would come near the bound of a payload."""


@dataclass(frozen=True)
class Retracted:
    """A copy that was taken back, and the companies that had been shown a copy of its learning.

    `published` are the addresses where it stands on Jira, Confluence and Supabase until the next
    delivery.
    """

    id: str
    seen_by: tuple[str, ...]
    published: tuple[str, ...] = ()


class Retracting:
    """The way back of a learning that was shared."""

    def __init__(self, home: Home, records: GlobalRecords, index: GlobalIndex) -> None:
        self._home = home
        self._records = records
        self._index = index

    def retract(self, id: str, *, reason: str, by: str | None = None) -> Retracted:
        """Take back the learning of copy `id`, with every copy of it, in the name of `by`.

        NotPermitted unless `by` holds a role of the company that shared it.
        """
        said = checked(reason)
        copy = self._copy(id)
        actor = self._home.actor if by is None else by
        self._check_role(copy.company, actor)
        published = self._published(copy)
        self._take_back(copy.company, copy.learning, said, actor)
        self._clear()
        seen_by = self._records.state().seen_by(copy.company, copy.learning)
        return Retracted(id, seen_by, published)

    def would_retract(self, id: str) -> Retracted:
        """What `retract` would say, without taking anything back."""
        copy = self._copy(id)
        seen_by = self._records.state().seen_by(copy.company, copy.learning)
        return Retracted(id, seen_by, self._published(copy))

    def retract_company(self, company: str, reason: str) -> list[Retracted]:
        """Take back everything `company` shared, void what is asked of it, purge its words."""
        state = self._records.state()
        for proposal in self._home.approvals.inbox().proposals:
            if proposal.is_open and proposal.concerns(company):
                self._home.approvals.void(proposal.number, f"'{company}' was removed")
        standing = state.of_company(company)
        for learning in sorted({one.learning for one in standing}):
            self._take_back(company, learning, reason, None)
        self._clear()
        self._purge(company, self._home.ledger.text_hashes(company), "its company was removed")
        return [Retracted(one.id, state.seen_by(company, one.learning)) for one in standing]

    def retract_parts_quoting(self, company: str, nodes: Collection[str]) -> list[str]:
        """Take back what `company` shows of patterns in words of `nodes`, which stand no more.

        No role is asked. Returns the ids of the copies.
        """
        inbox, parts = self._home.approvals.inbox(), []
        for one in self._records.state().of_company(company):
            asked = inbox.proposal(one.proposal)
            if asked is not None and {*quoted_in(asked.facts)} & {*nodes}:
                parts.append(one)
        for pattern in sorted({one.learning for one in parts}):
            self._take_back(company, pattern, OUTDATED, None)
        if parts:
            self._clear()
        return [one.id for one in parts]

    def _published(self, copy: Copy) -> tuple[str, ...]:
        """Where copies of its learning, and what quotes it, are published."""
        copies = self._quoting(self._records.state(), copy.company, copy.learning)
        if not copies:
            return ()
        subjects = {f"copy:{one.id}" for one in copies}
        subjects |= self._home.insights.subjects_of(copies)
        places = self._home.publishing.where_are(subjects)
        return tuple(sorted([*places, *self._home.pushing.where_copies_stand()]))

    def forget_texts(self) -> None:
        """Purge what is still kept of retracted words, whoever owns it."""
        state = self._records.state()
        self._forget(state, {(one.company, one.learning) for one in state.retracted.values()})

    def forget_quoted(self, proposal: Proposal) -> None:
        """Purge what the closed `proposal` quoted and is retracted."""
        state = self._records.state()
        retracted = {(one.company, one.learning) for one in state.retracted.values()}
        self._forget(state, learnings_of(proposal, state) & retracted)

    def _forget(self, state: GlobalState, retracted: set[tuple[str, str]]) -> None:
        if not retracted:
            return
        inbox = self._home.approvals.inbox()
        leftover: dict[str, set[str]] = {}
        for company, learning in retracted:
            if not state.of_learning(company, learning):
                for owner, text in _words(state, inbox, company, learning):
                    leftover.setdefault(owner, set()).add(text)
        for owner, hashes in sorted(leftover.items()):
            self._purge(owner, sorted(hashes), "what it quotes was retracted")

    def _take_back(self, company: str, learning: str, reason: str, actor: str | None) -> None:
        self._void(company, learning)

        def change(state: GlobalState) -> tuple[list[NewEvent], None]:
            return [
                NewEvent(
                    "learning_retracted",
                    LearningRetracted(id=one.id, reason=reason, seen_by=one.seen_by),
                    company=company,
                    actor=actor,
                )
                for one in self._quoting(state, company, learning)
            ], None

        self._records.change(change)

    def _quoting(self, state: GlobalState, company: str, learning: str) -> list[Copy]:
        """The standing copies of a learning, and the parts of patterns that quote it."""
        inbox = self._home.approvals.inbox()
        found = []
        for one in state.of_company(company):
            asked = inbox.proposal(one.proposal)
            quoted = learnings_of(asked, state) if asked is not None else set()
            if one.learning == learning or (company, learning) in quoted:
                found.append(one)
        return found

    def _void(self, company: str, learning: str) -> None:
        """Nothing that quotes the learning may be approved any more."""
        state = self._records.state()
        for proposal in self._home.approvals.inbox().proposals:
            if proposal.is_open and (company, learning) in learnings_of(proposal, state):
                self._home.approvals.void(proposal.number, "its learning was retracted")

    def _clear(self) -> None:
        """What follows from the events: words purged, the table without the rows, files too."""
        self.forget_texts()
        forget_page(self._home)
        try:
            self._index.store()
        except MemoryUnavailable:
            # damaged, or of another model: a text must go even then
            self._index.start_over()

    def _purge(self, owner: str, hashes: list[str], reason: str) -> None:
        """Purge those texts of `owner` that are kept and that nothing standing names."""
        state, inbox = self._records.state(), self._home.approvals.inbox()
        needed = {one.content for one in state.of_company(owner)}
        needed |= {one.content for one in inbox.proposals if one.is_open and one.company == owner}
        kept = sorted(self._home.ledger.texts(owner, hashes).keys() - needed)
        for start in range(0, len(kept), MOST_PURGED):
            purged = TextsPurged(texts=tuple(kept[start : start + MOST_PURGED]), reason=reason)
            self._records.append(NewEvent(purged.event_type, purged, company=owner))

    def _copy(self, id: str) -> Copy:
        copy = self._records.state().any_copy(id)
        if copy is None:
            raise UsageError(
                "there is no copy of that id in the global memory",
                hint="`orch memory shared` lists them",
            )
        return copy

    def _check_role(self, company: str, actor: str) -> None:
        settings = self._home.companies.instance(company).settings
        roles = Roles({company: settings})
        asks = [Ask(company=company, role=role) for role in ROLES]
        if not any(roles.may(actor, ask) for ask in asks):
            roles.check(actor, asks[0])


def _words(state: GlobalState, inbox: Inbox, company: str, learning: str) -> set[tuple[str, str]]:
    """Owner and hash of every text that quotes the learning."""
    return {
        (proposal.company, proposal.content)
        for proposal in inbox.proposals
        if (company, learning) in learnings_of(proposal, state)
    }
