"""Judges what every surface said: whose words it may show, and whether it showed what it should."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from orch_dagster.isolation.canaries import Canary, Detector
from orch_dagster.isolation.planting import GONE, NAMED, RECORDED, Planted
from orch_dagster.isolation.surfaces import PUBLISHED, Reading

SEARCHES = ("api: search", "mcp: search_memory")
"""Where every word is searched for: each must find what is shared, and a company its own."""


@dataclass(frozen=True)
class Leak:
    """A word where it must not be: never the word itself."""

    surface: str
    viewer: str
    canary: str
    encoding: str


@dataclass(frozen=True)
class Tried:
    """One surface as the table shows it: how often it was read, and what was seen.

    `own`, `shared` and `foreign` count canaries: the viewer's own, those shared with all, and
    those that must not be seen there.
    """

    surface: str
    audience: str
    viewers: int
    readings: int
    own: int
    shared: int
    foreign: int


@dataclass(frozen=True)
class Proof:
    """What was tried and seen: `missed` are shared words that somebody should have found.

    `blind` are words a company did not even find of its own: a search that finds nothing leaks
    nothing, and proves nothing.
    """

    companies: tuple[str, ...]
    canaries: int
    tried: tuple[Tried, ...]
    leaks: tuple[Leak, ...]
    missed: tuple[str, ...]
    blind: tuple[str, ...]
    broken: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not (self.leaks or self.missed or self.blind or self.broken)


class Judge:
    """Holds readings against the rules, one after the other; nothing it was given is kept."""

    def __init__(self, planted: Planted) -> None:
        self._planted = planted
        self._detector = Detector(planted.canaries)
        self._leaks: dict[Leak, None] = {}
        self._counts: dict[tuple[str, str], list[int]] = {}
        self._viewers: dict[tuple[str, str], set[str]] = {}
        self._found: set[tuple[str, str, Canary]] = set()
        self._broken: dict[str, None] = {}

    def hear(self, reading: Reading) -> None:
        """Judge one reading."""
        own = shared = foreign = 0
        seen = self._detector.seen(reading.text)
        for one in {found.canary for found in seen}:
            if not may_show(reading, one):
                foreign += 1
                for found in seen:
                    if found.canary == one:
                        leak = Leak(reading.surface, reading.viewer, one.name, found.encoding)
                        self._leaks[leak] = None
            elif one.company == reading.viewer:
                own += 1
            else:
                shared += one.shared
            if reading.surface in (*SEARCHES, PUBLISHED):
                self._found.add((reading.surface, reading.viewer, one))
        counts = self._counts.setdefault((reading.surface, reading.audience), [0, 0, 0, 0])
        for at, count in enumerate((1, own, shared, foreign)):
            counts[at] += count
        self._viewers.setdefault((reading.surface, reading.audience), set()).add(reading.viewer)
        self._check_code(reading)

    def proof(self, viewers: Sequence[str]) -> Proof:
        """What all readings together prove about what `viewers` can see."""
        missed = [
            f"{surface}: {viewer} did not find {one.name}"
            for surface in SEARCHES
            for viewer in viewers
            for one in self._planted.canaries
            if one.shared and (surface, viewer, one) not in self._found
        ]
        if (PUBLISHED, "disk") in self._counts:
            missed += [
                f"{PUBLISHED} do not show {one.name}"
                for one in self._planted.canaries
                if one.shared and (PUBLISHED, "", one) not in self._found
            ]
        blind = [
            f"{surface}: {viewer} did not find its own {place}"
            for surface in SEARCHES
            for viewer in viewers
            for place in ("hand", "commit", "document", "issue", "page")
            if (surface, viewer, self._planted.of(viewer, place)) not in self._found
        ]
        tried = [
            Tried(surface, audience, len(self._viewers[surface, audience]), *counts)
            for (surface, audience), counts in self._counts.items()
        ]
        return Proof(
            companies=tuple(viewers),
            canaries=len(self._planted.canaries),
            tried=tuple(tried),
            leaks=tuple(self._leaks),
            missed=tuple(missed),
            blind=tuple(blind),
            broken=tuple(self._broken),
        )

    def _check_code(self, reading: Reading) -> None:
        """A command that was not understood tried nothing; one that should refuse must."""
        refused = reading.surface.startswith("refused: orch")
        if reading.code == 2 and not refused:
            self._broken[f"{reading.surface}: is no command here"] = None
        elif refused and reading.code == 0:
            self._broken[f"{reading.surface}: {reading.viewer} was not refused"] = None


def may_show(reading: Reading, one: Canary) -> bool:
    """Whether that surface may show that word."""
    if one.place in GONE:
        return False
    rules: dict[str, Callable[[], bool]] = {
        "operator": lambda: True,
        "company": lambda: one.shared or one.company == reading.viewer,
        "disk": lambda: one.shared,
        "ledger": lambda: one.place in RECORDED,
        "world": lambda: one.shared or one.place in NAMED,
    }
    return rules[reading.audience]()


def judged(planted: Planted, readings: Iterable[Reading], viewers: Sequence[str]) -> Proof:
    """The proof that `readings` make."""
    judge = Judge(planted)
    for reading in readings:
        judge.hear(reading)
    return judge.proof(viewers)
