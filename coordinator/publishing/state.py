"""Everything published in one place, folded from its stream.

What counts is decided here and nowhere else: an answer to a call nobody made, or a mark on what is
not there, changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from coordinator.ledger import outbox_events as events
from coordinator.ledger.events import Event
from coordinator.ledger.reducer import Reducer
from coordinator.publishing.records import GONE

REDUCER_VERSION = 1
"""Goes up whenever the same events make another state."""


@dataclass(frozen=True)
class Pending:
    """A call whose end is not known.

    `since` is when it was over at the latest: a process that died in the middle says nothing, so
    it counts from the call's deadline. `alone` says that no earlier call is in doubt, nor this one
    but for its missing answer. `looks` are the searches since, the last at `looked_at`.
    """

    operation: str
    content: str
    attempt: int
    since: datetime
    alone: bool = True
    looks: int = 0
    looked_at: datetime | None = None


@dataclass(frozen=True)
class Refusal:
    """Refusals in a row: the last one's error and time, and when to come again if that was said."""

    error_kind: str
    status: int | None
    at: datetime
    in_a_row: int
    retry_at: datetime | None = None


@dataclass(frozen=True)
class Edit:
    """What somebody else left there, and the content that waits to be written over it.

    `released` says that a person allowed exactly that.
    """

    stamp: str
    content: str
    released: bool = False


@dataclass(frozen=True)
class Publication:
    """One publication; `id` is empty until the object is known to stand there.

    `stamp` and `content` are those of our last write. Calls that might have made it are in doubt
    from `doubtful_since` to `doubted_at`; `swept` is how often the place was looked at long after.
    `duplicates` carry the key too and are still to be closed. `kept` says that a person wants it
    left alone.
    """

    key: str
    subject: str
    owner: str
    id: str = ""
    name: str = ""
    stamp: str = ""
    content: str = ""
    looked: bool = False
    marked: bool = False
    archived: bool = False
    written_at: datetime | None = None
    pending: Pending | None = None
    refusal: Refusal | None = None
    doubtful_since: datetime | None = None
    doubted_at: datetime | None = None
    swept: int = 0
    duplicates: tuple[str, ...] = ()
    edit: Edit | None = None
    kept: bool = False


@dataclass(frozen=True)
class OutboxState:
    """All publications of one place by key; `refusal` is of the place as a whole."""

    version: int = 0
    publications: Mapping[str, Publication] = field(default_factory=dict)
    refusal: Refusal | None = None

    @property
    def ids(self) -> frozenset[str]:
        """The ids of every object that is ours, duplicates included."""
        found = {one.id for one in self.publications.values()}
        for one in self.publications.values():
            found.update(one.duplicates)
        return frozenset(found - {""})


Told = events.PublicationRequested | events.PublicationRefused | events.PublicationLooked
"""Events that may be the first of their publication."""


def _held(state: OutboxState, told: Told) -> Publication:
    one = state.publications.get(told.key)
    return one or Publication(told.key, told.subject, told.owner)


def _put(state: OutboxState, one: Publication, *, answered: bool = True) -> OutboxState:
    refusal = None if answered else state.refusal
    return replace(state, publications={**state.publications, one.key: one}, refusal=refusal)


def _requested(
    state: OutboxState, requested: events.PublicationRequested, event: Event
) -> OutboxState:
    one = _held(state, requested)
    pending = Pending(
        requested.operation,
        requested.content,
        requested.attempt,
        since=event.occurred_at + timedelta(seconds=requested.within_s),
        alone=one.doubtful_since is None,
    )
    one = replace(one, pending=pending, owner=requested.owner)
    if requested.operation == "create":  # an answer that never comes leaves the doubt
        since = one.doubtful_since or event.occurred_at
        one = replace(one, doubtful_since=since, doubted_at=event.occurred_at, swept=0)
    return _put(state, one, answered=False)


def _answered(one: Publication) -> Publication:
    """The publication once its pending call was answered, with what doubt is left."""
    pending = one.pending
    if pending is not None and pending.operation == "create" and pending.alone:
        one = replace(one, doubtful_since=None, doubted_at=None)
    return replace(one, pending=None)


def _done(state: OutboxState, done: events.PublicationDone, event: Event) -> OutboxState:
    one = state.publications.get(done.key)
    if one is None or one.pending is None:
        return state
    one = replace(
        _answered(one),
        id=done.id,
        name=done.name,
        stamp=done.stamp,
        content=done.content,
        written_at=event.occurred_at,
        archived=done.operation == "archive",
        refusal=None,
        edit=None,
    )
    return _put(state, one)


def _unknown(state: OutboxState, unknown: events.PublicationUnknown, event: Event) -> OutboxState:
    one = state.publications.get(unknown.key)
    if one is None or one.pending is None:
        return state
    doubted = event.occurred_at if one.pending.operation == "create" else one.doubted_at
    pending = replace(one.pending, since=event.occurred_at, alone=False)
    return _put(state, replace(one, pending=pending, doubted_at=doubted), answered=False)


