"""How things are measured here: two in turn in one run, so that a noisy machine hits both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, the figure, against what, and the goal."""

    what: str
    figure: str
    against: str
    goal: str = ""


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def in_turn(
    first: Callable[[], object], second: Callable[[], object], *, rounds: int = 5
) -> tuple[float, float]:
    """Median seconds of two things, called in turn after one call of each to warm up."""
    first()
    second()
    pairs = [(seconds(first), seconds(second)) for _ in range(rounds)]
    ours, theirs = zip(*pairs, strict=True)
    return statistics.median(ours), statistics.median(theirs)


def shown(duration: float) -> str:
    """Seconds as people read them."""
    return f"{duration * 1e3:.1f} ms" if duration < 1 else f"{duration:.2f} s"
