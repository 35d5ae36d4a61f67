"""A project of many issues, read, embedded, and then only what changed of it.

The account's clock is Brazil's and the search index runs behind. With the public issue texts at
hand (ORCH_SHARED, else a folder `shared` beside the checkout) `make figures` reads 10,000 issues.
"""

from __future__ import annotations

import csv
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from coordinator.settings import CompanySettings, EmbeddingSettings, GitSettings, JiraSettings
from orch_dagster.definitions import definitions_for
from orch_dagster.samples.atlassian import Account, Rules, StandIn
from resources.home import Home

EMAIL, TOKEN = "bot@acme.example", "an api token"
ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("ORCH_SHARED") or ROOT.parent / "shared")
SILENT = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
LATE = timedelta(minutes=10)


def made_up(count: int) -> list[tuple[str, str]]:
    """Titles and descriptions, the same each time."""
    parts = random.Random(7)
    subjects = ("gateway", "queue", "cache", "token", "invoice", "webhook", "session", "index")
    faults = ("times out", "is doubled", "gets lost", "grows without bound", "answers too late")
    reasons = ("under load", "after a restart", "when the clock is set back", "behind the proxy")
    found = []
    for number in range(count):
        subject, fault, reason = map(parts.choice, (subjects, faults, reasons))
        title = f"The {subject} {fault} {reason} ({number})"
        told = f"Since release {number} the {subject} {fault} {reason}; we retry three times and "
        found.append((title, f"{told} then tell whoever is on call what was tried and why."))
    return found


def real() -> list[tuple[str, str]]:
    """Titles and descriptions of public Jira projects."""
    folder = SHARED / "data" / "jira"
    if not folder.is_dir():
        pytest.skip(f"the public issue texts are not at {folder}: name their folder in ORCH_SHARED")
    found: list[tuple[str, str]] = []
    for file in sorted(folder.glob("*.csv")):
        with file.open(encoding="utf-8", newline="") as rows:
            found += [(row["title"], row["description"] or "") for row in csv.DictReader(rows)]
    return found[:10_000]


@dataclass
class Clock:
    """The site's clock: this machine's, moved ahead by hand."""

    ahead: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Project:
    """A company whose project holds many issues, and the desk it is synced from."""

    home: Home
    dagster: dg.DagsterInstance
    stand_in: StandIn
    keys: list[str]
    clock: Clock
    calls: list[str] = field(default_factory=list)

    def sync(self, *, census: bool = False) -> dict[str, dict[str, Any]]:
        """Run the job; the metadata of each asset."""
        ops = {"jira_issues": {"config": {"census": True}}} if census else {}
        run = (
            definitions_for(str(self.home.path))
            .resolve_job_def("sync_jira")
            .execute_in_process(
                instance=self.dagster, partition_key="acme", run_config={**SILENT, "ops": ops}
            )
        )
        found = {}
        for event in run.get_asset_materialization_events():
            metadata = event.step_materialization_data.materialization.metadata
            found[event.asset_key.path[-1]] = {key: one.value for key, one in metadata.items()}
        return found

    def has_news(self) -> bool:
        states = {"acme": self.home.ledger.state("acme")}
        (poll,) = self.home.sources.poll("jira", ["acme"], states)
        assert poll.news is not None, poll.error
        return bool(poll.news)

    def searches(self) -> int:
        """Search calls since it was last asked."""
        count = sum("search/jql" in call for call in self.calls)
        self.calls.clear()
        return count

    def stored(self) -> set[str]:
        tables = self.home.companies.instance("acme").tables()
        return set(tables.read("jira_issues", ["key"])["key"])

    def remembered(self) -> set[str]:
        """The issues somebody could find."""
        tables = self.home.companies.instance("acme").tables()
        return set(tables.read("private_memory", ["evidence_path"])["evidence_path"])


