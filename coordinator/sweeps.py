"""What a sweep over all companies decides: who is due, in what order, and which partitions exist.

The sensors and `orch sync` fetch, ask here, and act.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from coordinator import by_hand, rules
from coordinator.ledger.company_state import CompanyState, Cursor

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
MOST_DOUBLINGS = 9
"""512 minutes, over LONGEST_WAIT; unbounded, the 42nd failure would overflow a timedelta."""

STEPS = (
    "git_commits",
    "local_docs",
    "company_components",
    "learnings",
    "private_memory",
    "instance_context",
)
"""The assets of one company, in their order: a sync is complete when all are of its version."""


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
class PartitionChanges:
    """Partition keys to add and to delete."""

    add: tuple[str, ...]
    delete: tuple[str, ...]


def sync_version(head: str, settings_hash: str, state: CompanyState) -> str:
    """The version of everything a sync reads: the head, then a digest of the rest.

    The rest is settings, rules, and what `state` says was written by hand.
    """
    parts = [settings_hash, rules.CATALOG, rules.LEARNINGS, by_hand.version(state)]
    digest = hashlib.sha256(":".join(filter(None, parts)).encode()).hexdigest()[:12]
    return f"{head}+{digest}"


def is_complete(state: CompanyState, version: str) -> bool:
    """Whether every asset of the company was computed from `version`.

    Without this, materializing the last asset alone would move the cursor over work not done.
    """
    return all(
        name in state.assets and state.assets[name].input_version == version for name in STEPS
    )


def head_of(version: str) -> str:
    """The head inside a sync version."""
    return version.partition("+")[0]


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
        if version == cursor.cursor or _waits(state, now):
            continue
        tries = f"{state.created_at_version}.{cursor.moves}.{state.failed_in_a_row}"
        found.append(Due(poll.company, version, f"git:{poll.company}:{tries}:{version}"))
    return found


def _waits(state: CompanyState, now: datetime | None) -> bool:
    if now is None or state.last_failure is None:
        return False
    doublings = min(state.failed_in_a_row - 1, MOST_DOUBLINGS)
    return now < state.last_failure.at + min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


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
