"""Threads that wait for a place, first come first served."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from coordinator.lanes import Line

LONGEST_S = 120.0


class Crowded(Exception):
    """No place came free within the longest wait."""


class Queue:
    """A `Line` for threads; they wait in real time whatever clock the lanes go by."""

    def __init__(self, places: int, *, turn_s: float | None = None) -> None:
        self._places = places
        self._turn_s = turn_s
        self.start_afresh()

    def start_afresh(self) -> None:
        """Nobody waits and nobody is inside: after a fork those threads are gone."""
        self._changed = threading.Condition()
        self._line = Line(self._places, turn_s=self._turn_s)

    def resize(self, places: int) -> None:
        """Have so many places from now on."""
        with self._changed:
            self._places = self._line.places = places
            self._changed.notify_all()

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place; Crowded when none came free in two minutes."""
        ticket = object()
        changed, line = self._changed, self._line
        with changed:
            line.join(ticket)
            try:
                self._wait(ticket)
            except BaseException:
                line.leave(ticket)
                raise
            finally:
                changed.notify_all()
        try:
            yield
        finally:
            with changed:
                line.leave(ticket)
                changed.notify_all()

    def _wait(self, ticket: object) -> None:
        ends = time.monotonic() + LONGEST_S
        while not self._line.admits(ticket, now := time.monotonic()):
            if now >= ends:
                raise Crowded
            next_place = self._line.next_place(now)
            self._changed.wait((ends if next_place is None else min(ends, next_place)) - now)
