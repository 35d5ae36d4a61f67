"""Rebuilds a private memory with the model of the settings."""

from __future__ import annotations

from coordinator.ledger.company_events import MemoryRebuilt
from coordinator.ledger.events import NewEvent
from coordinator.ports import Progress
from resources.home import Home


def rebuild_memory(home: Home, company: str, progress: Progress) -> int:
    """Embed all learnings of `company` anew and record it; returns the rows.

    Raises CompanyBusy while a sync of the company runs.
    """
    instance = home.companies.instance(company)
    with instance.lock():
        memory = home.memory(company)
        written = memory.rebuild(instance.tables().read("learnings"), progress)
        event = MemoryRebuilt(
            model=home.settings.embedding.model, width=home.embedder.width, rows=written.rows
        )
        home.ledger.append(
            f"company:{company}",
            [NewEvent(event_type=event.event_type, payload=event)],
            expected_version=None,
        )
    return written.rows
