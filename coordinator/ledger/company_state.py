"""What the ledger knows of one company, folded from the events of its stream.

A pure reducer: same events, same state, on any machine, at any time. It takes events as they are:
the order was decided when they were appended, and a surprising event (a second creation) must
never make a company unreadable for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from coordinator.ledger import company_events as events
from coordinator.ledger.coordinator_events import TextsPurged
from coordinator.ledger.events import Event
from coordinator.ledger.reducer import Reducer

REDUCER_VERSION = 4
"""Goes up whenever `company_state` makes another state of the same events."""


@dataclass(frozen=True)
class Cursor:
    """How far a source was read, and how often the cursor has moved."""

    cursor: str
    moves: int


@dataclass(frozen=True)
class TableState:
    """What a table held after its last recorded commit."""

    version: int
    rows: int


@dataclass(frozen=True)
class AssetState:
    """From which input an asset was last computed, and what came out."""

    input_version: str
    data_version: str
    rows: int
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class MemoryState:
    """The embedding model of the private memory, its width, and the rows it was rebuilt with."""

    model: str
    width: int
    rows: int


@dataclass(frozen=True)
class Failure:
    """The last failed sync of a source: its error's class, where it stopped, when, and how many
    failed in a row."""

    error_kind: str
    stage: str
    at: datetime
    in_a_row: int


@dataclass(frozen=True)
class WrittenLearning:
    """A learning written by hand; `text` is the hash of its words, which are kept apart."""

    id: str
    category: str
    language: str
    text: str
    at: datetime


@dataclass(frozen=True)
class CompanyState:
    """One company as the ledger knows it; `version` is that of the last event folded in.

    `created_at_version` is that of its creation: it tells it from an earlier one of its name.
    `syncs` counts completed syncs, `synced_at` is the last of each source, `failures` those since
    then. `learnings` are those written by hand, by id, and `components` those declared by hand,
    as hashes of their texts. A removal leaves nothing but `version`.
    """

    version: int = 0
    exists: bool = False
    created_at_version: int = 0
    settings_hash: str = ""
    cloned_from: str = ""
    cursors: Mapping[str, Cursor] = field(default_factory=dict)
    tables: Mapping[str, TableState] = field(default_factory=dict)
    assets: Mapping[str, AssetState] = field(default_factory=dict)
    memory: MemoryState | None = None
    syncs: int = 0
    last_sync_requested_at: datetime | None = None
    last_sync_at: datetime | None = None
    synced_at: Mapping[str, datetime] = field(default_factory=dict)
    last_sync_counts: Mapping[str, int] = field(default_factory=dict)
    failures: Mapping[str, Failure] = field(default_factory=dict)
    learnings: Mapping[str, WrittenLearning] = field(default_factory=dict)
    components: Mapping[str, str] = field(default_factory=dict)

    def rows(self, table: str) -> int:
        """Rows of `table` after its last recorded commit, 0 when it has none."""
        return self.tables[table].rows if table in self.tables else 0


def company_state(stream: Iterable[Event]) -> CompanyState:
    """Fold the events of one company's stream, oldest first.

    Raises UnknownEvent for a type this reducer has no rule for: leaving it out would make a state
    that never was.
    """
    return COMPANY.fold(stream)


def _created(_: CompanyState, created: events.CompanyCreated, event: Event) -> CompanyState:
    return CompanyState(
        exists=True,
        created_at_version=event.version,
        settings_hash=created.settings_hash,
        cloned_from=created.cloned_from,
    )


def _changed(state: CompanyState, changed: events.CompanyChanged, _: Event) -> CompanyState:
    return replace(state, settings_hash=changed.settings_hash)


def _removed(_: CompanyState, __: events.CompanyRemoved, ___: Event) -> CompanyState:
    return CompanyState()


def _cloned(state: CompanyState, cloned: events.DataCloned, _: Event) -> CompanyState:
    # the copy's table versions are its own and follow with its first commit
    copied = {name: TableState(version=0, rows=rows) for name, rows in cloned.tables.items()}
    return replace(state, tables={**state.tables, **copied})


def _requested(state: CompanyState, _: events.SyncRequested, event: Event) -> CompanyState:
    return replace(state, last_sync_requested_at=event.occurred_at)


def _completed(state: CompanyState, completed: events.SyncCompleted, event: Event) -> CompanyState:
    return replace(
        state,
        syncs=state.syncs + 1,
        failures={
            source: one for source, one in state.failures.items() if source not in completed.sources
        },
        last_sync_at=event.occurred_at,
        synced_at={**state.synced_at, **dict.fromkeys(completed.sources, event.occurred_at)},
        last_sync_counts=dict(completed.counts),
    )


def _failed(state: CompanyState, failed: events.SyncFailed, event: Event) -> CompanyState:
    before = state.failures.get(failed.source)
    failure = Failure(
        failed.error_kind,
        failed.stage,
        event.occurred_at,
        in_a_row=before.in_a_row + 1 if before else 1,
    )
    return replace(state, failures={**state.failures, failed.source: failure})


def _moved(state: CompanyState, moved: events.CursorMoved, _: Event) -> CompanyState:
    before = state.cursors.get(moved.source)
    cursor = Cursor(moved.cursor, moves=before.moves + 1 if before else 1)
    return replace(state, cursors={**state.cursors, moved.source: cursor})


def _committed(state: CompanyState, committed: events.TableCommitted, _: Event) -> CompanyState:
    table = TableState(committed.version, committed.rows)
    return replace(state, tables={**state.tables, committed.table: table})


def _computed(state: CompanyState, computed: events.AssetComputed, _: Event) -> CompanyState:
    asset = AssetState(
        computed.input_version, computed.data_version, computed.rows, dict(computed.counts)
    )
    return replace(state, assets={**state.assets, computed.asset: asset})


def _rebuilt(state: CompanyState, rebuilt: events.MemoryRebuilt, _: Event) -> CompanyState:
    return replace(state, memory=MemoryState(rebuilt.model, rebuilt.width, rebuilt.rows))


def _learned(state: CompanyState, added: events.LearningAdded, event: Event) -> CompanyState:
    learning = WrittenLearning(
        added.learning, added.category, added.language, added.text, event.occurred_at
    )
    return replace(state, learnings={**state.learnings, added.learning: learning})


def _unlearned(state: CompanyState, removed: events.LearningRemoved, _: Event) -> CompanyState:
    kept = {key: one for key, one in state.learnings.items() if key != removed.learning}
    return replace(state, learnings=kept)


def _declared(state: CompanyState, added: events.ComponentAdded, _: Event) -> CompanyState:
    return replace(state, components={**state.components, added.component: added.text})


def _undeclared(state: CompanyState, removed: events.ComponentRemoved, _: Event) -> CompanyState:
    kept = {key: one for key, one in state.components.items() if key != removed.component}
    return replace(state, components=kept)


def _unchanged(state: CompanyState, _: TextsPurged, __: Event) -> CompanyState:
    return state


COMPANY: Reducer[CompanyState] = Reducer(
    name="company",
    version=REDUCER_VERSION,
    initial=CompanyState(),
    rules={
        events.CompanyCreated: _created,
        events.CompanyChanged: _changed,
        events.CompanyRemoved: _removed,
        events.DataCloned: _cloned,
        events.SyncRequested: _requested,
        events.SyncCompleted: _completed,
        events.SyncFailed: _failed,
        events.CursorMoved: _moved,
        events.TableCommitted: _committed,
        events.AssetComputed: _computed,
        events.MemoryRebuilt: _rebuilt,
        events.LearningAdded: _learned,
        events.LearningRemoved: _unlearned,
        events.ComponentAdded: _declared,
        events.ComponentRemoved: _undeclared,
        TextsPurged: _unchanged,
    },
)
"""The reducer of the streams ``company:<slug>``."""
