"""What an asset of one company works with: its instance, tables, memory and ledger entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import dagster as dg

from coordinator.git import Snapshot
from coordinator.ledger.company_state import CompanyState
from coordinator.ports import Progress
from coordinator.versions import memory_version, sync_version
from resources.git import Mirror
from resources.home import Home
from resources.instances import Instance
from resources.progress import current_progress
from resources.recorded_tables import RecordedTables
from resources.sync_log import SyncLog


@dataclass
class CompanyRun:
    """One company inside one Dagster run."""

    home: Home
    instance: Instance
    run_id: str
    progress: Progress

    @classmethod
    def of(cls, context: dg.AssetExecutionContext, home: Home) -> CompanyRun:
        instance = home.companies.instance(context.partition_key)
        progress = current_progress() or LoggedProgress(context.log)
        return cls(home, instance, context.run.run_id, progress)

    @property
    def company(self) -> str:
        return self.instance.slug

    @cached_property
    def state(self) -> CompanyState:
        """What the ledger knew when this asset first asked.

        Read once: what is written by hand while the asset works is not in its rows, so it must
        not be in the version they are recorded with either.
        """
        return self.home.ledger.state(self.company)

    @cached_property
    def version(self) -> str:
        """The version of the repository as fetched: its head, settings, rules, words by hand."""
        with self.instance.mirror() as mirror:
            return sync_version(mirror.head(), self.instance.settings_hash, self.state)

    @cached_property
    def memory_version(self) -> str:
        """The version of everything that is learned from: all sources, settings, rules, words."""
        return memory_version(self.instance.settings_hash, self.state)

    def version_of(self, asset: str) -> str:
        """The version `asset` was last computed from; this run's when it never was."""
        computed = self.state.assets.get(asset)
        return computed.input_version if computed is not None else self.memory_version

    def counts(self, asset: str) -> Mapping[str, int]:
        """What `asset` counted when it was last computed."""
        computed = self.state.assets.get(asset)
        return computed.counts if computed is not None else {}

    def begin(self, head: str) -> None:
        """Record that a sync of `head` was begun, unless that version is complete already."""
        cursor = self.state.cursors.get("git")
        wanted = sync_version(head, self.instance.settings_hash, self.state)
        if cursor is None or cursor.cursor != wanted:
            self.syncs.requested("new head, settings, rules or words", run=self.run_id)

    @property
    def syncs(self) -> SyncLog:
        return SyncLog(self.company, self.home.ledger)

    @cached_property
    def tables(self) -> RecordedTables:
        return RecordedTables(self.company, self.instance.tables(), self.home.ledger)


def current_tree(mirror: Mirror) -> Snapshot:
    """The tree of the fetched head; one without entries for an empty repository."""
    return mirror.snapshot() if mirror.head() else Snapshot("", "", ())


class LoggedProgress:
    """Progress as lines of the run's log, at most ten for each piece of work."""

    def __init__(self, log: dg.DagsterLogManager) -> None:
        self._log = log
        self._label = ""
        self._total: int | None = None
        self._done = 0
        self._told = 0

    def start(self, label: str, total: int | None) -> None:
        self._label, self._total, self._done, self._told = label, total, 0, 0

    def advance(self, amount: int = 1) -> None:
        self._done += amount
        tenth = self._done * 10 // self._total if self._total else 0
        if tenth > self._told:
            self._told = tenth
            self._log.info(f"{self._label}: {self._done} of {self._total}")

    def finish(self) -> None:
        self._label = ""
