"""Which reader reads a company's source, and what to do with one nobody asks for any more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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


def is_read(source: Source, settings: CompanySettings) -> bool:
    """Whether a company's settings ask for `source` to be read."""
    if source == "supabase":
        return settings.supabase is not None and settings.supabase.pull
    found = settings.jira if source == "jira" else settings.confluence
    return found is not None and found.read


@contextmanager
def reader_of(home: Home, settings: CompanySettings, source: Source) -> Iterator[SourceReader]:
    """What reads `source` of a company whose settings ask for that; what it opens, it closes.

    Raises SourceUnauthorized when its key is not in the environment.
    """
    if source == "jira" and settings.jira is not None:
        from resources.jira import JiraReader

        yield JiraReader(home.site(settings.name, settings.jira, "jira"), settings.jira)
    elif source == "confluence" and settings.confluence is not None:
        from resources.confluence import ConfluenceReader

        site = home.site(settings.name, settings.confluence, "confluence")
        yield ConfluenceReader(site, settings.confluence)
    elif source == "supabase" and settings.supabase is not None:
        from resources.supabase import SupabaseReader

        with home.supabase(settings.name, settings.supabase) as memories:
            yield SupabaseReader(memories, settings.supabase)
    else:
        raise AssertionError(f"{settings.name} has no {source}")


def off(tables: Tables, table: str) -> Changes:
    """What is to be done with a source nobody asks for any more: everything of it leaves."""
    held = tables.read(table)
    return Changes(rows=held.iloc[0:0], removed=tuple(held["id"]), version=OFF)
