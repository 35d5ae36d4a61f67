"""When a lane stops asking a host that does not answer, and when it asks again.

Closed, it lets everything through. After five failures in a row it opens for 30 s; then it is
half-open and lets one attempt through: an answer closes it, a failure opens it for twice as long,
up to ten minutes. Any answer is a success here, 401 and 429 included: the host is there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

FAILURES = 5
FIRST_S = 30.0
LONGEST_S = 600.0

Stand = Literal["closed", "open", "half-open"]


@dataclass(frozen=True)
class Breaker:
    """`failures` in a row, how often it `opened` since the last answer, and until when.

    Times are seconds of a clock that only goes forward.
    """

    failures: int = 0
    opened: int = 0
    open_until: float = 0.0
    probing: bool = False

    def stand(self, now: float) -> Stand:
        """Whether it is closed, open or half-open."""
        if not self.opened:
            return "closed"
        return "open" if now < self.open_until else "half-open"

    def refuses(self, now: float) -> bool:
        """Whether an attempt may not start now: it is open, or its one probe is on the way."""
        stand = self.stand(now)
        return stand == "open" or (stand == "half-open" and self.probing)

    def started(self, now: float) -> Breaker:
        """An attempt began that `refuses` did not stop."""
        return replace(self, probing=True) if self.stand(now) == "half-open" else self

    def answered(self) -> Breaker:
        """The host answered something."""
        return Breaker()

    def failed(self, now: float) -> Breaker:
        """The host could not be reached, broke off, answered 5xx, or not in time."""
        if self.stand(now) == "open":  # an attempt from before it opened
            return self
        failures = self.failures + 1
        if not self.opened and failures < FAILURES:
            return replace(self, failures=failures)
        doubled = FIRST_S * 2 ** min(self.opened, 10)
        return Breaker(failures, self.opened + 1, now + min(doubled, LONGEST_S))

    def let_go(self) -> Breaker:
        """An attempt ended without saying anything about the host."""
        return replace(self, probing=False)
