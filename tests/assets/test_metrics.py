"""The asset `coordination_metrics`, run in this process."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from coordinator.ledger.events import NewEvent, text_hash
from coordinator.metrics import METRICS
from orch_dagster.definitions import defs

TABLE = "coordination_metrics"
WORDS = "Rotate the zanzibarquokka signing key each week."


@pytest.fixture
def publish(desk: Any) -> Callable[[int, int], None]:
    """Records that a copy was published so many days ago."""

    def recorded(number: int, days: int) -> None:
        told = {"id": f"g-{number:016x}", "learning": f"l{number}", "category": "solution"}
        told |= {"content": text_hash(WORDS), "proposal": number}
        at = datetime.now(UTC) - timedelta(days=days)
        new = NewEvent("learning_published", told, company="acme", occurred_at=at)
        desk.home.ledger.append("global", [new], expected_version=None, texts=[WORDS])

    return recorded


def metadata_of(run: Any) -> Any:
    (event,) = [one for one in run.get_asset_materialization_events() if one.asset_key]
    return event.materialization.metadata


def test_a_run_keeps_a_row_for_each_day_and_metric_and_draws_them(desk, publish):
    publish(1, 0)
    run = desk.run("refresh_metrics")
    assert run.success, desk.why(run)
    rows = desk.home.global_tables().read(TABLE)
    assert len(rows) == len(METRICS) * rows["day"].nunique()
    today = rows[rows["day"] == rows["day"].max()].set_index("metric")
    assert today.loc["standing_copies", "value"] == 1
    assert today["value"].isna()["reuse_rate"]
    metadata = metadata_of(run)
    assert metadata["standing_copies"].value == 1
    assert "reuse_rate" not in metadata
    assert metadata["dagster/row_count"].value == len(rows)
    shown = {record.data["metric"]: record.data for record in metadata["metrics"].records}
    assert shown["Reuse rate"] == {"metric": "Reuse rate", "value": "not yet", "made of": "0 of 0"}
    picture = metadata["over_time"].value.partition("base64,")[2].rstrip(")")
    assert base64.b64decode(picture).startswith(b"\x89PNG")
    assert "zanzibarquokka" not in desk.log(run)


def test_a_second_run_writes_nothing_new(desk, publish):
    publish(1, 0)
    first = desk.run("refresh_metrics")
    version = desk.home.global_tables().version(TABLE)
    again = desk.run("refresh_metrics")
    assert desk.home.global_tables().version(TABLE) == version
    assert metadata_of(again)[f"{TABLE}_changed"].value == 0
    assert _data_version(first) == _data_version(again)


def test_what_happened_since_changes_todays_rows_alone(desk, publish):
    publish(1, 0)
    desk.run("refresh_metrics")
    publish(2, 0)
    run = desk.run("refresh_metrics")
    # standing copies, how many of them were seen, and the work done
    assert metadata_of(run)[f"{TABLE}_changed"].value == 3


def test_a_home_in_which_nothing_happened_has_its_numbers_and_no_picture(desk):
    run = desk.run("refresh_metrics")
    assert run.success, desk.why(run)
    metadata = metadata_of(run)
    assert metadata["standing_copies"].value == 0
    assert "over_time" not in metadata


def test_the_numbers_are_computed_each_day_when_the_day_is_over():
    (schedule,) = [one for one in defs.schedules or [] if one.name == "metrics_schedule"]
    assert schedule.job_name == "refresh_metrics"
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("7 0 * * *", "UTC")
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING


def _data_version(run: Any) -> str:
    (event,) = [one for one in run.get_asset_materialization_events() if one.asset_key]
    return str(event.materialization.tags["dagster/data_version"])
