"""Keeps a copy of rows of ours in Supabase."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from coordinator.ports import Progress
from coordinator.supabase.pushing import Row, plan_push
from resources.progress import Silence
from resources.supabase.table import MemoryTable


@dataclass(frozen=True)
class Pushed:
    """What a push did: rows new or different there, and rows whose words were taken out."""

    written: int
    retracted: int


def push(table: MemoryTable, rows: Iterable[Row], progress: Progress | None = None) -> Pushed:
    """Make what stands there of ours equal to `rows`; what equals them already is not sent.

    A push that was cut off is completed by the next: what stands there is asked anew each time.
    Words are taken out before others are written.
    """
    plan, shown = plan_push(rows, table.stored()), progress or Silence()
    retracted = table.retract(plan.retract)
    shown.start("pushing memories", len(plan.upsert))
    try:
        return Pushed(written=table.upsert(plan.upsert, shown.advance), retracted=retracted)
    finally:
        shown.finish()
