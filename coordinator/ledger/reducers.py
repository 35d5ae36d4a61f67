"""Which reducer folds which stream."""

from __future__ import annotations

from typing import Any

from coordinator.approvals.inbox import INBOX
from coordinator.global_memory.state import GLOBAL_MEMORY
from coordinator.ledger.company_state import COMPANY
from coordinator.ledger.coordinator_state import COORDINATOR_ITSELF
from coordinator.ledger.events import (
    APPROVALS,
    COORDINATOR,
    GLOBAL,
    OPPORTUNITIES,
    OUTBOXES,
    PATTERNS,
    PUSHED,
    stream_company,
)
from coordinator.ledger.reducer import Reducer
from coordinator.opportunities import state as opportunities
from coordinator.patterns import state as patterns
from coordinator.publishing.pushes import PUSHES
from coordinator.publishing.state import OUTBOX

_BY_STREAM: dict[str, Reducer[Any]] = {
    COORDINATOR: COORDINATOR_ITSELF,
    APPROVALS: INBOX,
    GLOBAL: GLOBAL_MEMORY,
    PATTERNS: patterns.PATTERNS,
    OPPORTUNITIES: opportunities.OPPORTUNITIES,
}


def reducer_of(stream: str) -> Reducer[Any]:
    """The reducer that makes a state of `stream`; LedgerError when there is no such stream."""
    if stream.startswith(PUSHED):
        return PUSHES
    if stream.startswith(OUTBOXES):
        return OUTBOX
    return COMPANY if stream_company(stream) else _BY_STREAM[stream]
