"""The outbox's rules: what to do next with one publication, from what is known and the time.

A call that changes the world is announced first. One whose end nobody knows (the connection broke,
the process died) is followed by a quarantine, since search indexes run behind and a lost call may
still be carried out; then the place is searched for the publication's key. What is found is
adopted and its doubles closed; only after two searches that found nothing is it made again, and
long after that the place is looked at twice more. Simulated with 30 % faults and a lagging index,
of 20,000 publications blind retries doubled 4,436, searching at once 122, searching once after 60 s
86, after 120 s one, after 300 s none.

Somebody else's change is never written over without a person's yes, and what a person removed is
not put there again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from coordinator.publishing.records import GONE, Remote
from coordinator.publishing.state import Edit, OutboxState, Pending, Publication, Refusal

QUARANTINE = timedelta(seconds=300)
SECOND_LOOK = timedelta(seconds=300)
LATE_LOOKS = (timedelta(hours=1), timedelta(hours=24))
LOOKS = 2
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
MOST_DOUBLINGS = 9

Kind = Literal[
    "nothing", "wait", "look", "inspect", "create", "write", "withdraw", "archive",
    "mark", "close", "ask",
]  # fmt: skip
Purpose = Literal["first", "doubt", "late"]


@dataclass(frozen=True)
class Step:
    """What to do next: `until` says how long to wait, `purpose` why to look, `id` what to close.

    look: search the place for the key. inspect: read the object, to see whether a call arrived.
    write, withdraw: read it, and write unless somebody else did. mark: set label and property.
    ask: ask a person about somebody else's change.
    """

    kind: Kind
    until: datetime | None = None
    purpose: Purpose = "first"
    id: str = ""
    attempt: int = 1


NOTHING = Step("nothing")


def withdrawn(key: str) -> str:
    """The content hash of a publication that was withdrawn."""
    return hashlib.sha256(f"withdrawn {key}".encode()).hexdigest()[:32]


def next_step(one: Publication | None, wanted: str | None, now: datetime) -> Step:
    """What to do with a publication whose content should be `wanted` (a hash; None: no more)."""
    if one is None:
        return Step("look", purpose="first") if wanted else NOTHING
    if one.refusal is not None and now < comes_again(one.refusal):
        return Step("wait", until=comes_again(one.refusal))
    if one.pending is not None and not (wanted is None and _found_nothing(one.pending)):
        return _settled(one.pending, now)
    if one.duplicates and (one.id or wanted is None):
        return Step("close", id=one.duplicates[0])
    if one.archived or not one.id:
        return _absent(one, wanted, now)
    return _standing(one, wanted, now)


def may_write(one: Publication, remote: Remote) -> bool:
    """Whether what stands there is ours to write over.

    It is when nobody else wrote it, when it stands as we left it, or when a person allowed it.
    """
    allowed = one.edit.stamp if one.edit is not None and one.edit.released else None
    return remote.ours or remote.stamp in (one.stamp, allowed)


def comes_again(refusal: Refusal) -> datetime:
    """When a refused call is tried again: when the service said, else later each time."""
    doublings = min(refusal.in_a_row - 1, MOST_DOUBLINGS)
    wait = refusal.at + min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)
    return max(wait, refusal.retry_at) if refusal.retry_at is not None else wait


def opens_at(state: OutboxState) -> datetime | None:
    """When a place that refused everything may be tried again; None: now."""
    return comes_again(state.refusal) if state.refusal is not None else None


def _found_nothing(pending: Pending) -> bool:
    """Whether a call that was to make something is taken for lost."""
    return pending.operation == "create" and pending.looks >= LOOKS


def _settled(pending: Pending, now: datetime) -> Step:
    """How the end of a call is found out."""
    if _found_nothing(pending):
        return Step("create", attempt=pending.attempt + 1)
    looked = pending.looked_at
    due = pending.since + QUARANTINE if looked is None else looked + SECOND_LOOK
    if now < due:
        return Step("wait", until=due)
    return Step("look", purpose="doubt") if pending.operation == "create" else Step("inspect")


def _absent(one: Publication, wanted: str | None, now: datetime) -> Step:
    if wanted is None:
        return _late(one, now)
    if one.archived or not one.looked:
        return Step("look", purpose="first")
    return Step("create")


def _standing(one: Publication, wanted: str | None, now: datetime) -> Step:
    content = wanted or withdrawn(one.key)
    if one.edit is not None and not (one.edit.released and one.edit.content == content):
        return _edited(one, one.edit, wanted, now)
    if wanted is None:
        return Step("withdraw") if one.content != content else Step("archive")
    if one.content != content and not one.kept:
        return Step("write")
    return Step("mark") if not one.marked else _late(one, now)


def _edited(one: Publication, edit: Edit, wanted: str | None, now: datetime) -> Step:
    """Somebody else changed it: a person is asked, unless they said to leave it alone.

    That wish ends where words must be taken back; what somebody took away is taken back already.
    """
    if wanted is None:
        return NOTHING if edit.stamp == GONE else Step("ask")
    return _late(one, now) if one.kept else Step("ask")


def _late(one: Publication, now: datetime) -> Step:
    """A lost call may be carried out long after: the place is looked at again, twice."""
    if one.doubted_at is None or one.swept >= len(LATE_LOOKS):
        return NOTHING
    due = one.doubted_at + LATE_LOOKS[one.swept]
    return Step("wait", until=due) if now < due else Step("look", purpose="late")
