"""A company's syncs in the ledger: asked for, completed with their counts and cursor, failed."""

from __future__ import annotations

from collections.abc import Mapping

from coordinator.ledger.events import NewEvent
from coordinator.sweeps import is_complete
from resources.ledger import Ledger


class SyncLog:
    """Records the syncs of one company; `run` is the Dagster run's id, if any."""

    def __init__(self, company: str, ledger: Ledger) -> None:
        self.company = company
        self._ledger = ledger

    def requested(self, reason: str, *, run: str) -> None:
        self._append(run, ("sync_requested", {"sources": ["git"], "reason": reason}))

    def completed(self, version: str, counts: Mapping[str, int], *, run: str) -> bool:
        """Move the cursor to `version` and record the counts.

        False when it stands there already or some asset was not computed from that version. The
        cursor moves last: a sync cut off before this is done again from where it stopped.
        """
        state = self._ledger.state(self.company)
        cursor = state.cursors.get("git")
        if not is_complete(state, version) or (cursor is not None and cursor.cursor == version):
            return False
        moved = {
            "source": "git",
            "cursor": version,
            "previous": cursor.cursor if cursor is not None else None,
        }
        self._append(run, ("cursor_moved", moved), ("sync_completed", {"counts": dict(counts)}))
        return True

    def failed(self, error_kind: str, stage: str, *, run: str) -> None:
        """Record a failure by the name of its error class: messages may quote private text."""
        self._append(run, ("sync_failed", {"error_kind": error_kind, "stage": stage}))

    def _append(self, run: str, *events: tuple[str, Mapping[str, object]]) -> None:
        self._ledger.append(
            f"company:{self.company}",
            [
                NewEvent(kind, payload, company=self.company, correlation_id=run or None)
                for kind, payload in events
            ],
            expected_version=None,
        )
