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
    """A `Line` for threads; they wait in real time whatever clock the lanes go by.

    Each waits on a condition of its own, and only the first in line is woken: waking all of a
    hundred for every place costs more than the calls.
    """

    def __init__(self, places: int, *, turn_s: float | None = None) -> None:
        self._places = places
        self._turn_s = turn_s
        self.start_afresh()

    def start_afresh(self) -> None:
        """Nobody waits and nobody is inside: after a fork those threads are gone."""
        self._lock = threading.Lock()
        self._line: Line[threading.Condition] = Line(self._places, turn_s=self._turn_s)

    def resize(self, places: int) -> None:
        """Have so many places from now on."""
        with self._lock:
            self._places = self._line.places = places
            self._wake_first()

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place; Crowded when none came free in two minutes."""
        with self._lock:
            ticket = threading.Condition(self._lock)
            self._line.join(ticket)
            try:
                self._wait(ticket)
            except BaseException:
                self._line.leave(ticket)
                raise
            finally:
                self._wake_first()
        try:
            yield
        finally:
            with self._lock:
                self._line.leave(ticket)
                self._wake_first()

    def _wait(self, ticket: threading.Condition) -> None:
        ends = time.monotonic() + LONGEST_S
        while not self._line.admits(ticket, now := time.monotonic()):
            if now >= ends:
                raise Crowded
            next_place = self._line.next_place(now)
            ticket.wait((ends if next_place is None else min(ends, next_place)) - now)

    def _wake_first(self) -> None:
        if self._line.first is not None:
            self._line.first.notify()
