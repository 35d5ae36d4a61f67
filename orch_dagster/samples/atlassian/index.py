"""A search index that is behind: what was written is found only some time later."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable, Iterable
from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")
Term = Hashable


class LaggingIndex(Generic[T]):
    """Records by id, as they were when they were last indexed; found by `terms` of the record.

    What is indexed late never comes in the place of something newer. Nothing is indexed before
    `catch_up` is called with a moment at or after it is due, so what is due may be put off until
    the next search.
    """

    def __init__(self, terms: Callable[[T], Iterable[Term]]) -> None:
        self._terms = terms
        self._records: dict[str, T] = {}
        self._by_term: dict[Term, dict[str, None]] = {}
        self._due: list[tuple[datetime, int, str, T | None]] = []
        self._count = 0
        self._newest: dict[str, int] = {}
        self.generation = 0

    def put(self, record_id: str, record: T | None, due: datetime) -> None:
        """From `due` on searches see `record`; None: it is gone."""
        self._count += 1
        heapq.heappush(self._due, (due, self._count, record_id, record))

    def put_off(self, record_id: str, due: datetime) -> None:
        """What is not indexed yet of `record_id` will not be before `due`."""
        self._due = [
            (max(due, when) if name == record_id else when, count, name, record)
            for when, count, name, record in self._due
        ]
        heapq.heapify(self._due)

    def catch_up(self, now: datetime) -> None:
        """Index what is due; `generation` tells whether anything was."""
        while self._due and self._due[0][0] <= now:
            _when, count, record_id, record = heapq.heappop(self._due)
            if count > self._newest.get(record_id, 0):
                self._newest[record_id] = count
                self._replace(record_id, record)
                self.generation += 1

    def find(self, terms: Iterable[Term]) -> list[T]:
        """The records that have all of `terms` (at least one is needed)."""
        groups = sorted((self._by_term.get(term, {}) for term in terms), key=len)
        return [
            self._records[name] for name in groups[0] if all(name in group for group in groups[1:])
        ]

    def _replace(self, record_id: str, record: T | None) -> None:
        old = self._records.pop(record_id, None)
        if old is not None:
            for term in self._terms(old):
                del self._by_term[term][record_id]
        if record is not None:
            self._records[record_id] = record
            for term in self._terms(record):
                self._by_term.setdefault(term, {})[record_id] = None
