"""Decisions become runs: nothing waits inside a run for a person."""

import json
from datetime import UTC, datetime, timedelta

import dagster as dg

from assets.global_memory import global_memory_job
from coordinator.approvals import MEMORY_KINDS, OFFER_KINDS
from coordinator.approvals.retrying import Tried, next_try
from resources.dagster_resources import HomeResource
from sensors.companies import UNFINISHED

APPROVAL_INTERVAL_S = 15
LONGEST_RUN = timedelta(minutes=15)
"""A run older than this may be one whose process died, which Dagster calls going for an hour; a
second run beside a living one waits for it and does nothing twice."""


@dg.sensor(
    job=global_memory_job,
    minimum_interval_seconds=APPROVAL_INTERVAL_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Records proposals whose time is over as expired, and starts a run that carries "
    "out what was approved. What could not be carried out is tried again, less and less often.",
)
def approval_sensor(
    context: dg.SensorEvaluationContext, home: HomeResource
) -> dg.SensorResult | dg.SkipReason:
    approvals = home.home.approvals
    expired = approvals.expire_due()
    if expired:
        context.log.info(f"expired: {', '.join(str(one.number) for one in expired)}")
    now = datetime.now(UTC)
    going = dg.RunsFilter(
        job_name=global_memory_job.name, statuses=UNFINISHED, created_after=now - LONGEST_RUN
    )
    if context.instance.get_runs(going, limit=1):
        return dg.SkipReason("what was approved is being carried out")
    kinds = (*MEMORY_KINDS, *OFFER_KINDS)
    approved = [one.number for one in approvals.approved() if one.kind in kinds]
    found = next_try(approved, _tried(context.cursor), now)
    if found is None:
        return dg.SkipReason(f"{len(approved)} approved, nothing to start now")
    return dg.SensorResult(
        run_requests=[dg.RunRequest(run_key=f"approved:{found.at.isoformat()}")],
        cursor=json.dumps([found.numbers, found.times, found.at.isoformat()]),
    )


def _tried(cursor: str | None) -> Tried:
    if not cursor:
        return Tried()
    numbers, times, at = json.loads(cursor)
    return Tried(tuple(numbers), times, datetime.fromisoformat(at))
