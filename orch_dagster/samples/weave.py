"""A woven file: every version of one file in one text.

A line ``%% +added -removed`` opens a stretch that is there once the commit ``added`` is in the
history and until ``removed`` is; ``%%`` alone goes back to lines that are always there::

    attempts = 5
    %% -jitter
    pause = base * 2**attempt
    %% +jitter
    pause = uniform(0, base * 2**attempt)
    %%

Keys are commits of the company's `history.yaml`. A merge needs no merging: a version is decided by
the set of commits behind it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DIRECTIVE = re.compile(r"\s*%%(?P<marks>(?:\s+[+-][a-z0-9][a-z0-9-]*)*)\s*")


@dataclass(frozen=True)
class Stretch:
    """Lines that stand and fall together."""

    text: str
    added: frozenset[str]
    removed: frozenset[str]


@dataclass(frozen=True)
class Weave:
    """One file's versions: `stretches` in the order of the file."""

    stretches: tuple[Stretch, ...]

    @property
    def keys(self) -> frozenset[str]:
        """The commits that change this file after it was added."""
        return frozenset().union(*(part.added | part.removed for part in self.stretches))

    def version(self, applied: frozenset[str]) -> str:
        """The file's text when the commits `applied` are in the history."""
        return "".join(
            part.text
            for part in self.stretches
            if part.added <= applied and not part.removed & applied
        )


def parse(text: str) -> Weave:
    """Read a woven text; a line that only looks like a directive stays a line."""
    stretches: list[Stretch] = []
    lines: list[str] = []
    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    for line in text.splitlines(keepends=True):
        found = DIRECTIVE.fullmatch(line)
        if found is None:
            lines.append(line)
            continue
        stretches.append(Stretch("".join(lines), added, removed))
        lines = []
        marks = found["marks"].split()
        added = frozenset(mark[1:] for mark in marks if mark[0] == "+")
        removed = frozenset(mark[1:] for mark in marks if mark[0] == "-")
    stretches.append(Stretch("".join(lines), added, removed))
    return Weave(tuple(part for part in stretches if part.text))
