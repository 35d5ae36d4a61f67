"""Fifty companies on one site, one of them behind a server that breaks in a chosen way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from coordinator.frames import RowChanges
from coordinator.ledger.events import NewEvent
from coordinator.settings import CompanySettings, EmbeddingSettings, GitSettings, JiraSettings
from coordinator.sweeps import SourcePoll
from coordinator.versions import MEMORY_ASSETS, memory_version
from orch_dagster.samples.atlassian import Account, Request, Rules, StandIn
from resources.home import Home
from resources.http import Lanes
from resources.progress import Silence
from resources.recorded_tables import RecordedTables
from resources.sync_log import SyncLog

EMAIL, TOKEN = "bot@orch.example", "an api token"
COMPANIES = 50
SICK = "company-17"
SICK_TIMEOUT_S = 1.0
WAYS = {
    "hangs": "hang_unexecuted",
    "resets": "reset_after_request",
    "refuses": "refuse",
    "trickles": "executed_trickle",
    "errors": "500",
    "limits": "429",
}


@dataclass
class Street:
    """Fifty companies on one site, one of them behind a server that breaks."""

    home: Home
    stand_in: Any
    server: Any
    now: datetime
    answer: int = 0

    def __call__(self) -> datetime:
        return self.now

    def open_lanes(self) -> None:
        """Forget what was learned of hosts, as a new process does."""
        self.home.__dict__["lanes"] = Lanes(now=self, sleep=lambda _: None, chance=lambda: 0.0)

    def upstream(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Any:
        if self.answer:
            return self.answer, {"Retry-After": "120"}, b"{}"
        found = self.stand_in.handle(Request(method, target, headers, body))
        return found.status, dict(found.headers), found.body

    def make_sick(self, way: str) -> None:
        fault = WAYS[way]
        self.answer = int(fault) if fault.isdigit() else 0
        self.server.plan(*([] if self.answer else [fault] * 1_000))

    def heal(self) -> None:
        self.answer = 0
        self.server.plan()
        self.now += timedelta(minutes=30)

    def poll(self) -> dict[str, SourcePoll]:
        names = self.home.companies.names()
        states = {name: self.home.ledger.state(name) for name in names}
        return {one.company: one for one in self.home.sources.poll("jira", names, states)}

    def read(self, company: str) -> None:
        """Read, store and finish, as a run does."""
        state = self.home.ledger.state(company)
        found = self.home.sources.read(company, "jira", state, census=False, progress=Silence())
        instance = self.home.companies.instance(company)
        tables = RecordedTables(company, instance.tables(), self.home.ledger)
        changes = RowChanges(found.rows, found.removed)
        tables.write("jira_issues", changes, run="r", version=found.version)
        for asset in MEMORY_ASSETS:
            version = memory_version(instance.settings_hash, self.home.ledger.state(company))
            payload = {"asset": asset, "input_version": version, "data_version": "x", "rows": 1}
            event = NewEvent("asset_computed", payload)
            self.home.ledger.append(f"company:{company}", [event], expected_version=None)
        SyncLog(company, self.home.ledger).completed(instance.settings_hash, {}, run="r")

    def titles(self, company: str) -> set[str]:
        tables = self.home.companies.instance(company).tables()
        return set(tables.read("jira_issues", ["title"])["title"])

    def change_all(self, title: str) -> None:
        self.now += timedelta(hours=1)
        for number in range(COMPANIES):
            self.stand_in.add_issue(f"C{number}", summary=title)
        self.now += timedelta(minutes=1)


@contextmanager
def opened(folder: Path, server: Any) -> Iterator[Street]:
    """A home at `folder`, its companies read once; `server` is a fault server.

    The caller puts TOKEN into the variable ORCH_TOKEN.
    """
    with Home.init(folder, embedding=EmbeddingSettings()) as home:
        street = Street(home, None, server, datetime(2026, 3, 1, 12, tzinfo=UTC))
        stand_in = street.stand_in = StandIn(street, Rules())
        stand_in.add_account(Account(EMAIL, TOKEN, "acc-bot", "Bot"))
        server.upstream = street.upstream
        with stand_in.serving() as url:
            for number in range(COMPANIES):
                name = f"company-{number}"
                stand_in.add_project(f"C{number}")
                stand_in.add_issue(f"C{number}", summary="The first")
                site = server.url if name == SICK else url
                account = {"site": site, "email": EMAIL, "token_env": "ORCH_TOKEN"}
                jira = JiraSettings(
                    project=f"C{number}",
                    loopback=True,
                    # the well ones are waited for however busy the machine is
                    timeout_s=SICK_TIMEOUT_S if name == SICK else 60.0,
                    requests_per_second=100,
                    **account,
                )
                git = GitSettings(url="https://example.org/shop.git")
                home.companies.create(CompanySettings(name=name, git=git, jira=jira))
            street.open_lanes()
            for name in home.companies.names():
                street.read(name)
            yield street
