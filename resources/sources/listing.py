"""What is read of a company, and how that goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from coordinator.ledger.company_events import Source
from coordinator.settings import CompanySettings
from resources.sources.readers import TABLES

if TYPE_CHECKING:
    from resources.home import Home


@dataclass(frozen=True)
class Listed:
    """One source of a company: `read_at` is when it was last read to its end, `failures` those in
    a row since, `error_kind` the last one's class."""

    company: str
    source: Source
    place: str
    rows: int
    read_at: datetime | None
    failures: int
    error_kind: str


def listed(home: Home, company: str) -> Iterator[Listed]:
    """Every source the settings of `company` name; CompanyError when there is no such company."""
    settings, state = home.companies.instance(company).settings, home.ledger.state(company)
    for source, place in _places(settings).items():
        failure = state.failures.get(source)
        yield Listed(
            company=company,
            source=source,
            place=place,
            rows=state.rows(TABLES.get(source, "git_commits")),
            read_at=state.synced_at.get(source),
            failures=failure.in_a_row if failure else 0,
            error_kind=failure.error_kind if failure else "",
        )


def _places(settings: CompanySettings) -> dict[Source, str]:
    places: dict[Source, str] = {"git": settings.git.url}
    if settings.jira is not None:
        places["jira"] = f"{settings.jira.project} at {settings.jira.site}"
    if settings.confluence is not None:
        places["confluence"] = f"{settings.confluence.space} at {settings.confluence.site}"
    if settings.supabase is not None:
        project = settings.supabase
        places["supabase"] = project.url or f"${project.database_url_env}"
    return places
