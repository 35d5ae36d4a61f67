"""When what is approved and could not be carried out is tried again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Tried:
    """What was last tried, how often in a row, and when."""

    numbers: tuple[int, ...] = ()
    times: int = 0
    at: datetime = NEVER


def next_try(approved: Collection[int], before: Tried, now: datetime) -> Tried | None:
    """The try to start now; None when there is nothing to do yet.

    Something newly approved is carried out at once. Without the doubling wait, what cannot be
    carried out would start a run at every tick, for ever.
    """
    numbers = tuple(sorted(approved))
    if not numbers:
        return None
    if not set(numbers) <= set(before.numbers):
        return Tried(numbers, 1, now)
    wait = min(FIRST_WAIT * 2 ** min(before.times - 1, 10), LONGEST_WAIT)
    return Tried(numbers, before.times + 1, now) if now >= before.at + wait else None
