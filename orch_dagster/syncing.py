"""Syncs companies in this process: the same job the UI and the sensors run."""

from __future__ import annotations

import errno
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from coordinator.errors import CompanyBusy, OrchError, StorageError
from coordinator.ports import Progress
from coordinator.sweeps import due
from resources.home import Home
from resources.polling import poll_heads
from resources.progress import listening
from resources.sync_log import SyncLog

if TYPE_CHECKING:
    import dagster as dg

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
CHANGES = ("inserted", "updated", "deleted", "embedded", "removed", "new_commits")


@dataclass(frozen=True)
class Synced:
    """What became of one company: `outcome` is ``synced``, ``unchanged`` or ``failed``.

    `counts` holds rows by what was done to them (inserted, updated, deleted, embedded, …).
    """

    company: str
    outcome: str
    error: str = ""
    hint: str = ""
    head: str = ""
    seconds: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def sync_companies(
    home: Home,
    names: Sequence[str],
    *,
    force: bool = False,
    progress: Callable[[str], Progress],
    done: Callable[[Synced], None] = lambda _: None,
) -> list[Synced]:
    """Sync each of `names` that changed since its last complete sync, one after the other.

    A company that fails does not stop the others. When anything changed, the component catalog
    over all companies is refreshed at the end.
    """
    results: list[Synced] = []

    def finish(result: Synced) -> None:
        results.append(result)
        done(result)

    waiting = _changed(home, names, finish, force=force)
    if waiting:
        try:
            with _DagsterRuns(home) as runs:
                for name in waiting:
                    listener = progress(name)
                    try:
                        with listening(listener):
                            finish(runs.sync(name))
                    finally:
                        listener.finish()
                if any(result.outcome == "synced" for result in results):
                    runs.refresh_catalog()
        except Exception as error:
            raise _expected(error) or error from None
    return results


def _changed(
    home: Home, names: Sequence[str], finish: Callable[[Synced], None], *, force: bool
) -> list[str]:
    """The companies to run; the others are finished here, as unchanged or unreadable."""
    hashes: dict[str, str] = {}
    for name in names:
        try:
            instance = home.companies.instance(name)
            hashes[name] = instance.settings_hash
            home.companies.record(instance)
        except OrchError as error:
            finish(Synced(name, "failed", error.message, error.hint))
    states = {name: home.ledger.state(name) for name in hashes}
    polls = poll_heads(home.companies, list(hashes))
    wanted = {found.company for found in due(polls, hashes, states)}
    for poll in polls:
        if poll.head is None:
            finish(Synced(poll.company, "failed", poll.error))
        elif poll.company not in wanted and not force:
            rows = {name: table.rows for name, table in states[poll.company].tables.items()}
            finish(Synced(poll.company, "unchanged", head=poll.head, counts=rows))
    readable = [poll.company for poll in polls if poll.head is not None]
    return [name for name in readable if force or name in wanted]


class _DagsterRuns:
    """Runs our jobs in this process, recorded where the UI looks."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._stack = ExitStack()

    def __enter__(self) -> _DagsterRuns:
        import dagster as dg

        from assets.partitions import company_partitions
        from orch_dagster.definitions import definitions_for

        self._partitions = str(company_partitions.name)

        self._instance = self._stack.enter_context(
            dg.DagsterInstance.from_config(str(self._home.dagster_folder))
        )
        self._definitions = definitions_for(str(self._home.path))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def sync(self, company: str) -> Synced:
        """Run `sync_company` for one company; a failure is a result: the others go on."""
        began = time.monotonic()
        self._instance.add_dynamic_partitions(self._partitions, [company])
        try:
            result = self._run("sync_company", company)
        except Exception as error:
            return self._failed(company, error)
        counts, head, notes = _told(result)
        seconds = time.monotonic() - began
        return Synced(company, "synced", head=head, counts=counts, notes=notes, seconds=seconds)

    def _failed(self, company: str, error: Exception) -> Synced:
        known = _expected(error)
        if isinstance(known, CompanyBusy):
            return Synced(company, "failed", known.message, known.hint)
        kind = "unexpected" if known is None else type(known).__name__
        SyncLog(company, self._home.ledger).failed(kind, "orch sync", run="")
        if known is None:
            said = f"stopped by an unexpected {type(error).__name__}"
            return Synced(company, "failed", said, "`orch up` shows the run and where it stopped")
        return Synced(company, "failed", known.message, known.hint)

    def refresh_catalog(self) -> None:
        """Compare the components of all companies again."""
        self._run("refresh_catalog", None)

    def _run(self, job: str, company: str | None) -> dg.ExecuteInProcessResult:
        from dagster import DagsterExecutionInterruptedError

        definition = self._definitions.resolve_job_def(job)
        try:
            return definition.execute_in_process(
                instance=self._instance, partition_key=company, run_config=QUIET
            )
        except DagsterExecutionInterruptedError:
            # Dagster takes Ctrl-C for itself while a run goes on
            raise KeyboardInterrupt from None


def _expected(error: BaseException | None) -> OrchError | None:
    """The OrchError among what Dagster wrapped around it; chains of causes may go in circles."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, OrchError):
            return error
        if _says_full(error):
            return StorageError("the disk is full", hint="free some space and sync again")
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None


def _says_full(error: BaseException) -> bool:
    """Whether Dagster's own storage, or any file, found the disk full."""
    number = error.errno if isinstance(error, OSError) else None
    return number in (errno.ENOSPC, errno.EDQUOT) or "disk is full" in str(error)


def _told(result: dg.ExecuteInProcessResult) -> tuple[dict[str, int], str, tuple[str, ...]]:
    """What the assets of a run counted, summed over them; the head they read; notes to people."""
    counts: Counter[str] = Counter()
    head, notes = "", []
    for event in result.get_asset_materialization_events():
        asset = event.asset_key.path[-1] if event.asset_key else ""
        metadata = event.step_materialization_data.materialization.metadata
        values = {name: value.value for name, value in metadata.items()}
        for name in CHANGES:
            counts[name] += values.get(name, 0)
        counts[asset] = values.get("dagster/row_count", 0)
        head = values.get("head", head)
        notes += values.get("notes", [])
    return dict(counts), head, tuple(notes)
