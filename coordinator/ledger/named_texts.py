"""Which texts the events of a ledger name, and which of them should still be kept."""

from __future__ import annotations

import json

from coordinator.ledger.chain import EventRow
from coordinator.ledger.coordinator_events import TextsPurged
from coordinator.ledger.payloads import REGISTRY


class NamedTexts:
    """Takes rows in order; `expected` are the texts, by owner and hash, that must be there.

    Each with the position of the first event that names it since it was last purged. Rows of a type
    nobody here knows name nothing.
    """

    def __init__(self) -> None:
        self.expected: dict[tuple[str, str], int] = {}

    def take(self, row: EventRow) -> None:
        """The next row, which must be intact."""
        model = REGISTRY.get(row.event_type)
        if row.company is None or model is None:
            return
        if model is TextsPurged:
            for sha256 in json.loads(row.payload)["texts"]:
                self.expected.pop((row.company, sha256), None)
        elif model.text_fields:
            payload = json.loads(row.payload)
            for name in model.text_fields:
                self.expected.setdefault((row.company, payload[name]), row.position)
