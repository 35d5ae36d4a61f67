"""Jira, Confluence and Supabase of all companies: which are configured, what is new, what changed.

A source that a company's settings do not name any more is read as empty, once: what was learned
from it leaves.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING

from coordinator.errors import OrchError
from coordinator.ledger.company_events import Source
from coordinator.ledger.company_state import CompanyState
from coordinator.ports import Progress
from coordinator.reading.cursors import news, read_by, since
from coordinator.settings import CompanySettings
from coordinator.sweeps import SourcePoll
from coordinator.versions import source_version
from resources.sources.reader import Changes, SourceReader
from resources.sources.readers import OFF, TABLES, is_read, off, reader_of

if TYPE_CHECKING:
    from resources.home import Home
    from resources.instances import Instance
    from resources.tables import Tables

WORKERS = 16
"""More than a few sick companies: one that hangs holds its worker until its deadline."""
UNKNOWN = (None,)
"""The stamp of what is not stored: what is gone from there too is no news."""


class Sources:
    """The sources of truth besides Git, of every company of a home."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def concerns(self, source: Source, settings: CompanySettings, state: CompanyState) -> bool:
        """Whether there may be something to do: it is configured, or was and is not any more."""
        return is_read(source, settings) or source_version(source, state) not in ("", OFF)

    def read(
        self, company: str, source: Source, state: CompanyState, *, census: bool, progress: Progress
    ) -> Changes:
        """What changed in `source` since it was last read; with `census` also what is gone.

        Raises a SourceError when it cannot be read: nothing is taken for empty then.
        """
        instance = self._home.companies.instance(company)
        if not is_read(source, instance.settings):
            return off(instance.tables(), TABLES[source])
        with reader_of(self._home, instance.settings, source) as reader:
            return reader.read(
                self._since(instance, reader, state),
                _known(instance.tables(), reader),
                by=read_by(source, reader.settings),
                census=census,
                ours=self._home.publishing.ids(company, source),
                progress=progress,
            )

    def poll(
        self,
        source: Source,
        names: Sequence[str],
        states: Mapping[str, CompanyState],
        *,
        deadline_s: float | None = None,
    ) -> list[SourcePoll]:
        """What is new in `source` of each company, in the order of `names`.

        A company that cannot be read says why and never stops the others. With `deadline_s`
        (seconds from now), the result ends before the first company not asked in time.
        """
        end = None if deadline_s is None else time.monotonic() + deadline_s

        def ask(name: str) -> SourcePoll | None:
            if end is not None and time.monotonic() > end:
                return None
            try:
                return SourcePoll(name, self._news(name, source, states[name]))
            except OrchError as error:
                return SourcePoll(name, None, str(error))

        polls = []
        with ThreadPoolExecutor(WORKERS, thread_name_prefix=f"poll-{source}") as pool:
            for found in pool.map(ask, names):
                if found is None:
                    break
                polls.append(found)
        return polls

    def _news(self, company: str, source: Source, state: CompanyState) -> str:
        instance = self._home.companies.instance(company)
        if not is_read(source, instance.settings):
            return OFF if source_version(source, state) not in ("", OFF) else ""
        with reader_of(self._home, instance.settings, source) as reader:
            by = read_by(source, reader.settings)
            moment = self._since(instance, reader, state)
            if moment is None:
                return f"all:{by}"
            known = _known(instance.tables(), reader)
            ours = self._home.publishing.ids(company, source)
            changed = (
                (id, *map(str, stamp))
                for id, *stamp in reader.changed(moment)
                if id not in ours and known.get(str(id), UNKNOWN) != tuple(stamp)
            )
            return news(source, by, state, changed)  # asks nobody when a read is to be ended first

    def _since(
        self, instance: Instance, reader: SourceReader, state: CompanyState
    ) -> datetime | None:
        """From when on to read; everything when the table is gone."""
        if not instance.tables().exists(reader.table):
            return None
        return since(reader.source, read_by(reader.source, reader.settings), state)


def _known(tables: Tables, reader: SourceReader) -> dict[str, tuple[object, ...]]:
    """The stored rows, id → stamp."""
    held = tables.read(reader.table, ["id", *reader.stamped])
    stamps = zip(*(held[name].tolist() for name in reader.stamped), strict=True)
    return dict(zip(held["id"], stamps, strict=True))
