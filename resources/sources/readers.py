"""Which reader reads a company's source, and what to do with one nobody asks for any more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from coordinator.ledger.company_events import Source
from coordinator.settings import CompanySettings
from resources.sources.reader import Changes, SourceReader

if TYPE_CHECKING:
    from resources.home import Home
    from resources.tables import Tables

OFF = "off"
"""The version of a source that is not configured."""

TABLES: Mapping[Source, str] = {
    "jira": "jira_issues",
    "confluence": "confluence_pages",
    "supabase": "supabase_memories",
}


def reader_of(home: Home, settings: CompanySettings, source: Source) -> SourceReader | None:
    """What reads `source` of a company; None when its settings do not ask for that."""
    return _MAKERS[source](home, settings)


def off(tables: Tables, table: str) -> Changes:
    """What is to be done with a source nobody asks for any more: everything of it leaves."""
    held = tables.read(table)
    return Changes(rows=held.iloc[0:0], removed=tuple(held["id"]), version=OFF)


def _jira(home: Home, settings: CompanySettings) -> SourceReader | None:
    from resources.jira import JiraReader

    if settings.jira is None or not settings.jira.read:
        return None
    return JiraReader(home.site(settings.name, settings.jira, "jira"), settings.jira)


def _confluence(home: Home, settings: CompanySettings) -> SourceReader | None:
    from resources.confluence import ConfluenceReader

    if settings.confluence is None or not settings.confluence.read:
        return None
    site = home.site(settings.name, settings.confluence, "confluence")
    return ConfluenceReader(site, settings.confluence)


def _supabase(home: Home, settings: CompanySettings) -> SourceReader | None:
    return None


_MAKERS: Mapping[Source, Callable[[Home, CompanySettings], SourceReader | None]] = {
    "jira": _jira,
    "confluence": _confluence,
    "supabase": _supabase,
}
