"""A home with a company on a stand-in Atlassian site, served over HTTP, under one virtual clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from coordinator.frames import RowChanges
from coordinator.ledger.company_events import Source
from coordinator.ledger.events import NewEvent
from coordinator.settings import (
    CompanySettings,
    ConfluenceSettings,
    EmbeddingSettings,
    GitSettings,
    JiraSettings,
)
from coordinator.versions import MEMORY_ASSETS, SOURCE_ASSETS, memory_version
from orch_dagster.samples.atlassian import Account, Rules
from resources.home import Home
from resources.http import Lanes
from resources.progress import Silence
from resources.recorded_tables import RecordedTables
from resources.sources.reader import Changes
from resources.sync_log import SyncLog

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
EMAIL = "bot@acme.example"
TOKEN = "an api token"


@dataclass
class Clock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Site:
    """A company, the stand-in its settings name, and what its reads and runs would do."""

    home: Home
    clock: Clock
    stand_in: Any
    url: str
    company: str = "acme"
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.stand_in.on_exchange(lambda request, _: self.calls.append(request.target))

    def read(self, source: Source = "jira", *, census: bool = False) -> Changes:
        """Read what changed and store it, as the asset does; nothing is learned yet."""
        state = self.home.ledger.state(self.company)
        found = self.home.sources.read(
            self.company, source, state, census=census, progress=Silence()
        )
        instance = self.home.companies.instance(self.company)
        tables = RecordedTables(self.company, instance.tables(), self.home.ledger)
        [table] = SOURCE_ASSETS[source]
        changes = RowChanges(found.rows, found.removed)
        tables.write(table, changes, run="run", version=found.version)
        return found

    def finish(self) -> None:
        """Record what a whole run records behind the reading: all is learned, cursors move."""
        stream = f"company:{self.company}"
        hash = self.home.companies.instance(self.company).settings_hash
        for asset in MEMORY_ASSETS:
            version = memory_version(hash, self.home.ledger.state(self.company))
            payload = {"asset": asset, "input_version": version, "data_version": "x", "rows": 1}
            event = NewEvent("asset_computed", payload)
            self.home.ledger.append(stream, [event], expected_version=None)
        SyncLog(self.company, self.home.ledger).completed(hash, {}, run="run")

    def sync(self, source: Source = "jira", *, census: bool = False) -> Changes:
        found = self.read(source, census=census)
        self.finish()
        return found

    def news(self, source: Source = "jira") -> str | None:
        """What a poll has to say: empty for nothing, None for unreadable."""
        states = {self.company: self.home.ledger.state(self.company)}
        (poll,) = self.home.sources.poll(source, [self.company], states)
        return poll.news

    def rows(self, table: str = "jira_issues") -> dict[str, dict[str, Any]]:
        """The stored rows by id."""
        frame = self.home.companies.instance(self.company).tables().read(table)
        return {str(row["id"]): row for row in frame.to_dict("records")}

    def titles(self, table: str = "jira_issues") -> list[str]:
        return sorted(row["title"] for row in self.rows(table).values())

    def settings(self, **changes: Any) -> None:
        """Change the company's settings."""
        instance = self.home.companies.instance(self.company)
        instance.write_settings(instance.settings.model_copy(update=changes))

    @property
    def account(self) -> dict[str, Any]:
        return {"site": self.url, "email": EMAIL, "token_env": "ACME_TOKEN", "loopback": True}

    def jira(self, **given: Any) -> JiraSettings:
        return JiraSettings(**self.account | {"project": "PAY", "requests_per_second": 100} | given)

    def confluence(self, **given: Any) -> ConfluenceSettings:
        given = {"space": "PAY", "requests_per_second": 100} | given
        return ConfluenceSettings(**self.account | given)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site_with(
    tmp_path: Path,
    clock: Clock,
    stand_ins: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[..., Site]]:
    """Makes a site by rules; the account's time zone may be given."""
    monkeypatch.setenv("ACME_TOKEN", TOKEN)
    with ExitStack() as stack:

        def make(*, zone: str = "UTC", scoped: bool = False, **rules: Any) -> Site:
            stand_in = stand_ins(clock, Rules(**rules))
            account = Account(EMAIL, TOKEN, "acc-bot", "Bot", time_zone=zone, scoped=scoped)
            stand_in.add_account(account)
            stand_in.add_project("PAY", readers={EMAIL}, writers={EMAIL})
            stand_in.add_space("PAY", readers={EMAIL}, writers={EMAIL})
            url = stack.enter_context(stand_in.serving())
            home = stack.enter_context(Home.init(tmp_path / "home", embedding=EmbeddingSettings()))
            home.__dict__["lanes"] = Lanes(now=clock, sleep=lambda s: clock.advance(seconds=s))
            site = Site(home, clock, stand_in, url)
            home.companies.create(
                CompanySettings(
                    name="acme",
                    git=GitSettings(url="https://example.org/shop.git"),
                    jira=site.jira(scoped=scoped),
                    confluence=site.confluence(scoped=scoped),
                )
            )
            return site

        yield make


@pytest.fixture
def site(site_with: Callable[..., Site]) -> Site:
    return site_with()
