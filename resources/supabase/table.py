"""A table of memories: read little by little, counted, written in batches, and never deleted from.

Reads walk by key, not by offset: rows that change meanwhile move to the end of the walk, where
they are met again in their new form. A walk ends with a page that is empty, never with one that is
short: a project may allow fewer rows a page than asked for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import TypeVar
from urllib.parse import quote

from coordinator.errors import SourceError, SourceLimit, SourceMisbehaved
from coordinator.supabase.checking import Checked, schema_checked
from coordinator.supabase.tables import MemoryShape
from resources.supabase.project import Project, Question, Row

PAGE = 200
"""Rows with their words."""
CENSUS_PAGE = 1_000
"""Ids alone; Supabase gives no more rows a page unless it is told to."""
BATCH = 100
BATCH_BYTES = 1_000_000
LONGEST_ID_LIST = 4_000
"""Bytes: ids are asked for in a URL."""
HEAVY = frozenset({"title", "content", "author"})

Item = TypeVar("Item")


class MemoryTable:
    """One table in one Supabase project; a context manager that closes its connections."""

    def __init__(self, project: Project, shape: MemoryShape) -> None:
        self._project = project
        self.shape = shape

    def __repr__(self) -> str:
        return f"MemoryTable({self.shape.name} at {self._project.where})"

    def __enter__(self) -> MemoryTable:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._project.close()

    # -- reading -----------------------------------------------------------------------------

    def now(self) -> datetime:
        """The server's clock.

        Only who may see every row may ask for it. Asked before anything is read, it keeps a lesser
        key, from which policies hide rows without a word, from being told that there are none.
        """
        answer = self._project.call("orchestrator_now")
        try:
            return datetime.fromisoformat(answer).astimezone(UTC)
        except (TypeError, ValueError):
            raise SourceMisbehaved(
                f"{self._project.where}: orchestrator_now() answers no time",
                hint=f"run the migrations in {self.shape.folder} again",
            ) from None

    def changed_since(self, moment: datetime | None) -> Iterator[list[Row]]:
        """Pages of rows others wrote, changed at `moment` or later, oldest change first.

        None: all of them. Removed rows come too, and say so. A row changed during the walk comes
        again; one whose transaction ends later than its `updated_at` is met only by a later walk
        whose window overlaps this one.
        """
        question = Question(
            columns=self.shape.read,
            theirs=True,
            limit=PAGE,
            order=("updated_at", "id"),
            since=moment.isoformat() if moment else None,
        )
        return self._walk(question)

    def ids(self) -> Iterator[str]:
        """The census: the id of every row others wrote that stands, in their order."""
        self.now()
        question = Question(columns=("id",), theirs=True, limit=CENSUS_PAGE, standing=True)
        for page in self._walk(question):
            yield from (row["id"] for row in page)

    def by_ids(self, ids: Sequence[str]) -> list[Row]:
        """Those of the rows `ids` that others wrote and that are there, removed ones too."""
        found: list[Row] = []
        for some in _id_lists(ids):
            question = Question(columns=self.shape.read, theirs=True, limit=len(some), ids=some)
            for page in self._walk(question):
                found += page
        return found

    def stored(self) -> dict[str, str]:
        """Id → row_hash of our own rows that stand there."""
        self.now()
        question = Question(
            columns=("id", "row_hash"), theirs=False, limit=CENSUS_PAGE, standing=True
        )
        return {row["id"]: row["row_hash"] for page in self._walk(question) for row in page}

    # -- writing -----------------------------------------------------------------------------

    def upsert(self, rows: Sequence[Row], on_batch: Callable[[int], None] | None = None) -> int:
        """Write `rows` of ours, each batch in one transaction; how many were new or different.

        `on_batch` is told how many rows each transaction took.

        Again and again the same, from however many processes. What others wrote under such an id,
        and a copy that was taken back, stay as they are and do not count.
        """
        written = 0
        for batch in _batches(rows):
            written += self._project.upsert(batch)
            if on_batch is not None:
                on_batch(len(batch))
        return written

    def retract(self, ids: Sequence[str]) -> int:
        """Take words and vector out of our rows `ids`; how many stood there until now.

        The rows stay, empty, with the time it happened.
        """
        return sum(self._project.retract(some) for some in _id_lists(sorted(ids)))

    def check(self) -> list[Checked]:
        """What works and what does not: the key, the way there, the table; never an error."""
        found = self._project.access()
        try:
            schema = self._project.call("orchestrator_schema")
        except SourceError as error:
            return [*found, Checked("failure", "access", error.message, error.hint)]
        reached = Checked("ok", "access", f"{self._project.where} answers and lets us in")
        return [*found, reached, *schema_checked(schema, self.shape)]

    # -- walking -----------------------------------------------------------------------------

    def _walk(self, question: Question) -> Iterator[list[Row]]:
        while page := self._page(question):
            yield page
            last = tuple(str(page[-1].get(name)) for name in question.order)
            if last == question.after:
                raise SourceMisbehaved(
                    f"{self._project.where}: {self.shape.name} gave a page without an end",
                    hint=f"run the migrations in {self.shape.folder} again",
                )
            question = replace(question, after=last)

    def _page(self, question: Question) -> list[Row]:
        """One page; a shorter one where a whole one is too much.

        Of a row that is too much alone, everything but its words: one stranger's row must not keep
        the others from being read.
        """
        ask: Callable[[Question], list[Row]] = self._project.select
        for limit in dict.fromkeys((question.limit, 20, 1)):
            if limit > question.limit:
                continue
            try:
                return ask(replace(question, limit=limit))
            except SourceLimit:
                continue
        light = tuple(name for name in question.columns if name not in HEAVY)
        return ask(replace(question, limit=1, columns=light))


def _batches(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """`rows` by id, so that two writers of the same ones never wait for each other in a circle."""
    ordered = sorted(rows, key=lambda one: str(one["id"]))
    return _bounded(ordered, lambda row: len(json.dumps(row)), BATCH_BYTES)


def _id_lists(ids: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """`ids` in lists that fit into a URL."""
    lists = _bounded(ids, lambda id: len(quote(id, safe="")) + len("%2C"), LONGEST_ID_LIST)
    return map(tuple, lists)


def _bounded(
    items: Iterable[Item], length: Callable[[Item], int], most: int
) -> Iterator[list[Item]]:
    """At most BATCH items a time, and at most `most` bytes unless one alone is longer."""
    batch: list[Item] = []
    size = 0
    for item in items:
        longer = size + length(item)
        if batch and (len(batch) == BATCH or longer > most):
            yield batch
            batch, longer = [], longer - size
        batch.append(item)
        size = longer
    if batch:
        yield batch
