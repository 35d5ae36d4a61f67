"""Syncs companies in this process: the same job the UI and the sensors run."""

from __future__ import annotations

import errno
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from coordinator.errors import CompanyBusy, OrchError, StorageError
from coordinator.ledger.company_events import Source
from coordinator.ledger.company_state import CompanyState
from coordinator.ports import Progress
from coordinator.sweeps import due
from coordinator.versions import SOURCE_ASSETS
from resources.home import Home
from resources.polling import poll_heads
from resources.progress import listening
from resources.sync_log import SyncLog

if TYPE_CHECKING:
    import dagster as dg

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
SERVICES: tuple[Source, ...] = ("jira", "confluence", "supabase")
JOBS: Mapping[Source, str] = {
    "git": "sync_company",
    "jira": "sync_jira",
    "confluence": "sync_confluence",
    "supabase": "sync_supabase",
}
CHANGES = ("inserted", "updated", "deleted", "embedded", "removed", "new_commits")


@dataclass(frozen=True)
class Synced:
    """What became of one company.

    `outcome` is ``synced``, ``unchanged``, ``failed``, or ``in part`` when some of its sources
    could be read and others not. `sources` are those that were read. `counts` holds rows by what
    was done to them (inserted, updated, deleted, embedded, …).
    """

    company: str
    outcome: str
    error: str = ""
    hint: str = ""
    head: str = ""
    seconds: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass
class _Plan:
    """What is to be done for one company: the sources to read, and what is known before."""

    company: str
    sources: list[Source] = field(default_factory=list)
    problems: list[OrchError] = field(default_factory=list)
    head: str = ""


def sync_companies(
    home: Home,
    names: Sequence[str],
    *,
    force: bool = False,
    census: bool = False,
    progress: Callable[[str], Progress],
    done: Callable[[Synced], None] = lambda _: None,
) -> list[Synced]:
    """Sync each source of each of `names` that changed since it was last read, one after the other.

    A company or source that fails does not stop the others. With `census`, Jira, Confluence and
    Supabase are counted too, so that what was deleted there leaves. When anything changed, the
    component catalog over all companies is refreshed at the end.
    """
    results: list[Synced] = []

    def finish(result: Synced) -> None:
        results.append(result)
        done(result)

    plans = _plans(home, names, force=force, census=census)
    for plan in plans:
        if not plan.sources:
            finish(_not_run(home, plan))
    waiting = [plan for plan in plans if plan.sources]
    if waiting:
        try:
            with _DagsterRuns(home, census=census) as runs:
                for plan in waiting:
                    listener = progress(plan.company)
                    try:
                        with listening(listener):
                            finish(runs.sync(plan))
                    finally:
                        listener.finish()
                if any("git" in result.sources for result in results):
                    runs.refresh_catalog()
        except Exception as error:
            raise _expected(error) or error from None
    return results


def _plans(home: Home, names: Sequence[str], *, force: bool, census: bool) -> list[_Plan]:
    """What is to be done for each of `names`, in their order."""
    plans = {name: _Plan(name) for name in names}
    hashes: dict[str, str] = {}
    for name in names:
        try:
            instance = home.companies.instance(name)
            hashes[name] = instance.settings_hash
            home.companies.record(instance)
        except OrchError as error:
            plans[name].problems.append(error)
    states = {name: home.ledger.state(name) for name in hashes}
    polls = poll_heads(home.companies, list(hashes))
    wanted = {found.company for found in due(polls, hashes, states)}
    for poll in polls:
        plan = plans[poll.company]
        if poll.head is None:
            plan.problems.append(OrchError(poll.error))
        else:
            plan.head = poll.head
            plan.sources += ["git"] if force or poll.company in wanted else []
    for source in SERVICES:
        _plan_service(home, source, plans, states, always=force or census)
    return list(plans.values())


def _plan_service(
    home: Home,
    source: Source,
    plans: Mapping[str, _Plan],
    states: Mapping[str, CompanyState],
    *,
    always: bool,
) -> None:
    asked = [
        name
        for name, state in states.items()
        if home.sources.concerns(source, home.companies.instance(name).settings, state)
    ]
    for poll in home.sources.poll(source, asked, states):
        if poll.news is None:
            plans[poll.company].problems.append(OrchError(poll.error))
        elif poll.news or always:
            plans[poll.company].sources.append(source)


def _not_run(home: Home, plan: _Plan) -> Synced:
    """The result of a company of which nothing is to be read, or can be."""
    if plan.problems:
        first = plan.problems[0]
        return Synced(plan.company, "failed", first.message, first.hint, head=plan.head)
    tables = home.ledger.state(plan.company).tables
    rows = {name: table.rows for name, table in tables.items()}
    return Synced(plan.company, "unchanged", head=plan.head, counts=rows)


class _DagsterRuns:
    """Runs our jobs in this process, recorded where the UI looks."""

    def __init__(self, home: Home, *, census: bool) -> None:
        self._home = home
        self._census = census
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

    def sync(self, plan: _Plan) -> Synced:
        """Run the job of each source of one company; a failure is a result: the others go on."""
        began = time.monotonic()
        self._instance.add_dynamic_partitions(self._partitions, [plan.company])
        counts: Counter[str] = Counter()
        problems, head = list(plan.problems), plan.head
        notes: list[str] = []
        read: list[str] = []
        for source in plan.sources:
            try:
                told = _told(self._run(JOBS[source], plan.company, self._config(source)))
            except Exception as error:
                problems.append(self._failed(plan.company, source, error))
                continue
            read.append(source)
            counts = _joined(counts, told[0])
            head, notes = told[1] or head, [*notes, *told[2]]
        first, *others = problems or [OrchError("")]
        notes += [str(error) for error in others]
        return Synced(
            plan.company,
            "synced" if not problems else "in part" if read else "failed",
            first.message,
            first.hint,
            head=head,
            seconds=time.monotonic() - began,
            counts=dict(counts),
            notes=tuple(notes),
            sources=tuple(read),
        )

    def _failed(self, company: str, source: Source, error: Exception) -> OrchError:
        """Record a run that failed, and what to say of it."""
        known = _expected(error)
        if isinstance(known, CompanyBusy):
            return known
        kind = "unexpected" if known is None else type(known).__name__
        SyncLog(company, self._home.ledger).failed(kind, "orch sync", run="", source=source)
        if known is None:
            return OrchError(
                f"stopped by an unexpected {type(error).__name__}",
                hint="`orch up` shows the run and where it stopped",
            )
        return known

    def refresh_catalog(self) -> None:
        """Compare the components of all companies again."""
        self._run("refresh_catalog", None, {})

    def _config(self, source: Source) -> dict[str, Any]:
        if not self._census or source == "git":
            return {}
        [asset] = SOURCE_ASSETS[source]
        return {"ops": {asset: {"config": {"census": True}}}}

    def _run(
        self, job: str, company: str | None, config: Mapping[str, Any]
    ) -> dg.ExecuteInProcessResult:
        from dagster import DagsterExecutionInterruptedError

        definition = self._definitions.resolve_job_def(job)
        try:
            return definition.execute_in_process(
                instance=self._instance, partition_key=company, run_config={**QUIET, **config}
            )
        except DagsterExecutionInterruptedError:
            # Dagster takes Ctrl-C for itself while a run goes on
            raise KeyboardInterrupt from None


def _joined(before: Counter[str], told: Mapping[str, int]) -> Counter[str]:
    """Counts of several runs: what was done adds up, what a table holds is the last's."""
    added = {name: before[name] + told.get(name, 0) for name in CHANGES}
    return Counter({**before, **told, **added})


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
