"""A company's syncs in the ledger: asked for, completed with their counts and cursors, failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from coordinator.ledger.company_events import Source
from coordinator.ledger.events import NewEvent
from coordinator.versions import complete_sources
from resources.ledger import Ledger


class SyncLog:
    """Records the syncs of one company; `run` is the Dagster run's id, if any."""

    def __init__(self, company: str, ledger: Ledger) -> None:
        self.company = company
        self._ledger = ledger

    def requested(self, reason: str, *, run: str, source: Source = "git") -> None:
        self._append(run, [("sync_requested", {"sources": [source], "reason": reason})])

    def completed(self, settings_hash: str, counts: Mapping[str, int], *, run: str) -> list[Source]:
        """Move the cursor of each source that was read to its end, and record the counts.

        Returns those sources: none when every cursor stands there already, or what is learned was
        not computed from what was read. A cursor moves last: a sync cut off before this is done
        again from where it stopped.
        """
        state = self._ledger.state(self.company)
        moved: list[Source] = []
        events: list[tuple[str, Mapping[str, object]]] = []
        for source, version in complete_sources(settings_hash, state).items():
            cursor = state.cursors.get(source)
            if cursor is not None and cursor.cursor == version:
                continue
            previous = cursor.cursor if cursor is not None else None
            payload = {"source": source, "cursor": version, "previous": previous}
            events.append(("cursor_moved", payload))
            moved.append(source)
        if moved:
            events.append(("sync_completed", {"sources": moved, "counts": dict(counts)}))
            self._append(run, events)
        return moved

    def failed(self, error_kind: str, stage: str, *, run: str, source: Source = "git") -> None:
        """Record a failure by the name of its error class: messages may quote private text."""
        payload = {"source": source, "error_kind": error_kind, "stage": stage}
        self._append(run, [("sync_failed", payload)])

    def _append(self, run: str, events: Sequence[tuple[str, Mapping[str, object]]]) -> None:
        self._ledger.append(
            f"company:{self.company}",
            [
                NewEvent(kind, payload, company=self.company, correlation_id=run or None)
                for kind, payload in events
            ],
            expected_version=None,
        )
