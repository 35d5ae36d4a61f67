"""Patterns over several companies: found, kept in the ledger, shown to the operator."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from coordinator.errors import CompanyBusy, MemoryUnavailable, UsageError
from coordinator.ledger.events import PATTERNS as STREAM
from coordinator.ledger.events import NewEvent
from coordinator.ledger.payloads import Payload
from coordinator.patterns.detection import Detection, Material, Pattern, detect
from coordinator.patterns.neighbours import Rows
from coordinator.patterns.state import PATTERNS, PatternsState
from coordinator.ports import Progress
from resources.files import FILE_MODE, make_folder, storage_errors
from resources.patterns import stored
from resources.patterns.explaining import explain
from resources.patterns.reading import Memories, read_memories
from resources.patterns.showing import Shown, show

if TYPE_CHECKING:
    from resources.home import Home


@dataclass(frozen=True)
class Refreshed:
    """What one detection did: patterns that stand, and the events by type.

    `searched` of `rows` learnings were compared with all others. `problems` says by company why
    it could not be read; patterns it is part of stay as they were.
    """

    patterns: Sequence[Pattern]
    counts: dict[str, int]
    rows: int
    searched: int
    problems: dict[str, str]


class Patterns:
    """The patterns of a home."""

    def __init__(
        self, home: Home, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._home = home
        self._ledger = home.ledger
        self._now = now

    def state(self) -> PatternsState:
        """Every pattern as the ledger knows it."""
        return self._ledger.fold(STREAM, PATTERNS)

    def standing(self) -> list[Pattern]:
        """The patterns that stand, by falling score, as the last detection left them."""
        return stored.patterns_in(self._home.global_tables().read(stored.PATTERNS))

    def refresh(self, progress: Progress | None = None) -> Refreshed:
        """Compare what is new with everything, and record what became of each pattern.

        A second refresh without news records and writes nothing. Raises CompanyBusy while another
        process does the same.
        """
        with _only_one(self._home.global_folder):
            tables = self._home.global_tables()
            memories = read_memories(self._home, progress)
            material, state = self._material(memories), self.state()
            known = stored.read_known(tables)
            found = detect(material, known, state, self._home.settings.detection.patterns)
            self._record(found.recorded)
            stored.write_known(tables, found.known, before=known)
            self._store(found, self.state() if found.recorded else state)
        counts: dict[str, int] = {}
        for one in found.recorded:
            counts[one.event_type] = counts.get(one.event_type, 0) + 1
        return Refreshed(
            found.patterns, counts, found.rows, found.searched, dict(memories.problems)
        )

    def shown(self, patterns: Sequence[Pattern] | None = None) -> list[Shown]:
        """Patterns as the operator sees them, with title, keywords and evidence."""
        return show(self._home, self.standing() if patterns is None else patterns)

    def one(self, id: str) -> Shown:
        """The pattern of that id, or the one it was merged into. UsageError for any other."""
        known = self.state().named(id)
        standing = {one.id: one for one in self.standing()}
        if known is None or known.id not in standing:
            became = "there is no pattern" if known is None else "it ended: no pattern stands"
            raise UsageError(
                f"{became} under that id", hint="`orch patterns list` shows those that stand"
            )
        return next(one for one in self.shown() if one.pattern.id == known.id)

    def explain(self, pattern: Pattern) -> dict[str, Any]:
        """Why a pattern is one: `threshold`, `score` in parts, `edges`, and its `history`."""
        return explain(self._home, pattern, self.state())

    def announce(self, pattern: Pattern) -> None:
        """Record that people were asked about it."""
        from coordinator.ledger.pattern_events import PatternAnnounced

        self._record([PatternAnnounced(pattern=pattern.id, members=pattern.members)])

    def forget_company(self, company: str) -> None:
        """Remove every row that names a company; what is left is compared again."""
        tables, prefix = self._home.global_tables(), f"{company}/"
        rows = tables.read(stored.NEIGHBOURS, ["id", "neighbours"])
        naming = [
            id
            for id, near in zip(rows["id"], rows["neighbours"], strict=True)
            if any(one.startswith(prefix) for one in (id, *near))
        ]
        tables.forget(stored.NEIGHBOURS, naming)
        standing = [one.id for one in self.standing() if company in one.companies]
        tables.forget(stored.PATTERNS, standing)

    # -- parts -----------------------------------------------------------------------------

    def _material(self, memories: Memories) -> Material:
        if memories.vectors is None:
            raise AssertionError("memories are read with their vectors")
        tables, facts = self._home.global_tables(), memories.facts
        components = tables.read("component_catalog", ["id"])
        here = set(self._home.companies.names())
        return Material(
            rows=Rows(memories.ids, memories.companies, memories.vectors),
            texts=dict(zip(memories.ids, memories.texts, strict=True)),
            evidence=dict(
                zip(
                    memories.ids,
                    zip(facts["source"], facts["evidence_path"], strict=True),
                    strict=True,
                )
            ),
            substance=dict(zip(memories.ids, facts["substance"], strict=True)),
            languages=dict(zip(memories.ids, facts["language"], strict=True)),
            components=[one for one in components["id"] if one.partition("/")[0] in here],
            pairs=tables.read("component_pairs", ["left", "right", "similarity"]),
            groups=_groups_of(tables.read("component_groups"), here),
            companies=sorted(here),
            model=self._home.settings.embedding.model,
            unread=sorted(memories.problems),
        )

    def _record(self, events: Sequence[Payload]) -> None:
        now = self._now()
        new = [NewEvent(one.event_type, one, occurred_at=now) for one in events]
        if new:
            self._ledger.append(STREAM, new, expected_version=None)

    def _store(self, found: Detection, state: PatternsState) -> None:
        """Make the table equal to what stands; what nothing can be said of stays as it is."""
        try:
            kept = [one for one in self.standing() if one.id in found.frozen]
        except MemoryUnavailable:
            kept = []  # shown again when their companies can be read
        stored.write_patterns(self._home.global_tables(), [*found.patterns, *kept], state)


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Be the only process that compares the companies; CompanyBusy when another one does."""
    from filelock import FileLock, Timeout

    make_folder(folder)
    lock = FileLock(folder / ".patterns.lock", timeout=0, mode=FILE_MODE)
    try:
        with storage_errors("the lock of the patterns"):
            lock.acquire()
    except Timeout:
        raise CompanyBusy(
            "another process is comparing the companies",
            hint="wait for it to end, then try again",
        ) from None
    try:
        yield
    finally:
        lock.release()


def _groups_of(groups: pd.DataFrame, companies: set[str]) -> pd.DataFrame:
    """The groups of copies without those of companies that are gone."""
    here = [all(one in companies for one in members) for members in groups["companies"]]
    return groups[here] if len(groups) else groups
