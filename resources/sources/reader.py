"""What reads one source of one company, whichever it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from coordinator.ledger.company_events import Source
from coordinator.ports import Progress
from coordinator.settings import Remote

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Changes:
    """What one read found: rows to write, ids to take out, and the version it stands for.

    `counts` say what was read and left out, `notes` what a person should know; neither quotes.
    """

    rows: pd.DataFrame
    removed: tuple[str, ...]
    version: str
    counts: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class SourceReader(Protocol):
    """Reads one source of one company; every method raises a SourceError where it cannot.

    `stamped` are the columns of `table` that, with the id, tell a changed row from a known one.
    """

    source: Source
    table: str
    stamped: tuple[str, ...]
    settings: Remote

    def changed(self, since: datetime) -> Iterator[tuple[object, ...]]:
        """The id and stamp of everything people changed at `since` or later.

        A stamp of None says that it is gone.
        """

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

        `known` are the stored rows, id → stamp; `ours` the ids the coordinator published itself,
        which are never read back; `by` the digest of settings and rules for the new version.
        """
