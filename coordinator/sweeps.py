"""What a sweep over all companies decides: who is due, in what order, and which partitions exist.

The sensors and `orch sync` fetch, ask here, and act.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from coordinator.ledger.company_events import Source
from coordinator.ledger.company_state import CompanyState, Cursor
from coordinator.versions import sync_version

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
MOST_DOUBLINGS = 9
"""512 minutes, over LONGEST_WAIT; unbounded, the 42nd failure would overflow a timedelta."""


@dataclass(frozen=True)
class Poll:
    """What one company's source said: `head` is None when it could not be read, never empty for
    that; an empty repository has the head ``""``."""

    company: str
    head: str | None
    error: str = ""


@dataclass(frozen=True)
class Due:
    """A company of which something a sync reads changed since its last complete one."""

    company: str
    version: str
    run_key: str


@dataclass(frozen=True)
class SourcePoll:
    """What one company's other source said: `news` is empty when there is nothing to do, and None
    when it could not be read, which is never "nothing"."""

    company: str
    news: str | None
    error: str = ""


@dataclass(frozen=True)
class PartitionChanges:
    """Partition keys to add and to delete."""

    add: tuple[str, ...]
    delete: tuple[str, ...]


def due(
    polls: Sequence[Poll],
    settings_hashes: Mapping[str, str],
    states: Mapping[str, CompanyState],
    *,
    now: datetime | None = None,
) -> list[Due]:
    """The companies to sync, in the order polled.

    A company that could not be read is not due: "could not read" is never "empty". One that failed
    waits longer after each failure, so that a sick company does not fill the queue; without `now`
    nobody waits.

    Run keys are remembered for ever, so they hold, beside the version, which company of that name
    it is and how often it moved and failed: a head that comes back after a rewrite, is tried again
    or belongs to a company made anew must be synced again.
    """
    found = []
    for poll in polls:
        if poll.head is None:
            continue
        state = states.get(poll.company, CompanyState())
        version = sync_version(poll.head, settings_hashes[poll.company], state)
        cursor = state.cursors.get("git", Cursor("", 0))
        if version == cursor.cursor or _waits(state, "git", now):
            continue
        tries = f"{state.created_at_version}.{cursor.moves}.{_failed(state, 'git')}"
        found.append(Due(poll.company, version, f"git:{poll.company}:{tries}:{version}"))
    return found


def due_source(
    source: Source,
    polls: Sequence[SourcePoll],
    states: Mapping[str, CompanyState],
    *,
    now: datetime | None = None,
) -> list[Due]:
    """The companies of which `source` is to be read, in the order polled; rules as in `due`.

    The version of a Due is what the poll found.
    """
    found = []
    for poll in polls:
        if not poll.news:
            continue
        state = states.get(poll.company, CompanyState())
        if _waits(state, source, now):
            continue
        moves = state.cursors[source].moves if source in state.cursors else 0
        tries = f"{state.created_at_version}.{moves}.{_failed(state, source)}"
        found.append(Due(poll.company, poll.news, f"{source}:{poll.company}:{tries}:{poll.news}"))
    return found


def _failed(state: CompanyState, source: Source) -> int:
    failure = state.failures.get(source)
    return failure.in_a_row if failure is not None else 0


def _waits(state: CompanyState, source: Source, now: datetime | None) -> bool:
    failure = state.failures.get(source)
    if now is None or failure is None:
        return False
    doublings = min(failure.in_a_row - 1, MOST_DOUBLINGS)
    return now < failure.at + min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


def lost_runs(orphans: Collection[str], suspects: Collection[str]) -> list[str]:
    """The runs that are dead: without a living process now and when last looked at.

    A run that just ended lets go of its company a moment before Dagster calls it done; once is
    not enough.
    """
    return sorted(set(orphans) & set(suspects))


def rotated(companies: Sequence[str], offset: int) -> list[str]:
    """`companies` starting at `offset`, so that a tick cut short does not always miss the same."""
    if not companies:
        return []
    start = offset % len(companies)
    return [*companies[start:], *companies[:start]]


def next_offset(offset: int, polled: int, companies: int) -> int:
    """Where the next tick starts: behind the last company this one reached."""
    return (offset + polled) % companies if companies else 0


def partition_changes(
    wanted: Collection[str], existing: Collection[str], in_flight: Collection[str]
) -> PartitionChanges:
    """Make the partitions equal to the companies.

    A partition with a run in flight stays: deleting it would make that run fail at its output.
    """
    return PartitionChanges(
        add=tuple(sorted(set(wanted) - set(existing))),
        delete=tuple(sorted(set(existing) - set(wanted) - set(in_flight))),
    )
