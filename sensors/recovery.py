"""Runs whose process died without a word: Dagster itself never notices a killed process tree."""

import json
from datetime import UTC, datetime, timedelta

import dagster as dg

from coordinator.sweeps import lost_runs
from resources.dagster_resources import PARTITION_TAG, HomeResource
from resources.home import Home

RECOVERY_INTERVAL_S = 60
QUIET_TIME = timedelta(minutes=2)
"""A run may be starting: before it holds its company it is not called dead."""

GOING = [
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dg.sensor(
    minimum_interval_seconds=RECOVERY_INTERVAL_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Ends runs whose process died, so that they no longer keep their company waiting: "
    "a living run holds its company's lock, seen at two ticks in a row.",
)
def recovery_sensor(
    context: dg.SensorEvaluationContext, home: HomeResource
) -> dg.SensorResult | dg.SkipReason:
    before = datetime.now(UTC) - QUIET_TIME
    orphans = {
        record.dagster_run.run_id: record.dagster_run
        for record in context.instance.get_run_records(dg.RunsFilter(statuses=GOING))
        if record.update_timestamp.replace(tzinfo=UTC) < before
        and not _is_alive(home.home, record.dagster_run.tags.get(PARTITION_TAG))
    }
    suspects = json.loads(context.cursor or "[]")
    lost = lost_runs(orphans, suspects)
    for run_id in lost:
        context.instance.report_run_failed(orphans[run_id], "its process died")
    said = f"ended {len(lost)} runs whose process had died" if lost else "no run has died"
    return dg.SensorResult(
        skip_reason=dg.SkipReason(said),
        cursor=json.dumps(sorted(set(orphans) - set(lost))),
    )


def _is_alive(home: Home, company: str | None) -> bool:
    """Whether somebody works on the run's company; runs over all companies are not judged."""
    if company is None:
        return True
    return company in home.companies.names() and home.companies.instance(company).is_worked_on()
