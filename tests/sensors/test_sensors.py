"""What the sensors see and ask for: real repositories and a Dagster instance of the test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from coordinator.errors import OrchError
from coordinator.ledger.events import NewEvent
from coordinator.settings import EmbeddingSettings
from coordinator.sweeps import due
from coordinator.versions import sync_version
from orch_dagster.definitions import defs
from resources.companies import settings_for
from resources.dagster_resources import PARTITION_TAG, HomeResource
from resources.home import Home
from resources.polling import poll_heads
from sensors.companies import UNFINISHED, company_sensor
from sensors.failures import failure_sensor
from sensors.git import git_sensor
from sensors.recovery import recovery_sensor

# Dagster's word for a parameter that may still change; the version is pinned
pytestmark = pytest.mark.filterwarnings("ignore:Parameter `data_version` of initializer")


@dataclass
class Watch:
    """A home under watch."""

    home: Home
    dagster: dg.DagsterInstance
    repository: Any

    def create(self, company: str, *, partition: bool = True) -> Any:
        """A company with one commit; its repository."""
        made = self.repository(company)
        made.commit({"README.md": "# Payments\n"}, "Start the payments service for everybody")
        self.home.companies.create(settings_for(company, str(made.path)))
        if partition:
            self.dagster.add_dynamic_partitions("company", [company])
        return made

    def tick(self, sensor: dg.SensorDefinition, cursor: str | None = None) -> Any:
        """What one evaluation answers."""
        with dg.build_sensor_context(
            instance=self.dagster,
            cursor=cursor,
            resources={"home": HomeResource(path=str(self.home.path))},
            definitions=defs,
        ) as context:
            return sensor(context)

    def asked(self) -> dict[str, str]:
        """The run key asked for, by company."""
        return {run.partition_key: run.run_key for run in self.tick(git_sensor).run_requests}

    def finish(self, company: str, head: str) -> None:
        """Record what a complete sync of `head` records."""
        version = sync_version(
            head,
            self.home.companies.instance(company).settings_hash,
            self.home.ledger.state(company),
        )
        moved = {"source": "git", "cursor": version, "previous": None}
        self.tell(company, "cursor_moved", moved)

    def tell(self, company: str, event: str, payload: dict[str, Any]) -> None:
        self.home.ledger.append(
            f"company:{company}", [NewEvent(event, payload)], expected_version=None
        )


@pytest.fixture
def watch(tmp_path: Path, repository: Any) -> Iterator[Watch]:
    home = Home.init(tmp_path / "home", embedding=EmbeddingSettings())
    with home, dg.DagsterInstance.ephemeral() as dagster:
        yield Watch(home, dagster, repository)


def partitions_of(tick: Any) -> list[tuple[str, tuple[str, ...]]]:
    requests = getattr(tick, "dynamic_partitions_requests", None) or []
    return [(type(one).__name__[:3], tuple(one.partition_keys)) for one in requests]


def test_a_new_company_gets_a_partition_and_a_removed_one_loses_it(watch):
    watch.create("acme", partition=False)
    watch.dagster.add_dynamic_partitions("company", ["gone"])
    assert partitions_of(watch.tick(company_sensor)) == [("Add", ("acme",)), ("Del", ("gone",))]


def test_partitions_that_equal_the_companies_are_left_alone(watch):
    watch.create("acme")
    tick = watch.tick(company_sensor)
    assert partitions_of(tick) == []
    assert tick.skip_message == "1 companies, no change"


# a queued run cannot be made without a daemon's origin: its status is only looked up
@pytest.mark.parametrize(
    "status", [one for one in UNFINISHED if one is not dg.DagsterRunStatus.QUEUED]
)
def test_a_partition_with_a_run_in_flight_is_not_deleted(watch, status):
    watch.dagster.add_dynamic_partitions("company", ["gone"])
    watch.dagster.add_run(
        dg.DagsterRun(job_name="sync_company", status=status, tags={PARTITION_TAG: "gone"})
    )
    assert partitions_of(watch.tick(company_sensor)) == []


def test_every_status_that_is_not_an_end_counts_as_in_flight():
    ends = {
        dg.DagsterRunStatus.SUCCESS,
        dg.DagsterRunStatus.FAILURE,
        dg.DagsterRunStatus.CANCELED,
        dg.DagsterRunStatus.MANAGED,  # Dagster's word for runs it does not launch itself
    }
    assert set(dg.DagsterRunStatus) - ends == set(UNFINISHED)


def test_a_partition_whose_runs_have_ended_is_deleted(watch):
    watch.dagster.add_dynamic_partitions("company", ["gone"])
    watch.dagster.add_run(
        dg.DagsterRun(
            job_name="sync_company",
            status=dg.DagsterRunStatus.FAILURE,
            tags={PARTITION_TAG: "gone"},
        )
    )
    assert partitions_of(watch.tick(company_sensor)) == [("Del", ("gone",))]


def test_a_company_never_synced_is_asked_for_with_its_head_in_the_run_key(watch):
    head = watch.create("acme").git("rev-parse", "HEAD")
    asked = watch.asked()
    assert list(asked) == ["acme"]
    assert asked["acme"].startswith("git:acme:")
    assert head in asked["acme"]


def test_the_same_state_is_asked_for_with_the_same_run_key(watch):
    watch.create("acme")
    assert watch.asked() == watch.asked()


def test_a_synced_company_is_not_asked_for_until_somebody_pushes(watch):
    acme = watch.create("acme")
    watch.finish("acme", acme.git("rev-parse", "HEAD"))
    assert watch.asked() == {}
    pushed = acme.commit({"a.py": "A = 1\n"}, "Add the first module of the service")
    assert pushed in watch.asked()["acme"]


def test_changed_settings_ask_for_a_sync_of_the_same_head(watch):
    acme = watch.create("acme")
    watch.finish("acme", acme.git("rev-parse", "HEAD"))
    instance = watch.home.companies.instance("acme")
    instance.write_settings(instance.settings.model_copy(update={"title": "Acme Corporation"}))
    assert list(watch.asked()) == ["acme"]


def test_a_head_that_comes_back_after_a_rewrite_has_another_run_key(watch):
    acme = watch.create("acme")
    first = watch.asked()["acme"]
    head = acme.git("rev-parse", "HEAD")
    watch.finish("acme", head)
    watch.finish("acme", acme.commit({"a.py": "A = 1\n"}, "Add the first module"))
    acme.git("reset", "--quiet", "--hard", head)
    again = watch.asked()["acme"]
    assert head in again
    assert again != first


def test_a_company_that_just_failed_waits(watch):
    watch.create("acme")
    watch.tell("acme", "sync_failed", {"error_kind": "GitLimit", "stage": "git_commits"})
    assert watch.home.ledger.state("acme").failures["git"].at <= datetime.now(UTC)
    assert watch.asked() == {}


def test_a_company_without_a_partition_waits_for_it(watch):
    watch.create("acme", partition=False)
    assert watch.asked() == {}


def test_one_sick_company_does_not_stop_the_others(watch):
    watch.create("acme")
    watch.create("broken").path.rename(watch.home.path / "moved")
    watch.create("unreadable")
    (watch.home.companies.instance("unreadable").settings_file).write_text("name: [")
    assert list(watch.asked()) == ["acme"]


def test_a_tick_in_which_nobody_could_be_read_fails(watch):
    for name in ("acme", "umbrella"):
        watch.create(name).path.rename(watch.home.path / f"moved-{name}")
    with pytest.raises(OrchError, match="none of 2 repositories could be read"):
        watch.tick(git_sensor)


def test_an_unreadable_repository_is_never_taken_for_an_empty_one(watch):
    watch.create("acme")
    broken = watch.create("broken")
    watch.finish("broken", broken.git("rev-parse", "HEAD"))
    broken.path.rename(watch.home.path / "moved")
    assert "broken" not in watch.asked()


def test_the_next_tick_starts_behind_the_last_company_asked(watch):
    for name in ("acme", "broken", "unread"):
        watch.create(name)
    assert watch.tick(git_sensor, cursor="2").cursor == "2"
    asked = watch.tick(git_sensor, cursor="2").run_requests
    assert [run.partition_key for run in asked] == ["unread", "acme", "broken"]


def fail(watch, company="acme"):
    """A failed run of a company, and the failure sensor's look at it."""
    run = watch.dagster.create_run_for_job(
        defs.resolve_job_def("sync_company"),
        tags={PARTITION_TAG: company},
        status=dg.DagsterRunStatus.STARTED,
    )
    watch.dagster.report_run_failed(run)
    (failed,) = watch.dagster.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)

    def look():
        with dg.build_run_status_sensor_context(
            sensor_name=failure_sensor.name,
            dagster_instance=watch.dagster,
            dagster_run=watch.dagster.get_run_by_id(run.run_id),
            dagster_event=failed.dagster_event,
            resources={"home": HomeResource(path=str(watch.home.path))},
        ) as context:
            failure_sensor(context.for_run_failure())

    return look


