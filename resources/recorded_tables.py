"""A company's tables whose every commit stands in the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from coordinator.frames import RowChanges
from coordinator.ledger.company_events import AssetComputed, TableCommitted
from coordinator.ledger.company_state import CompanyState
from coordinator.ledger.events import NewEvent
from coordinator.ledger.payloads import Payload
from resources.ledger import Ledger
from resources.tables import Tables, Written
from resources.tables import schemas as table_schemas

if TYPE_CHECKING:
    import pandas as pd


class RecordedTables:
    """Writes the tables of one company and tells the ledger which version they have now.

    The table is durable before its event is: a crash between the two leaves a table that is ahead
    of the ledger, which the next write catches up; a table behind the ledger has lost rows.
    """

    def __init__(self, company: str, tables: Tables, ledger: Ledger) -> None:
        self.company = company
        self.tables = tables
        self._ledger = ledger

    def write(
        self,
        table: str,
        content: pd.DataFrame | RowChanges,
        *,
        run: str,
        version: str,
        counts: Mapping[str, int] | None = None,
    ) -> Written:
        """Make `table` hold exactly `content`, or apply its changes; nothing changed, no commit.

        `version` is the sync version the content was computed from, `counts` what was counted.
        """
        schema = table_schemas.of(table)
        if isinstance(content, RowChanges):
            written = self.tables.upsert(table, content.upserts, schema=schema)
            if content.removed:
                written = _joined(written, self.tables.delete(table, content.removed))
        else:
            written = self.tables.reconcile(table, content, schema=schema)
        self.record(written, run=run, version=version, counts=counts)
        return written

    def record(
        self, written: Written, *, run: str, version: str, counts: Mapping[str, int] | None = None
    ) -> None:
        """Record the table's version and what it was made from, unless the ledger knows both."""
        state = self._ledger.state(self.company)
        events = self._commits(state, written)
        asset = state.assets.get(written.table)
        if asset is None or asset.input_version != version:
            computed = AssetComputed(
                asset=written.table,
                input_version=version,
                data_version=f"{written.table}@{written.version}",
                rows=written.rows,
                counts=dict(counts or {}),
            )
            events.append(computed)
        self._append(events, run)

    def commit(self, *tables: Written) -> None:
        """Record only the tables' versions: for changes that are no whole computation."""
        state = self._ledger.state(self.company)
        made = [written for written in tables if written.version or written.table in state.tables]
        self._append([event for written in made for event in self._commits(state, written)], None)

    def _commits(self, state: CompanyState, written: Written) -> list[Payload]:
        table = state.tables.get(written.table)
        if table is not None and (table.version, table.rows) == (written.version, written.rows):
            return []
        return [TableCommitted(**asdict(written))]

    def _append(self, events: Sequence[Payload], run: str | None) -> None:
        self._ledger.append(
            f"company:{self.company}",
            [
                NewEvent(event_type=event.event_type, payload=event, correlation_id=run)
                for event in events
            ],
            expected_version=None,
        )


def _joined(first: Written, second: Written) -> Written:
    return Written(
        table=second.table,
        inserted=first.inserted + second.inserted,
        updated=first.updated + second.updated,
        deleted=first.deleted + second.deleted,
        version=second.version,
        rows=second.rows,
    )
