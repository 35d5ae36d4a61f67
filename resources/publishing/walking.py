"""One publication on its way through its steps: each is done, and written down.

A call that changes the world is announced before and answered after, so that a process that dies
in between leaves a doubt and never a silence.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from coordinator.errors import (
    OutcomeUnknown,
    SourceAbsent,
    SourceBusy,
    SourceError,
    SourceLimit,
    SourceMisbehaved,
    SourceRefused,
    SourceUnauthorized,
    SourceUnreachable,
)
from coordinator.ledger import outbox_events as events
from coordinator.ledger.outbox_events import Operation
from coordinator.ledger.payloads import Payload
from coordinator.ports import Publisher
from coordinator.publishing.records import GONE, Draft, Remote, Wanted
from coordinator.publishing.state import Publication
from coordinator.publishing.steps import Step, may_write, withdrawn
from resources.publishing.record import Record, place_refused, retry_at

CONFLICT = 409
FOREIGN = "0"
"""The stamp of what was adopted and somebody else wrote to before: no object has it."""


class PlaceRefused(Exception):
    """The place as a whole cannot be written to now; `error` says why."""

    def __init__(self, error: SourceError) -> None:
        super().__init__(error.message)
        self.error = error


@dataclass
class Walk:
    """One publication in one delivery; `wanted` is None when it is to go.

    `counts` is told what was done. A step says whether another may follow now, and raises
    PlaceRefused when nothing else can be delivered there either.
    """

    publisher: Publisher
    record: Record
    key: str
    subject: str
    owner: str
    wanted: Wanted | None
    parent: str | None
    counts: Counter[str]

    def take(self, step: Step, one: Publication | None) -> bool:
        """Do `step` with the publication as it is recorded."""
        try:
            if step.kind == "look":
                return self._look(step.purpose, one)
            if step.kind == "create":
                return self._create(step.attempt)
            return self._on(step, one or Publication(self.key, self.subject, self.owner))
        except SourceError as error:
            return self._refused(error, "look")

    def _on(self, step: Step, one: Publication) -> bool:
        """A step with an object that stands there."""
        if step.kind == "inspect":
            return self._inspect(one)
        if step.kind == "mark":
            self.publisher.mark(one.id, self.key, one.content)
            self._tell(events.PublicationMarked(key=self.key))
        elif step.kind == "close":
            self.publisher.close(step.id, self.key)
            self._tell(events.DuplicateClosed(key=self.key, id=step.id))
            self.counts["closed"] += 1
        else:
            remote = self._ours(one)
            return True if remote is None else self._change(step, remote)
        return True

    def _look(self, purpose: Literal["first", "doubt", "late"], one: Publication | None) -> bool:
        title = self.wanted.title if self.wanted else None
        since = one.doubtful_since if one is not None else None
        found = self.publisher.look(self.key, title, since)
        told: list[Payload] = [
            events.PublicationLooked(
                key=self.key,
                subject=self.subject,
                owner=self.owner,
                purpose=purpose,
                found=tuple(remote.id for remote in found),
            )
        ]
        if found and purpose != "late":
            told.append(self._adopted(found[0]))
            self.counts["adopted"] += 1
        self._tell(*told)
        return True

    def _create(self, attempt: int) -> bool:
        draft = self._draft
        return self._announced(
            "create", draft.content, lambda: self.publisher.create(draft), attempt=attempt
        )

    def _change(self, step: Step, remote: Remote) -> bool:
        """Write over, withdraw or archive what is ours."""
        content = withdrawn(self.key)
        if step.kind == "withdraw":
            return self._announced(
                "withdraw", content, lambda: self.publisher.withdraw(remote, self.key, content)
            )
        if step.kind == "archive":
            return self._announced("archive", content, lambda: self.publisher.archive(remote))
        draft = self._draft
        if remote.ours and remote.content == draft.content:
            self._tell(self._adopted(remote))
            return True
        return self._announced("write", draft.content, lambda: self.publisher.write(remote, draft))

    def _inspect(self, one: Publication) -> bool:
        """Find out whether a call that was to change something arrived."""
        pending, remote = one.pending, self.publisher.read(one.id)
        if pending is None:
            return True
        archiving = pending.operation == "archive"
        if remote is None or remote.state != "standing":
            if archiving:
                self._tell(self._done("archive", pending.content, one.id, one.name, one.stamp))
            else:
                self._tell(self._edited(GONE))
        elif remote.ours and remote.content == pending.content and not archiving:
            self._tell(self._done_as(pending.operation, pending.content, remote))
        elif may_write(one, remote):
            looked = events.PublicationLooked(
                key=self.key,
                subject=self.subject,
                owner=self.owner,
                purpose="doubt",
                found=(remote.id,),
            )
            self._tell(looked)
        else:
            self._tell(self._edited(remote.stamp))
        return True

    def _ours(self, one: Publication) -> Remote | None:
        """The object as it stands; None, and recorded, when somebody else changed or removed it."""
        remote = self.publisher.read(one.id)
        if remote is None or remote.state != "standing":
            self._tell(self._edited(GONE))
            return None
        if not may_write(one, remote):
            self._tell(self._edited(remote.stamp))
            return None
        return remote

    def _announced(
        self,
        operation: Operation,
        content: str,
        call: Callable[[], Remote],
        *,
        attempt: int = 1,
    ) -> bool:
        """Make a call that changes the world, between its announcement and its answer."""
        requested = events.PublicationRequested(
            key=self.key,
            subject=self.subject,
            owner=self.owner,
            operation=operation,
            content=content,
            attempt=attempt,
            within_s=math.ceil(self.publisher.within_s),
        )
        if not self.record.claim(requested, owner=self.owner):
            return True  # somebody else recorded something: decide anew
        try:
            remote = call()
        except SourceError as error:
            if _is_unknown(error, operation):
                kind = type(error).__name__
                self._tell(events.PublicationUnknown(key=self.key, error_kind=kind))
                self.counts["unknown"] += 1
                return False
            return self._refused(error, operation)
        self._tell(self._done_as(operation, content, remote))
        self.counts[operation] += 1
        return True

    def _refused(self, error: SourceError, operation: Operation | Literal["look"]) -> bool:
        """Write down a call that changed nothing; one of the place as a whole stops everything."""
        place = _is_of_the_place(error, operation)
        told: list[Payload] = []
        if operation != "look" or not place:
            refused = events.PublicationRefused(
                key=self.key,
                subject=self.subject,
                owner=self.owner,
                operation=operation,
                error_kind=type(error).__name__,
                status=error.status if isinstance(error, SourceRefused) else None,
                retry_at=retry_at(error),
            )
            told.append(refused)
        if place:
            told.append(place_refused(error))
        self._tell(*told)
        self.counts["refused"] += 1
        if place:
            raise PlaceRefused(error)
        return False

    # -- what is written down --------------------------------------------------------------

    @cached_property
    def _draft(self) -> Draft:
        if self.wanted is None:
            raise AssertionError("there is nothing to write of what is to go")
        return self.publisher.draft(self.wanted, self.parent)

    def _tell(self, *told: Payload) -> None:
        self.record.tell(told, owner=self.owner)

    def _done_as(self, operation: str, content: str, remote: Remote) -> Payload:
        return self._done(operation, content, remote.id, remote.name, remote.stamp)

    def _done(self, operation: str, content: str, id: str, name: str, stamp: str) -> Payload:
        return events.PublicationDone.model_validate(
            {
                "key": self.key,
                "operation": operation,
                "content": content,
                "id": id,
                "name": name,
                "stamp": stamp,
            }
        )

    def _adopted(self, remote: Remote) -> Payload:
        return events.PublicationAdopted(
            key=self.key,
            id=remote.id,
            name=remote.name,
            stamp=remote.stamp if remote.ours else FOREIGN,
            content=remote.content or None,
        )

    def _edited(self, stamp: str) -> Payload:
        content = self.wanted.content if self.wanted else withdrawn(self.key)
        return events.PublicationEdited(key=self.key, stamp=stamp, content=content)


def _is_unknown(error: SourceError, operation: Operation) -> bool:
    """Whether the call may have happened: then it is looked for before it is made again."""
    if isinstance(error, SourceRefused):
        return error.status == CONFLICT and operation == "create"
    return isinstance(error, OutcomeUnknown | SourceMisbehaved | SourceLimit)


def _is_of_the_place(error: SourceError, operation: str) -> bool:
    """Whether nothing else can be delivered there either."""
    if isinstance(error, SourceAbsent):
        return operation in ("create", "look")
    return isinstance(error, SourceUnreachable | SourceUnauthorized | SourceBusy)
