"""One sweep over Jira, Confluence and Supabase: what changed becomes a run, who is sick waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from coordinator.errors import OrchError
from coordinator.ledger.events import NewEvent
from coordinator.settings import (
    CompanySettings,
    ConfluenceSettings,
    EmbeddingSettings,
    GitSettings,
    JiraSettings,
)
from coordinator.versions import MEMORY_ASSETS, SOURCE_ASSETS, memory_version
from orch_dagster.definitions import defs
from orch_dagster.samples.atlassian import Account, Rules
from resources.dagster_resources import HomeResource
from resources.home import Home
from resources.sync_log import SyncLog
from sensors.schedules import (
    confluence_census_schedule,
    docs_schedule,
    jira_census_schedule,
    publication_schedule,
    supabase_census_schedule,
)
from sensors.services import confluence_sensor, jira_sensor, supabase_sensor

pytestmark = pytest.mark.filterwarnings("ignore:Parameter `data_version` of initializer")

EMAIL, TOKEN = "bot@acme.example", "an api token"


@dataclass
class Watch:
    """A home under watch, its companies on one stand-in site."""

    home: Home
    dagster: dg.DagsterInstance
    stand_in: Any
    url: str

    def create(self, company: str, *, token: str = "ACME_TOKEN", **changes: Any) -> None:
        """A company with a project of its own, and an issue in it."""
        key = company.upper()[:4]
        self.stand_in.add_project(key, readers={EMAIL})
        self.stand_in.add_space(key, readers={EMAIL})
        self.stand_in.add_issue(key, summary="The first one")
        account = {"site": self.url, "email": EMAIL, "token_env": token, "loopback": True}
        account |= {"requests_per_second": 100}
        self.home.companies.create(
            CompanySettings(
                name=company,
                git=GitSettings(url="https://example.org/shop.git"),
                jira=changes.get("jira", JiraSettings(project=key, **account)),
                confluence=ConfluenceSettings(space=key, docs=changes.get("docs", ""), **account),
            )
        )
        self.dagster.add_dynamic_partitions("company", [company])

    def tick(self, sensor: dg.SensorDefinition, cursor: str | None = None) -> Any:
        with dg.build_sensor_context(
            instance=self.dagster,
            cursor=cursor,
            resources={"home": HomeResource(path=str(self.home.path))},
            definitions=defs,
        ) as context:
            return sensor(context)

    def scheduled(self, schedule: dg.ScheduleDefinition) -> list[Any]:
        """What a schedule asks for, as run requests."""
        with dg.build_schedule_context(
            instance=self.dagster,
            scheduled_execution_time=datetime(2026, 3, 1, 3, tzinfo=UTC),
            resources={"home": HomeResource(path=str(self.home.path))},
        ) as context:
            found = schedule(context)
            found = [found] if isinstance(found, dg.RunRequest | dg.SkipReason) else list(found)
        return [one for one in found if isinstance(one, dg.RunRequest)]

    def asked(self, sensor: dg.SensorDefinition = jira_sensor) -> dict[str, str]:
        """The run key asked for, by company."""
        tick = self.tick(sensor)
        return {run.partition_key: run.run_key for run in getattr(tick, "run_requests", None) or []}

    def finish(self, company: str, source: Any = "jira") -> None:
        """Read a source and record what its whole run records."""
        from coordinator.frames import RowChanges
        from resources.progress import Silence
        from resources.recorded_tables import RecordedTables

        state = self.home.ledger.state(company)
        found = self.home.sources.read(company, source, state, census=False, progress=Silence())
        instance = self.home.companies.instance(company)
        tables = RecordedTables(company, instance.tables(), self.home.ledger)
        [table] = SOURCE_ASSETS[source]
        tables.write(table, RowChanges(found.rows, found.removed), run="r", version=found.version)
        for asset in MEMORY_ASSETS:
            version = memory_version(instance.settings_hash, self.home.ledger.state(company))
            payload = {"asset": asset, "input_version": version, "data_version": "x", "rows": 1}
            self.tell(company, "asset_computed", payload)
        SyncLog(company, self.home.ledger).completed(instance.settings_hash, {}, run="r")

    def tell(self, company: str, event: str, payload: dict[str, Any]) -> None:
        self.home.ledger.append(
            f"company:{company}", [NewEvent(event, payload)], expected_version=None
        )


@pytest.fixture
def watch(
    tmp_path: Path, stand_ins: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Watch]:
    monkeypatch.setenv("ACME_TOKEN", TOKEN)
    stand_in = stand_ins(lambda: datetime.now(UTC), Rules())
    stand_in.add_account(Account(EMAIL, TOKEN, "acc-bot", "Bot"))
    home = Home.init(tmp_path / "home", embedding=EmbeddingSettings())
    with home, dg.DagsterInstance.ephemeral() as dagster, stand_in.serving() as url:
        yield Watch(home, dagster, stand_in, url)


def test_a_company_never_read_is_asked_for(watch):
    watch.create("acme")
    assert watch.asked()["acme"].startswith("jira:acme:")
    assert watch.asked(confluence_sensor)["acme"].startswith("confluence:acme:")


def test_the_same_state_is_asked_for_with_the_same_run_key(watch):
    watch.create("acme")
    assert watch.asked() == watch.asked()


def test_a_company_read_to_the_end_is_not_asked_for_until_something_changes(watch):
    watch.create("acme")
    watch.finish("acme")
    assert watch.asked() == {}
    watch.stand_in.edit_issue("ACME-1", summary="Changed")
    first = watch.asked()["acme"]
    watch.finish("acme")
    watch.stand_in.edit_issue("ACME-1", summary="Changed again")
    assert watch.asked()["acme"] != first


def test_a_company_that_just_failed_waits_and_has_another_run_key_then(watch):
    watch.create("acme")
    before = watch.asked()["acme"]
    failed = {"source": "jira", "error_kind": "SourceBusy", "stage": "jira_issues"}
    watch.tell("acme", "sync_failed", failed)
    assert watch.asked() == {}
    assert watch.asked(confluence_sensor) != {}
    from coordinator.sweeps import due_source

    states = {"acme": watch.home.ledger.state("acme")}
    polls = watch.home.sources.poll("jira", ["acme"], states)
    later = datetime.now(UTC) + timedelta(hours=1)
    (due,) = due_source("jira", polls, states, now=later)
    assert due.run_key != before


def test_one_sick_company_does_not_stop_the_others(watch, monkeypatch):
    monkeypatch.setenv("OTHER_TOKEN", TOKEN)
    watch.create("acme")
    watch.create("umbrella", token="OTHER_TOKEN")
    watch.create("broken")
    watch.finish("umbrella")
    monkeypatch.setenv("OTHER_TOKEN", "refused")
    watch.home.companies.instance("broken").settings_file.write_text("name: [")
    assert list(watch.asked()) == ["acme"]


def test_a_tick_in_which_nobody_could_be_read_fails(watch, monkeypatch):
    for name in ("acme", "umbrella"):
        watch.create(name)
        watch.finish(name)
    monkeypatch.setenv("ACME_TOKEN", "refused")
    with pytest.raises(OrchError, match="of none of 2 companies could be read"):
        watch.tick(jira_sensor)


def test_companies_without_the_service_are_not_asked_and_that_is_no_failure(watch):
    watch.create("acme", jira=None)
    tick = watch.tick(jira_sensor)
    assert tick.skip_message == "no company has jira in its settings"
    assert watch.tick(supabase_sensor).skip_message == "no company has supabase in its settings"


def test_a_tick_starts_behind_the_last_company_it_reached(watch):
    watch.create("acme")
    watch.create("umbrella")
    assert watch.tick(jira_sensor).cursor == "0"
    assert watch.tick(jira_sensor, cursor="1").cursor == "1"


def test_a_census_is_asked_for_once_a_day_where_the_service_is_read(watch):
    watch.create("acme")
    watch.create("umbrella", jira=None)
    (run,) = watch.scheduled(jira_census_schedule)
    assert run.partition_key == "acme"
    assert run.run_config == {"ops": {"jira_issues": {"config": {"census": True}}}}
    assert run.run_key == "census:jira:acme:2026-03-01"
    both = watch.scheduled(confluence_census_schedule)
    assert [one.partition_key for one in both] == ["acme", "umbrella"]
    assert watch.scheduled(supabase_census_schedule) == []


def test_documents_are_published_where_the_pages_are_not_what_they_say(watch):
    import pandas as pd

    from resources.tables import schemas

    watch.create("acme", docs="docs")
    watch.create("umbrella")
    assert watch.scheduled(docs_schedule) == []  # nothing was read yet
    frame = pd.DataFrame(
        [{"id": "docs/a.md", "path": "docs/a.md", "blob": "x", "text": "# A", "commit": "c"}]
    )
    frame["changed_at"] = pd.to_datetime([datetime(2026, 1, 1, tzinfo=UTC)])
    tables = watch.home.companies.instance("acme").tables()
    tables.reconcile("local_docs", frame, schema=schemas.documents())
    (run,) = watch.scheduled(docs_schedule)
    assert run.partition_key == "acme"


def test_nothing_is_published_while_nothing_is_due(watch):
    watch.create("acme")
    assert watch.scheduled(publication_schedule) == []
