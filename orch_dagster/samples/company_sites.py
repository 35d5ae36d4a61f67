"""What stands on the sample companies' Atlassian site: issues, pages, and who may see them.

One site for all, an account for each company that sees its own project and space and nothing else,
and one for the coordinator. The content is in `content/atlassian/<company>.yaml`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from coordinator import yaml_text
from coordinator.rich_text import adf_of
from orch_dagster.samples.atlassian import Account, Rules, StandIn
from orch_dagster.samples.build import SAMPLE_COMPANIES

CONTENT = Path(__file__).parent / "content" / "atlassian"
TOKEN = "demo"  # noqa: S105 nothing is behind it
TOKEN_ENV = "ORCH_DEMO_TOKEN"  # noqa: S105 the name of a variable
COORDINATOR_KEY = "ORCH"
COORDINATOR_EMAIL = "coordinator@orch.example"
RULES = Rules(index_lag=timedelta(seconds=2), archive_delay=timedelta(seconds=1))


@dataclass(frozen=True)
class CompanySite:
    """A sample company on the site: its project and space, and its account's e-mail."""

    company: str
    project: str
    space: str
    email: str


def company_sites() -> list[CompanySite]:
    """The sample companies as they stand on the site."""
    found = []
    for sample in SAMPLE_COMPANIES:
        data = _content(sample.slug)
        email = f"coordinator-bot@{sample.slug}.example"
        found.append(CompanySite(sample.slug, str(data["project"]), str(data["space"]), email))
    return found


def open_site(state: Path, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> StandIn:
    """The site as it was saved in `state`, else a new one with the sample content."""
    if state.exists():
        return StandIn.load(state, clock, RULES)
    site = StandIn(clock, RULES)
    _add_account(site, COORDINATOR_EMAIL, "Coordinator")
    _add_place(site, COORDINATOR_KEY, COORDINATOR_KEY, "Coordinator", COORDINATOR_EMAIL)
    for one in company_sites():
        title = next(sample.title for sample in SAMPLE_COMPANIES if sample.slug == one.company)
        _add_account(site, one.email, f"{title} bot")
        _add_place(site, one.project, one.space, title, one.email)
        _fill(site, one, _content(one.company), clock())
    return site


def _add_account(site: StandIn, email: str, name: str) -> None:
    site.add_account(Account(email, TOKEN, email.replace("@", "-at-"), name))


def _add_place(site: StandIn, project: str, space: str, name: str, email: str) -> None:
    site.add_project(project, name=name, readers={email}, writers={email})
    site.add_space(space, name=name, readers={email}, writers={email})


def _fill(site: StandIn, place: CompanySite, data: Mapping[str, Any], now: datetime) -> None:
    people = {str(key): str(name) for key, name in data["people"].items()}
    for row in data["issues"]:
        site.add_issue(
            place.project,
            summary=row["summary"],
            description=adf_of(row["description"]),
            status=row["status"],
            resolution=row.get("resolution"),
            reporter=people[row["by"]],
            created=now - timedelta(days=row["days"]),
            comments=[(people[one["by"]], adf_of(one["text"])) for one in row.get("comments", ())],
        )
    for row in data["pages"]:
        site.add_page(
            place.space,
            title=row["title"],
            storage=row["storage"],
            author=people[row["by"]],
            created=now - timedelta(days=row["days"]),
        )


def _content(company: str) -> dict[str, Any]:
    file = CONTENT / f"{company}.yaml"
    data, _ = yaml_text.load(file.read_text(encoding="utf-8"), file=str(file))
    return data