def test_a_killed_run_is_recorded_once_so_that_the_next_try_has_another_key(watch):
    watch.create("acme")
    before = watch.asked()["acme"]
    look = fail(watch)
    look()
    look()
    state = watch.home.ledger.state("acme")
    assert (state.failures["git"].error_kind, state.failures["git"].in_a_row) == ("RunLost", 1)
    versions = {"acme": watch.home.companies.instance("acme").settings_hash}
    (due_now,) = due(poll_heads(watch.home.companies, ["acme"]), versions, {"acme": state})
    assert due_now.run_key != before


def test_a_failure_that_recorded_itself_is_not_recorded_again(watch):
    watch.create("acme")
    look = fail(watch)
    watch.tell("acme", "sync_failed", {"error_kind": "GitLimit", "stage": "git_commits"})
    look()
    assert watch.home.ledger.state("acme").failures["git"].error_kind == "GitLimit"


def test_a_failed_run_of_a_removed_company_is_left_alone(watch):
    before = watch.home.ledger.head()
    fail(watch, "gone")()
    assert watch.home.ledger.head() == before


def started_run(watch, company):
    """A run that Dagster calls started, of a process that is not there; its id."""
    run = watch.dagster.create_run_for_job(
        defs.resolve_job_def("sync_company"),
        tags={PARTITION_TAG: company},
        status=dg.DagsterRunStatus.STARTED,
    )
    return run.run_id


