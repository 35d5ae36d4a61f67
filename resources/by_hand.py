"""Learnings and components people wrote or declared themselves: recorded first, indexed after.

The event is the deed. The index is made equal to the ledger afterwards, under the company's lock;
when that cannot be done now, the next sync or the next call does it: nothing is lost or doubled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coordinator import by_hand
from coordinator.catalog.declared import Declared
from coordinator.errors import OrchError, UsageError, VersionConflict
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

if TYPE_CHECKING:
    import pandas as pd

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
    """What was taken back: `gone` when its words left the index too, else `problem` says why."""

    id: str
    gone: bool
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
        recorded = False
        while not recorded:
            state = self._known(company)
            if learning.id in state.learnings:
                break
            recorded = self._record(company, state, [added], by, texts=[learning.text])
        problem = self._indexed(company)
        return Added(learning.id, not problem, not recorded, problem)

    def remove_learning(
        self, company: str, learning: str, *, reason: str, by: str | None = None
    ) -> Removed:
        """Take back a learning written by hand: its words are purged, its rows leave.

        UsageError when there is none of that id; removing twice is one.
        """
        recorded = False
        while not recorded:
            state = self._known(company)
            written = state.learnings.get(learning)
            if written is None:
                raise UsageError(
                    "there is no learning of that id written by hand",
                    hint=f"`orch memory list --company {company}` shows those there are",
                )
            removed = LearningRemoved(learning=learning, reason=reason)
            purged = TextsPurged(texts=(written.text,), reason="a learning was removed")
            recorded = self._record(company, state, [removed, purged], by)
        problem = self._indexed(company)
        return Removed(learning, not problem, problem)

    def learnings(self, company: str, state: CompanyState | None = None) -> pd.DataFrame:
        """The learnings written by hand, as rows of LEARNING_COLUMNS."""
        known = state or self._home.ledger.state(company)
        return by_hand.learnings(known, self._texts(company, known))

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
        """Declare the folder `path` a component of `company`; other words replace the earlier."""
        component = by_hand.component(path, name=name, description=description, category=category)
        text = by_hand.component_text(component)
        added = ComponentAdded(component=component.id, text=text_hash(text))
        recorded = False
        while not recorded:
            state = self._known(company)
            before = state.components.get(component.id)
            if before == added.text:
                break
            events: list[Payload] = [added]
            if before is not None:
                events.append(TextsPurged(texts=(before,), reason="a component was described anew"))
            recorded = self._record(company, state, events, by, texts=[text])
        problem = self._indexed(company)
        return Added(component.id, not problem, not recorded, problem)

    def remove_component(
        self, company: str, path: str, *, reason: str, by: str | None = None
    ) -> Removed:
        """Take back the declaration of the folder `path`; what is found there by rule stays."""
        component = by_hand.component(path)
        recorded = False
        while not recorded:
            state = self._known(company)
            text = state.components.get(component.id)
            if text is None:
                raise UsageError(
                    "that folder is no component declared by hand",
                    hint=f"`orch catalog list --company {company}` shows the components",
                )
            removed = ComponentRemoved(component=component.id, reason=reason)
            purged = TextsPurged(texts=(text,), reason="a component was removed")
            recorded = self._record(company, state, [removed, purged], by)
        problem = self._indexed(company)
        return Removed(component.id, not problem, problem)

    def components(self, company: str, state: CompanyState | None = None) -> list[Declared]:
        """The components declared by hand, by path."""
        known = state or self._home.ledger.state(company)
        return by_hand.components(known, self._texts(company, known))

    # -- the index -------------------------------------------------------------------------

    def index(self, company: str) -> None:
        """Make the tables of `company` hold what the ledger says was written by hand.

        Raises CompanyBusy while a sync runs, ModelMismatch, StorageError, MemoryUnavailable.
        """
        instance = self._home.companies.instance(company)
        with instance.lock(wait_s=self._wait_s, brief=True):
            self._index_learnings(instance)

    def _index_learnings(self, instance: Instance) -> None:
        from resources.recorded_tables import RecordedTables
        from resources.tables import Written, schemas

        written, tables = self.learnings(instance.slug), instance.tables()
        held = tables.read("learnings", ["id", "source"])
        gone = set(held.loc[held["source"] == by_hand.SOURCE, "id"]) - set(written["id"])
        changed = tables.upsert("learnings", written, schema=schemas.learnings())
        if gone:
            changed = tables.delete("learnings", gone)
        stored = self._home.memory(instance.slug).store(tables.read("learnings"))
        RecordedTables(instance.slug, tables, self._home.ledger).commit(
            changed,
            Written(
                "private_memory",
                stored.embedded,
                stored.updated,
                stored.removed,
                stored.version,
                stored.rows,
            ),
        )

    def _indexed(self, company: str) -> str:
        """Why the index could not be made equal to the ledger now; empty when it could."""
        try:
            self.index(company)
        except OrchError as error:
            return str(error)
        return ""

    # -- the ledger ------------------------------------------------------------------------

    def _known(self, company: str) -> CompanyState:
        """The company's state; the ledger is told of a company it does not know yet."""
        self._home.companies.record(self._home.companies.instance(company))
        return self._home.ledger.state(company)

    def _record(
        self,
        company: str,
        state: CompanyState,
        events: Sequence[Payload],
        by: str | None,
        *,
        texts: Sequence[str] = (),
    ) -> bool:
        """Append `events` to what `state` knows; False when somebody else was first."""
        try:
            self._home.ledger.append(
                f"company:{company}",
                [NewEvent(event.event_type, event, company, actor=by) for event in events],
                expected_version=state.version,
                texts=texts,
            )
        except VersionConflict:
            return False
        return True

    def _texts(self, company: str, state: CompanyState) -> dict[str, str]:
        return self._home.ledger.texts(company, by_hand.text_hashes(state))
