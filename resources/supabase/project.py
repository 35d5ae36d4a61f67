"""What a table of memories asks of a Supabase project, however it is reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from coordinator.supabase.checking import Checked

Row = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """Which rows of the table, in which order.

    `theirs`: those somebody else wrote, else ours. `standing`: only those not removed. `since` and
    the values of `after` are as the server wrote them, or ISO times. `after` holds the values of
    the `order` columns in the last row that is known; `ids` narrows to those.
    """

    columns: tuple[str, ...]
    theirs: bool
    limit: int
    order: tuple[str, ...] = ("id",)
    standing: bool = False
    since: str | None = None
    after: tuple[str, ...] | None = None
    ids: tuple[str, ...] | None = None


class Project(Protocol):
    """One table in one project, reached by one key or login; every method raises a SourceError.

    Moments come as ISO text, whatever year a stranger wrote.
    """

    where: str
    """How messages call it: without key and password."""

    def select(self, question: Question) -> list[Row]: ...

    def call(self, function: str) -> Any:
        """What a function without arguments answers, as JSON."""

    def upsert(self, rows: Sequence[Row]) -> int:
        """Write `rows`, in one transaction; how many of them were new or different."""

    def retract(self, ids: Sequence[str]) -> int:
        """Take the words out of those of our rows that stand, in one transaction."""

    def access(self) -> list[Checked]:
        """What is to be said of the key or login itself."""

    def close(self) -> None: ...
