"""Takes apart what cannot be trusted of the tables, and embeds what stays with today's model.

The tables are an index of the ledger and the sources. What the doctor finds damaged is dropped, so
that a sync makes it anew; `orch memory rebuild` runs that sync between the two steps here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from coordinator.errors import ModelMismatch
from coordinator.ledger.company_events import MemoryRebuilt
from coordinator.ledger.events import NewEvent
from coordinator.ports import Progress
from resources.doctor import tables as doctor_tables
from resources.doctor.findings import Finding
from resources.home import Home
from resources.instances import Instance
from resources.memory import TABLE as MEMORY
from resources.recorded_tables import RecordedTables
from resources.tables import Written

HEALS = "orch memory rebuild"
LEARNINGS = "learnings"
SHARED = "global_memory"


@dataclass(frozen=True)
class Cleared:
    """The tables that were dropped, and whether a memory stayed that is still to embed anew."""

    tables: tuple[str, ...]
    embed_anew: bool


def clear(home: Home, company: str, progress: Progress) -> Cleared:
    """Drop the tables of `company` that are damaged, gone or older than the ledger knows.

    A memory of another model is embedded from the learnings here: with it no sync would end.
    Raises CompanyBusy while a sync of the company runs.
    """
    instance = home.companies.instance(company)
    with instance.lock():
        dropped = _drop_damaged(home, instance)
        held = instance.tables().exists(MEMORY)
        if held and not _is_of_todays_model(home, instance):
            if instance.tables().exists(LEARNINGS):
                _embed(home, instance, progress)
            else:
                instance.tables().drop(MEMORY)
                dropped = (*dropped, MEMORY)
            held = False
        return Cleared(dropped, held)


def restore_shared(home: Home, progress: Progress, *, embed: bool) -> int:
    """Make the coordinator's own tables whole again and return how many copies are shared.

    Copies come from the ledger, all embedded anew with `embed`; the joined catalog, if it was
    damaged, is dropped here and made by the next sync.
    """
    tables = home.global_tables()
    damaged = _failing(doctor_tables.tables(tables, {}, company="", heals=HEALS))
    for name in damaged:
        if name != SHARED:
            tables.drop(name)
    if SHARED in damaged:
        home.global_memory.index.start_over()
    elif embed:
        home.global_memory.rebuild(progress)
    return home.global_memory.store(progress).rows


def embed_anew(home: Home, company: str, progress: Progress) -> int:
    """Embed all learnings of `company` with the model of the settings and record it; the rows.

    Searches answer from the old vectors until all are there. Raises CompanyBusy while a sync runs.
    """
    instance = home.companies.instance(company)
    with instance.lock():
        return _embed(home, instance, progress)


def _drop_damaged(home: Home, instance: Instance) -> tuple[str, ...]:
    tables, recorded = instance.tables(), home.ledger.state(instance.slug).tables
    damaged = _failing(doctor_tables.tables(tables, recorded, company=instance.slug, heals=HEALS))
    for name in damaged:
        tables.drop(name)
    return damaged


def _failing(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(finding.what for finding in findings if finding.level == "failure")


def _is_of_todays_model(home: Home, instance: Instance) -> bool:
    try:
        home.memory(instance.slug).rows.check_model()
    except ModelMismatch:
        return False
    return True


def _embed(home: Home, instance: Instance, progress: Progress) -> int:
    tables = instance.tables()
    written = home.memory(instance.slug).rebuild(tables.read(LEARNINGS), progress)
    whole = Written(MEMORY, written.embedded, 0, 0, written.version, written.rows)
    RecordedTables(instance.slug, tables, home.ledger).commit(whole)
    event = MemoryRebuilt(
        model=home.settings.embedding.model, width=home.embedder.width, rows=written.rows
    )
    home.ledger.append(
        f"company:{instance.slug}", [NewEvent(event.event_type, event)], expected_version=None
    )
    return written.rows
