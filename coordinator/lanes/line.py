"""Who may go next: a line before a number of places, first come first served."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

Ticket = TypeVar("Ticket")


class Line(Generic[Ticket]):
    """Tickets before `places` places; it knows no threads and no clock, only `now` in seconds.

    With `turn_s` a place is free again after so long although its ticket goes on. Without that,
    eight calls to hosts that hang would stop all others for as long as the longest deadline.
    """

    def __init__(self, places: int, *, turn_s: float | None = None) -> None:
        self.places = places
        self._turn_s = turn_s
        self._waiting: deque[Ticket] = deque()
        self._inside: dict[Ticket, float] = {}

    def join(self, ticket: Ticket) -> None:
        """Stand at the end."""
        self._waiting.append(ticket)

    @property
    def first(self) -> Ticket | None:
        """Who is next; None when nobody waits."""
        return self._waiting[0] if self._waiting else None

    def admits(self, ticket: Ticket, now: float) -> bool:
        """Whether `ticket` is first and there is a place; if so, it has it from now on."""
        self._end_turns(now)
        if self._waiting[0] != ticket or len(self._inside) >= self.places:
            return False
        self._waiting.popleft()
        self._inside[ticket] = now
        return True

    def leave(self, ticket: Ticket) -> None:
        """Give the place back, or the place in the line, or nothing when its turn ended before."""
        if self._inside.pop(ticket, None) is None and ticket in self._waiting:
            self._waiting.remove(ticket)

    def next_place(self, now: float) -> float | None:
        """When a turn ends by itself; None when only somebody leaving makes a place."""
        if self._turn_s is None or not self._inside:
            return None
        return max(now, min(self._inside.values()) + self._turn_s)

    def _end_turns(self, now: float) -> None:
        if self._turn_s is not None:
            ended = [held for held, since in self._inside.items() if now >= since + self._turn_s]
            for ticket in ended:
                del self._inside[ticket]
