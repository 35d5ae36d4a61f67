"""Learnings and components people wrote or declared themselves: recorded first, indexed after.

The event is the deed. The index is made equal to the ledger afterwards, under the company's lock;
when that cannot be done now, the next sync or the next call does it: nothing is lost or doubled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coordinator import by_hand
from coordinator.catalog.declared import Declared
from coordinator.catalog.tree import ROOT, Tree
from coordinator.errors import CompanyBusy, OrchError, UsageError, VersionConflict
from coordinator.global_memory import PUBLISH, learnings_of
from coordinator.insights import INSIGHT
from coordinator.ledger.company_events import (
    ComponentAdded,
    ComponentRemoved,
    LearningAdded,
    LearningRemoved,
)
from coordinator.ledger.company_state import CompanyState
from coordinator.ledger.coordinator_events import TextsPurged
from coordinator.ledger.events import NewEvent, text_hash
from coordinator.ledger.payloads import Payload
from coordinator.reasons import reason as checked
from resources.patterns_page import forget_page

if TYPE_CHECKING:
    import pandas as pd

    from resources.by_hand_index import ByHandIndex
    from resources.home import Home
    from resources.instances import Instance

WAIT_S = 10.0
"""How long a person waits for a sync of the company to end before the index is left to it."""


@dataclass(frozen=True)
class Added:
    """What was recorded: `already` when it stood there before.

    `searchable` says that the index holds it; else `problem` says why not yet.
    """

    id: str
    searchable: bool
    already: bool
    problem: str = ""


@dataclass(frozen=True)
class Removed:
    """What was taken back: `already` when it had been before.

    `gone` says that its words left the index too; else `problem` says why not yet.
    """

    id: str
    gone: bool
    already: bool
    problem: str = ""


class ByHand:
    """What is written by hand in all companies of one home."""

    def __init__(self, home: Home, *, wait_s: float = WAIT_S) -> None:
        self._home = home
        self._wait_s = wait_s

    # -- learnings -------------------------------------------------------------------------

    def add_learning(
        self,
        company: str,
        content: str,
        *,
        category: str,
        title: str = "",
        language: str | None = None,
        by: str | None = None,
    ) -> Added:
        """Record a learning of `company` and make it searchable; the same words only once.

        Raises UsageError for a text that cannot be a learning, CompanyError, LedgerError. A busy
        or damaged index raises nothing: the learning is recorded, and the result says so.
        """
        learning = by_hand.learning(content, category=category, title=title, language=language)
        added = LearningAdded(
            learning=learning.id,
            category=learning.category,
            language=learning.language,
            text=text_hash(learning.text),
        )

        def decide(state: CompanyState) -> Sequence[Payload]:
            return [] if learning.id in state.learnings else [added]

        recorded = self._record(company, decide, by, texts=[learning.text])
        problem = self._indexed(company)
        return Added(learning.id, not problem, not recorded, problem)

    def remove_learning(
        self, company: str, learning: str, *, reason: str, by: str | None = None
    ) -> Removed:
        """Take back a learning written by hand: its words are purged and leave the index.

        What still asks to share it is void, and what quotes it of a pattern is taken back; a copy
        of it that was shared stays until it is retracted.
        UsageError when there never was one of that id. Removed before: nothing is recorded, and
        what a killed removal left goes.
        """
        said = checked(reason)

        def decide(state: CompanyState) -> Sequence[Payload]:
            written = state.learnings.get(learning)
            if written is None:
                return []
            purged = TextsPurged(texts=(written.text,), reason="a learning was removed")
            return [LearningRemoved(learning=learning, reason=said), purged]

        recorded = self._record(company, decide, by)
        if not recorded and learning not in self._removed(company, LearningRemoved):
            raise _no_learning(company)
        self._close_questions(company, learning)
        forget_page(self._home)
        unquoted = self._unquoted(company, learning)
        problem = self._indexed(company) or unquoted
        return Removed(learning, not problem, not recorded, problem)

    def learnings(self, company: str, state: CompanyState | None = None) -> pd.DataFrame:
        """The learnings written by hand, as rows of LEARNING_COLUMNS."""
        known = state or self._known(company)
        return by_hand.learnings(known, self._texts(company, known))

    def title(self, company: str, learning: str) -> str:
        """The title of a learning written by hand; UsageError when there is none of that id."""
        frame = self.learnings(company)
        titles = frame.loc[frame["id"] == learning, "title"]
        if titles.empty:
            raise _no_learning(company)
        return str(titles.iloc[0])

    # -- components ------------------------------------------------------------------------

    def add_component(
        self,
        company: str,
        path: str,
        *,
        name: str = "",
        description: str = "",
        category: str = "",
        by: str | None = None,
    ) -> Added:
        """Declare the folder `path` a component of `company`; other words replace the earlier.

        UsageError, besides for words that cannot be used, for a folder the fetched tree lacks.
        """
        component = by_hand.component(path, name=name, description=description, category=category)
        self._check_there(company, component)
        text = by_hand.component_text(component)
        added = ComponentAdded(component=component.id, text=text_hash(text))

        def decide(state: CompanyState) -> Sequence[Payload]:
            before = state.components.get(component.id)
            if before is None or before == added.text:
                return [] if before else [added]
            return [added, TextsPurged(texts=(before,), reason="a component was described anew")]

        recorded = self._record(company, decide, by, texts=[text])
        problem = self._indexed(company, components=True)
        return Added(component.id, not problem, not recorded, problem)

    def remove_component(
        self, company: str, path: str, *, reason: str, by: str | None = None
    ) -> Removed:
        """Take back the declaration of the folder `path`; what rules find there stays.

        UsageError when it never was declared; as `remove_learning` when it is no more.
        """
        component, said = by_hand.component(path), checked(reason)

        def decide(state: CompanyState) -> Sequence[Payload]:
            text = state.components.get(component.id)
            if text is None:
                return []
            purged = TextsPurged(texts=(text,), reason="a component was removed")
            return [ComponentRemoved(component=component.id, reason=said), purged]

        recorded = self._record(company, decide, by)
        if not recorded and component.id not in self._removed(company, ComponentRemoved):
            raise UsageError(
                f"{company} has no component of that folder declared by hand",
                hint=f"`orch catalog list --company {company}` shows the components",
            )
        problem = self._indexed(company, components=True)
        return Removed(component.id, not problem, not recorded, problem)

    def components(self, company: str, state: CompanyState | None = None) -> list[Declared]:
        """The components declared by hand, by path."""
        known = state or self._known(company)
        return by_hand.components(known, self._texts(company, known))

    # -- the index -------------------------------------------------------------------------

    def index(self, company: str, *, components: bool = True) -> bool:
        """Make the tables of `company` hold what the ledger says was written by hand.

        False when components were asked for and there is no fetched tree to find them in. Raises
        CompanyBusy while a sync runs, ModelMismatch, StorageError, MemoryUnavailable.
        """
        instance = self._home.companies.instance(company)
        with instance.lock(wait_s=self._wait_s, brief=True):
            # read under the lock: who adds meanwhile waits here and looks again
            state = self._state(company)
            index = self.index_of(instance)
            index.store_learnings(self.learnings(company, state))
            return not components or index.store_components(self.components(company, state))

    def index_of(self, instance: Instance) -> ByHandIndex:
        """The index of one company, for whoever holds its lock."""
        from resources.by_hand_index import ByHandIndex

        return ByHandIndex(instance, self._home.memory(instance.slug), self._home.ledger)

    def _indexed(self, company: str, *, components: bool = False) -> str:
        """Why the index could not be made equal to the ledger now; empty when it was."""
        sync = f"`orch sync {company}`"
        try:
            if not self.index(company, components=components):
                return f"its repository was not read yet; {sync} does"
        except CompanyBusy:
            return f"a sync of {company} is running; when it has ended, {sync} brings this in"
        except OrchError as error:
            return str(error)
        return ""

    # -- the ledger ------------------------------------------------------------------------

    def _record(
        self,
        company: str,
        decide: Callable[[CompanyState], Sequence[Payload]],
        by: str | None,
        *,
        texts: Sequence[str] = (),
    ) -> bool:
        """Append the events `decide` finds due in the company's state; False when none are.

        Who loses against another writer looks again: no word is recorded twice.
        """
        while True:
            # a folder put back from a backup: what is written now would go with its creation
            self._home.companies.record(self._home.companies.instance(company))
            state = self._state(company)
            events = [NewEvent(one.event_type, one, company, actor=by) for one in decide(state)]
            if not events:
                return False
            with suppress(VersionConflict):
                self._home.ledger.append(
                    f"company:{company}", events, expected_version=state.version, texts=texts
                )
                return True

    def _known(self, company: str) -> CompanyState:
        """The state of a company there is; CompanyError when there is none."""
        self._home.companies.instance(company)
        return self._state(company)

    def _state(self, company: str) -> CompanyState:
        return self._home.ledger.state(company)

    def _texts(self, company: str, state: CompanyState) -> dict[str, str]:
        return self._home.ledger.texts(company, by_hand.text_hashes(state))

    def _removed(self, company: str, kind: type[LearningRemoved | ComponentRemoved]) -> set[str]:
        """The ids of everything of a kind that was ever taken back."""
        events = self._home.ledger.read(stream=f"company:{company}", event_type=kind.event_type)
        removed = (event.payload for event in events)
        return {
            one.learning if isinstance(one, LearningRemoved) else one.component
            for one in removed
            if isinstance(one, LearningRemoved | ComponentRemoved)
        }

    def _close_questions(self, company: str, learning: str) -> None:
        """Void what asks to share a learning that is gone, and purge the words it showed."""
        state = self._home.global_memory.state()
        asked = [
            one
            for one in self._home.approvals.inbox().proposals
            if one.kind in (PUBLISH, INSIGHT) and (company, learning) in learnings_of(one, state)
        ]
        for proposal in asked:
            if proposal.is_open:
                self._home.approvals.void(proposal.number, "its learning was removed")
        shared = {one.content for one in state.copies.values()}
        left = sorted(
            self._home.ledger.texts(company, sorted({one.content for one in asked} - shared))
        )
        if left:
            purged = TextsPurged(texts=tuple(left), reason="a learning was removed")
            self._record(company, lambda _: [purged], None)

    def _unquoted(self, company: str, learning: str) -> str:
        """Why what quotes the learning could not be taken back now; empty when it was."""
        try:
            self._home.global_memory.retract_parts_quoting(company, [f"{company}/{learning}"])
        except OrchError as error:
            return str(error)
        return ""

    def _check_there(self, company: str, component: Declared) -> None:
        with self._home.companies.instance(company).mirror() as mirror:
            if not mirror.head() or component.path == ROOT:
                return
            if not Tree(mirror.snapshot()).under(component.path):
                raise UsageError(
                    "there is no such folder in the repository as it was last read",
                    hint=f"mind capitals; `orch sync {company}` reads what is new",
                )


def _no_learning(company: str) -> UsageError:
    return UsageError(
        f"{company} has no learning of that id written by hand",
        hint=f"`orch memory list --company {company}` shows those there are",
    )
