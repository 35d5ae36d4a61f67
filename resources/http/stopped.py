"""The one exception with which an attempt ends on this side of the network."""

from __future__ import annotations

from coordinator.lanes import Outcome
from coordinator.lanes.meaning import Meaning


class Stopped(Exception):
    """The attempt goes no further; `outcome` says what that means."""

    def __init__(self, meaning: Meaning, why: str, hint: str = "") -> None:
        super().__init__(why)
        self.outcome = Outcome(meaning, why, hint)


def too_large(most: int) -> Stopped:
    """The answer is larger than `most` bytes."""
    return Stopped("too large", f"the answer is larger than {most / 1e6:g} MB", "ask for less")
