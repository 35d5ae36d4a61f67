"""The tables of one company made equal to what the ledger says was written by hand.

For whoever holds the company's lock: a person's command, or a sync before it computes the whole.
Each step looks at what the tables hold, so what a killed one left is done by the next.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from coordinator import by_hand
from coordinator.catalog import discover, remembered
from coordinator.catalog.declared import Declared
from resources.recorded_tables import RecordedTables
from resources.tables import Written, schemas
from resources.tables.arrow_rows import to_frame

if TYPE_CHECKING:
    import pandas as pd

    from resources.instances import Instance
    from resources.ledger import Ledger
    from resources.memory import PrivateMemory
    from resources.memory.vector_table import MemoryWritten

LEARNINGS = "learnings"
MEMORY = "private_memory"
COMPONENTS = "company_components"
CONTEXT = "instance_context"


class ByHandIndex:
    """Writes the rows of learnings and components written by hand, and nobody else's."""

    def __init__(self, instance: Instance, memory: PrivateMemory, ledger: Ledger) -> None:
        self._instance = instance
        self._tables = instance.tables()
        self._memory = memory
        self._recorded = RecordedTables(instance.slug, self._tables, ledger)

    def store_learnings(self, written: pd.DataFrame) -> None:
        """Make learnings and memory hold the rows `written` besides those of the sources."""
        self.forget_learnings(written)
        if len(written):
            rows = self._tables.upsert(LEARNINGS, written, schema=schemas.learnings())
            self._recorded.commit(rows, _written(self._memory.add(written)))

    def forget_learnings(self, written: pd.DataFrame) -> None:
        """Remove every byte of the rows by hand that do not stand word for word in `written`."""
        gone: set[str] = set()
        for table in (LEARNINGS, MEMORY):
            gone |= by_hand.withdrawn(self._rows(table, by_hand.SOURCE), written)
        self._forget(gone)

    def store_components(self, declared: Sequence[Declared]) -> bool:
        """Make the catalog hold the folders `declared`; False without a tree to find them in."""
        with self._instance.mirror() as mirror:
            if not mirror.head():
                return False
            snapshot = mirror.snapshot()
            stored = self._tables.read(COMPONENTS)
            found = discover(
                self._instance.slug,
                snapshot,
                mirror.reader(snapshot),
                self._instance.settings.catalog,
                self._tables.read("git_commits"),
                remembered(stored),
                declared,
            ).components
        self.forget_components(stored, found)
        self._recorded.commit(
            self._tables.reconcile(COMPONENTS, found, schema=schemas.components())
        )
        return True

    def forget_components(self, stored: pd.DataFrame, found: pd.DataFrame) -> None:
        """Remove every byte of what was said by hand of components and is said no more.

        `stored` is the catalog as it stands, `found` the one to come. What was learned from those
        words and the page that shows them go too, and come back with the next sync as the folders
        tell it themselves.
        """
        unsaid = by_hand.unsaid(stored, found)
        learned: set[str] = set()
        for table in (LEARNINGS, MEMORY):
            rows = self._rows(table, "component")
            learned |= set(rows.loc[rows["evidence_path"].isin(unsaid["path"]), "id"])
        self._forget(learned)
        pages = self._tables.ids(CONTEXT) if len(unsaid) else ()
        self._recorded.commit(self._tables.forget(CONTEXT, pages))
        # last: until its row is gone, a killed one is seen and done again
        self._recorded.commit(self._tables.forget(COMPONENTS, unsaid["id"]))

    def _rows(self, table: str, source: str) -> pd.DataFrame:
        """Id, words and place of the rows of `table` from that source."""
        from lancedb.expr import col, lit

        wanted = ["id", "title", "content", "evidence_path"]
        if not self._tables.exists(table):
            return self._tables.read(LEARNINGS, wanted, schema=schemas.learnings()).iloc[:0]
        with self._tables.reading(table) as opened:
            rows = opened.search().where(col("source") == lit(source)).select(wanted).to_arrow()
        return to_frame(rows.select(wanted))

    def _forget(self, ids: Collection[str]) -> None:
        # asked even of nothing: what was killed half-way is finished here
        memory = _written(self._memory.forget(ids))
        self._recorded.commit(memory, self._tables.forget(LEARNINGS, ids))


def _written(memory: MemoryWritten) -> Written:
    return Written(
        MEMORY, memory.embedded, memory.updated, memory.removed, memory.version, memory.rows
    )
