"""Where long work in this process reports how far it is.

The door (a terminal, a Dagster run) says once who listens; the rooms below report to whoever that
is, without being handed a progress bar through every call.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from coordinator.ports import Progress


class Silence:
    """Nobody listens."""

    def start(self, label: str, total: int | None) -> None: ...

    def advance(self, amount: int = 1) -> None: ...

    def finish(self) -> None: ...


_listener: ContextVar[Progress | None] = ContextVar("progress_listener", default=None)


def current_progress() -> Progress | None:
    """The listener of this process, or None."""
    return _listener.get()


@contextmanager
def listening(listener: Progress) -> Iterator[None]:
    """Report to `listener` inside the block."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
