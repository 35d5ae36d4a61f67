"""The stream of one place: what was announced, done, refused and found there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from coordinator.errors import OrchError, SourceBusy, VersionConflict
from coordinator.ledger.events import NewEvent, utc_text
from coordinator.ledger.outbox_events import PlaceRefused
from coordinator.ledger.payloads import Payload
from coordinator.publishing.records import Target
from coordinator.publishing.state import OUTBOX, OutboxState
from resources.ledger import Ledger


def place_refused(error: OrchError) -> PlaceRefused:
    """What is recorded of an error that came from the place as a whole."""
    return PlaceRefused(error_kind=type(error).__name__, retry_at=retry_at(error))


def retry_at(error: OrchError) -> str | None:
    """When to come again, if the service said so."""
    told = error.retry_at if isinstance(error, SourceBusy) else None
    return utc_text(told) if told is not None else None


class Record(Protocol):
    """Where a delivery writes down what it does."""

    @property
    def state(self) -> OutboxState: ...

    def claim(self, event: Payload, *, owner: str) -> bool:
        """Record `event` unless somebody else recorded something since `state` was read."""

    def tell(self, events: Sequence[Payload], *, owner: str) -> None:
        """Record `events`, whatever was recorded meanwhile: they happened."""


class LedgerRecord:
    """The record of one place in the ledger; `now` is when things happen."""

    def __init__(self, ledger: Ledger, target: Target, now: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._target = target
        self._now = now
        self._state: OutboxState | None = None

    @property
    def state(self) -> OutboxState:
        if self._state is None:
            self._state = self._ledger.fold(self._target.stream, OUTBOX)
        return self._state

    def claim(self, event: Payload, *, owner: str) -> bool:
        try:
            self._append([event], owner, expected_version=self.state.version)
        except VersionConflict:
            self._state = None
            return False
        return True

    def tell(self, events: Sequence[Payload], *, owner: str) -> None:
        self._append(events, owner, expected_version=None)

    def _append(
        self, events: Sequence[Payload], owner: str, *, expected_version: int | None
    ) -> None:
        # a company's own stream is that company's; in the coordinator's the owner is named
        company = None if self._target.company else owner
        now = self._now()
        new = [NewEvent(one.event_type, one, company=company, occurred_at=now) for one in events]
        made = self._ledger.append(self._target.stream, new, expected_version=expected_version)
        if made[0].version == self.state.version + 1:
            self._state = OUTBOX.fold(made, self.state)
        else:  # somebody else came in between
            self._state = None
