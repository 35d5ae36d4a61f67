"""Failures no asset lived to record: a killed run, a company that was busy."""

from datetime import UTC, datetime

import dagster as dg

from assets.jobs import SYNC_JOBS, source_of
from coordinator.ledger.company_events import Source
from coordinator.ledger.company_state import CompanyState
from resources.dagster_resources import PARTITION_TAG, HomeResource
from resources.sync_log import SyncLog

FAILURE_INTERVAL_S = 30


@dg.run_failure_sensor(
    monitored_jobs=[*SYNC_JOBS],
    minimum_interval_seconds=FAILURE_INTERVAL_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Records failed syncs that could not record themselves, so that they are tried "
    "again: a run key is used once, and without a recorded failure it stays the same.",
)
def failure_sensor(context: dg.RunFailureSensorContext, home: HomeResource) -> None:
    run = context.dagster_run
    company = run.tags.get(PARTITION_TAG, "")
    if company not in home.home.companies.names():
        return
    source = source_of(run.job_name)
    record = context.instance.get_run_record_by_id(run.run_id)
    if record is None or _told_since(home.home.ledger.state(company), source, _began(record)):
        return
    SyncLog(company, home.home.ledger).failed("RunLost", "run", run=run.run_id, source=source)


def _began(record: dg.RunRecord) -> datetime:
    if record.start_time is not None:
        return datetime.fromtimestamp(record.start_time, UTC)
    return record.create_timestamp.replace(tzinfo=UTC)


def _told_since(state: CompanyState, source: Source, moment: datetime) -> bool:
    """Whether a failure or a complete sync of `source` was recorded since: one is enough."""
    failed = state.failures[source].at if source in state.failures else None
    return any(at is not None and at >= moment for at in (failed, state.synced_at.get(source)))