def test_a_run_whose_process_died_is_ended_at_the_second_look(watch, monkeypatch):
    monkeypatch.setattr("sensors.recovery.QUIET_TIME", timedelta(seconds=-60))
    watch.create("acme")
    run = started_run(watch, "acme")
    first = watch.tick(recovery_sensor)
    assert watch.dagster.get_run_by_id(run).status == dg.DagsterRunStatus.STARTED
    watch.tick(recovery_sensor, first.cursor)
    assert watch.dagster.get_run_by_id(run).status == dg.DagsterRunStatus.FAILURE


def test_a_run_that_holds_its_company_is_alive(watch, monkeypatch):
    monkeypatch.setattr("sensors.recovery.QUIET_TIME", timedelta(seconds=-60))
    watch.create("acme")
    run = started_run(watch, "acme")
    with watch.home.companies.instance("acme").lock():
        first = watch.tick(recovery_sensor)
        second = watch.tick(recovery_sensor, first.cursor)
    watch.tick(recovery_sensor, "[]")
    assert json.loads(second.cursor) == []
    assert watch.dagster.get_run_by_id(run).status == dg.DagsterRunStatus.STARTED


def test_a_run_that_just_started_is_not_judged(watch):
    watch.create("acme")
    started_run(watch, "acme")
    assert json.loads(watch.tick(recovery_sensor).cursor) == []


def test_a_home_without_companies_is_no_failure(watch):
    assert watch.asked() == {}
    assert partitions_of(watch.tick(company_sensor)) == []


def test_every_sensor_and_schedule_runs_from_the_start_and_says_what_it_does():
    watchers = [*(defs.sensors or ()), *(defs.schedules or ())]
    assert {one.name for one in watchers} == {
        "company_sensor",
        "git_sensor",
        "jira_sensor",
        "confluence_sensor",
        "supabase_sensor",
        "failure_sensor",
        "recovery_sensor",
        "approval_sensor",
        "jira_census_schedule",
        "confluence_census_schedule",
        "supabase_census_schedule",
        "publication_schedule",
        "docs_schedule",
        "push_schedule",
        "catalog_schedule",
        "global_memory_schedule",
        "patterns_schedule",
        "metrics_schedule",
    }
    for one in watchers:
        assert one.default_status.value == "RUNNING", one.name
        assert one.description, one.name
