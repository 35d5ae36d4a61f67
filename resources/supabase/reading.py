"""A company's Supabase project, read little by little: what changed, and by census what is gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from coordinator.ports import Progress
from coordinator.reading.cursors import after_reading
from coordinator.settings import SupabaseSettings
from coordinator.supabase.rows import Pulled, pulled
from resources.sources.reader import Changes
from resources.supabase.project import Row
from resources.supabase.table import MemoryTable


class SupabaseReader:
    """Reads what others wrote into the table of a company's project."""

    source = "supabase"
    table = "supabase_memories"
    stamped = ("updated_at",)

    def __init__(self, memories: MemoryTable, settings: SupabaseSettings) -> None:
        self._memories = memories
        self.settings = settings

    def changed(self, since: datetime) -> Iterator[tuple[Any, ...]]:
        """Id and last change of every row others changed at `since` or later; None: it is gone."""
        self._memories.now()
        found = pulled(self._memories.changed_since(since))
        times = found.rows["updated_at"].dt.to_pydatetime()
        yield from zip(found.rows["id"], times, strict=True)
        yield from ((id, None) for id in found.removed)

    def read(
        self,
        since: datetime | None,
        known: Mapping[str, tuple[object, ...]],
        *,
        by: str,
        census: bool,
        ours: frozenset[str],
        progress: Progress,
    ) -> Changes:
        """What changed at `since` or later (None: everything), and by census what is gone.

        `known` are the stored rows. Rows of the coordinator's own are marked as such there, so
        `ours` is not needed to tell them.
        """
        began = self._memories.now()
        pages = list(self._pages(since, progress))
        read = {str(row.get("id")) for page in pages for row in page}
        gone: set[str] = set()
        if census or since is None:
            pages_beside, gone = self._census(known, read, progress)
            pages += pages_beside
        found = pulled(pages)
        return Changes(
            rows=found.rows,
            removed=tuple(sorted((gone | set(found.removed)) & known.keys())),
            version=after_reading(began, by).text(),
            counts=_counts(found),
            notes=_notes(found),
        )

    def _pages(self, since: datetime | None, progress: Progress) -> Iterator[list[Row]]:
        progress.start("reading memories", None)
        for page in self._memories.changed_since(since):
            yield page
            progress.advance(len(page))
        progress.finish()

    def _census(
        self, known: Mapping[str, object], read: set[str], progress: Progress
    ) -> tuple[list[list[Row]], set[str]]:
        """Rows that stand there and are not stored, and the ids of stored ones that are gone.

        What the census does not find is asked for by its id before it counts as gone: it may have
        come back since.
        """
        progress.start("counting memories", None)
        standing = set()
        for id in self._memories.ids():
            standing.add(id)
            progress.advance()
        progress.finish()
        doubtful = sorted(known.keys() - standing - read)
        there = self._memories.by_ids(doubtful)
        missing = self._memories.by_ids(sorted(standing - known.keys() - read))
        return [there, missing], set(doubtful) - {str(row["id"]) for row in there}


def _counts(found: Pulled) -> dict[str, int]:
    counts = {"read": len(found.rows), "left out": sum(found.broken.values())}
    if found.unknown_categories:
        counts["of another category"] = found.unknown_categories
    return counts


def _notes(found: Pulled) -> tuple[str, ...]:
    return tuple(f"{count} rows left out: {reason}" for reason, count in found.broken.items())