@contextmanager
def project_of(folder: Path, texts: list[tuple[str, str]]) -> Iterator[Project]:
    """A project of these issues, made minute by minute a month ago."""
    clock = Clock()
    began = clock()
    stand_in = StandIn(clock, Rules())
    stand_in.add_account(Account(EMAIL, TOKEN, "acc", "Bot", time_zone="America/Sao_Paulo"))
    stand_in.add_project("PAY")
    keys = [
        stand_in.add_issue(
            "PAY",
            summary=title,
            description=text or None,
            status="Done" if number % 2 else "To Do",
            created=began - timedelta(days=30) + timedelta(minutes=number),
        )
        for number, (title, text) in enumerate(texts)
    ]
    home = Home.init(folder / "home", embedding=EmbeddingSettings())
    with home, dg.DagsterInstance.ephemeral() as dagster, stand_in.serving() as url:
        account = {"site": url, "email": EMAIL, "token_env": "ACME_TOKEN", "loopback": True}
        jira = JiraSettings(project="PAY", requests_per_second=100, **account)
        git = GitSettings(url="https://example.org/shop.git")
        home.companies.create(CompanySettings(name="acme", git=git, jira=jira))
        dagster.add_dynamic_partitions("company", ["acme"])
        project = Project(home, dagster, stand_in, keys, clock)
        stand_in.on_exchange(lambda request, _: project.calls.append(request.target))
        yield project


def walk(project: Project, count: int) -> dict[str, Any]:
    """Load everything, then change three, delete one, and index one late; what was seen."""
    clock = project.clock
    first = project.sync()
    assert len(project.stored()) == count
    loaded = project.searches()
    clock.ahead += timedelta(hours=1)
    assert not project.has_news()

    clock.ahead += timedelta(hours=1)
    project.searches()
    for key in project.keys[10:13]:
        words = "gateway key idempotent acquirer charged timeout backoff"
        project.stand_in.edit_issue(
            key, summary=f"Changed {key}", description=f"Changed {key}: {words} {words[::-1]} now."
        )
    second = project.sync()
    searches = project.searches()
    assert second["jira_issues"]["read"] == 3
    assert second["private_memory"]["embedded"] == 3
    assert searches == 1

    clock.ahead += timedelta(hours=1)
    project.stand_in.delete_issue(project.keys[20])
    third = project.sync(census=True)
    assert project.keys[20] not in project.stored()
    assert project.keys[20] not in project.remembered()
    assert third["private_memory"]["embedded"] == 0

    clock.ahead += timedelta(hours=1)
    hidden = project.stand_in.add_issue(
        "PAY",
        summary="Hidden from the index for a while",
        description="The search index runs behind, so this one is found only by a later window.",
        indexed_after=LATE,
    )
    clock.ahead += timedelta(minutes=1)
    project.stand_in.edit_issue(project.keys[10], summary="Seen at once, though it is newer")
    project.sync()
    assert hidden not in project.stored()
    clock.ahead += LATE
    assert project.has_news()
    project.sync()
    assert hidden in project.stored()
    assert hidden in project.remembered()
    clock.ahead += timedelta(hours=1)
    assert not project.has_news()
    return {
        "issues": len(project.stored()),
        "learnings": first["learnings"]["dagster/row_count"],
        "embedded at first": first["private_memory"]["embedded"],
        "searches to load": loaded,
        "searches for three changes": searches,
    }


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_TOKEN", TOKEN)


def test_only_what_changed_is_fetched_and_embedded_and_nothing_is_lost(tmp_path):
    with project_of(tmp_path, made_up(120)) as project:
        walk(project, 120)


@pytest.mark.figures
def test_ten_thousand_issues_are_read_once_and_then_only_what_changed(tmp_path):
    texts = real()
    print(f"{len(texts)} of them are real")
    texts += made_up(10_000 - len(texts))
    with project_of(tmp_path, texts) as project:
        print(walk(project, 10_000))
