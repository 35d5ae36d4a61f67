"""What the lanes need of the world, so that a test can give them another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class World:
    """`clock` in seconds, which only goes forward; `now` in UTC; `sleep`; `chance` from 0 to 1."""

    clock: Callable[[], float]
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    chance: Callable[[], float]

    def moment(self, until: float) -> datetime:
        """When the clock will stand at `until`, as people say it."""
        return self.now() + timedelta(seconds=until - self.clock())
