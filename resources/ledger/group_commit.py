"""Group commit for threads: while one transaction is being made durable, the next one fills up.

Each durable transaction costs a flush of the disk, however many events it holds. A thread puts its
request into the queue and waits for its turn; whoever's turn comes first commits for all who wait.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

from coordinator.errors import LedgerError

Request = TypeVar("Request")
Result = TypeVar("Result")


class GroupCommit(Generic[Request, Result]):
    """Hands requests of many threads to `commit` in batches, in the order they came.

    `commit` returns one outcome per request: its result, or the exception that only this request
    raises. An exception out of `commit` itself is everybody's: nothing of the batch happened.
    """

    def __init__(self, commit: Callable[[Sequence[Request]], Sequence[Result | Exception]]) -> None:
        self._commit = commit
        self._queue: list[tuple[Request, Future[Result]]] = []
        self._queue_lock = threading.Lock()
        self._turn = threading.Lock()

    def submit(self, request: Request) -> Result:
        """Wait until `request` is committed and return its result, or raise its exception."""
        waiting: tuple[Request, Future[Result]] = (request, Future())
        with self._queue_lock:
            self._queue.append(waiting)
        try:
            with self._turn:
                if not waiting[1].done():
                    self._commit_all()
        except BaseException:
            # an interrupted thread must not leave a request for somebody else to commit
            with self._queue_lock:
                self._queue = [other for other in self._queue if other is not waiting]
            raise
        return waiting[1].result()

    def _commit_all(self) -> None:
        with self._queue_lock:
            batch, self._queue = self._queue, []
        outcomes: Sequence[Result | Exception] = [
            LedgerError("the ledger was interrupted: whether the event stands is not known")
        ] * len(batch)
        try:
            outcomes = self._commit([request for request, _ in batch])
        except Exception as error:
            outcomes = [error] * len(batch)
        finally:
            for (_, future), outcome in zip(batch, outcomes, strict=True):
                if isinstance(outcome, Exception):
                    future.set_exception(outcome)
                else:
                    future.set_result(outcome)