def _refused(state: OutboxState, refused: events.PublicationRefused, event: Event) -> OutboxState:
    one = _held(state, refused)
    refusal = refusal_after(one.refusal, refused, event, status=refused.status)
    if refused.operation != "look":
        one = _answered(one)
    return _put(state, replace(one, refusal=refusal), answered=False)


def _place_refused(state: OutboxState, refused: events.PlaceRefused, event: Event) -> OutboxState:
    return replace(state, refusal=refusal_after(state.refusal, refused, event))


def refusal_after(
    before: Refusal | None,
    refused: events.PublicationRefused | events.PlaceRefused,
    event: Event,
    *,
    status: int | None = None,
) -> Refusal:
    """The refusals in a row, with this one."""
    return Refusal(
        refused.error_kind,
        status,
        event.occurred_at,
        in_a_row=before.in_a_row + 1 if before else 1,
        retry_at=datetime.fromisoformat(refused.retry_at) if refused.retry_at else None,
    )


def _looked(state: OutboxState, looked: events.PublicationLooked, event: Event) -> OutboxState:
    one = _held(state, looked)
    one = replace(one, refusal=None)
    others = tuple(id for id in looked.found if id != one.id)
    if looked.purpose == "first":
        one = Publication(one.key, one.subject, looked.owner, looked=True, duplicates=others)
    elif looked.purpose == "late":
        duplicates = tuple(dict.fromkeys((*one.duplicates, *others)))
        one = replace(one, swept=one.swept + 1, duplicates=duplicates)
    elif one.pending is not None and one.pending.operation == "create":
        looks = one.pending.looks + 1
        pending = replace(one.pending, looks=looks, looked_at=event.occurred_at)
        one = replace(one, pending=pending, duplicates=others)
    else:  # what was to be changed stands as before: the call never arrived
        one = replace(one, pending=None)
    return _put(state, one)


def _adopted(state: OutboxState, adopted: events.PublicationAdopted, event: Event) -> OutboxState:
    one = state.publications.get(adopted.key)
    if one is None or one.id not in ("", adopted.id):
        return state
    one = replace(
        one,
        id=adopted.id,
        name=adopted.name,
        stamp=adopted.stamp,
        content=adopted.content or "",
        written_at=event.occurred_at,
        marked=False,
        pending=None,
        refusal=None,
        edit=None,
        duplicates=tuple(id for id in one.duplicates if id != adopted.id),
    )
    return _put(state, one)


def _marked(state: OutboxState, marked: events.PublicationMarked, _: Event) -> OutboxState:
    one = state.publications.get(marked.key)
    if one is None or not one.id:
        return state
    return _put(state, replace(one, marked=True, refusal=None))


def _edited(state: OutboxState, edited: events.PublicationEdited, _: Event) -> OutboxState:
    one = state.publications.get(edited.key)
    if one is None or not one.id:
        return state
    return _put(state, replace(one, edit=Edit(edited.stamp, edited.content), pending=None))


def _released(state: OutboxState, released: events.PublicationReleased, _: Event) -> OutboxState:
    one = state.publications.get(released.key)
    allowed = Edit(released.stamp, released.content)
    if one is None or one.edit != allowed:
        return state
    if allowed.stamp == GONE:  # there is nothing to write over: it is made anew
        return _put(state, Publication(one.key, one.subject, one.owner), answered=False)
    one = replace(one, edit=replace(allowed, released=True), kept=False)
    return _put(state, one, answered=False)


def _kept(state: OutboxState, kept: events.PublicationKept, _: Event) -> OutboxState:
    one = state.publications.get(kept.key)
    return state if one is None else _put(state, replace(one, kept=True), answered=False)


def _closed(state: OutboxState, closed: events.DuplicateClosed, _: Event) -> OutboxState:
    one = state.publications.get(closed.key)
    if one is None:
        return state
    left = tuple(id for id in one.duplicates if id != closed.id)
    return _put(state, replace(one, duplicates=left))


def _retried(state: OutboxState, retried: events.PublicationRetried, _: Event) -> OutboxState:
    one = state.publications.get(retried.key)
    return state if one is None else _put(state, replace(one, refusal=None, kept=False))


OUTBOX: Reducer[OutboxState] = Reducer(
    name="outbox",
    version=REDUCER_VERSION,
    initial=OutboxState(),
    rules={
        events.PublicationRequested: _requested,
        events.PublicationDone: _done,
        events.PublicationUnknown: _unknown,
        events.PublicationRefused: _refused,
        events.PlaceRefused: _place_refused,
        events.PublicationLooked: _looked,
        events.PublicationAdopted: _adopted,
        events.PublicationMarked: _marked,
        events.PublicationEdited: _edited,
        events.PublicationReleased: _released,
        events.PublicationKept: _kept,
        events.DuplicateClosed: _closed,
        events.PublicationRetried: _retried,
    },
)
"""The reducer of the streams ``outbox:…``."""
