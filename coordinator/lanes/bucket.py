"""How often a lane may call: a token bucket."""

from __future__ import annotations

from dataclasses import dataclass, replace

LARGEST_BURST = 5.0


@dataclass(frozen=True)
class Bucket:
    """`rate` tokens a second, at most `burst` at once; below zero are tokens promised already.

    `at` is when `tokens` was right, in seconds of a clock that only goes forward.
    """

    rate: float
    tokens: float
    at: float

    @classmethod
    def full(cls, rate: float, now: float) -> Bucket:
        """A bucket nobody took from yet."""
        return cls(rate, cls(rate, 0, now).burst, now)

    @property
    def burst(self) -> float:
        """One second's tokens, at least one call and at most five."""
        return min(LARGEST_BURST, max(1.0, self.rate))

    def take(self, now: float) -> tuple[Bucket, float]:
        """The bucket without one token, and the seconds until that token is really there.

        Taken before it is there, so that those who wait keep their order.
        """
        grown = min(self.burst, self.tokens + max(0.0, now - self.at) * self.rate)
        left = replace(self, tokens=grown - 1, at=max(now, self.at))
        return left, max(0.0, -left.tokens / self.rate)
