"""Keeps the company partitions equal to the companies of the home."""

import dagster as dg

from assets.partitions import company_partitions
from coordinator.sweeps import partition_changes
from resources.dagster_resources import PARTITION_TAG, HomeResource

COMPANY_INTERVAL_S = 30
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.SUSPENDED,
    dg.DagsterRunStatus.CANCELING,
]


@dg.sensor(
    minimum_interval_seconds=COMPANY_INTERVAL_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Adds a partition for each new company and removes those of removed companies, "
    "never one with a run in flight.",
)
def company_sensor(
    context: dg.SensorEvaluationContext, home: HomeResource
) -> dg.SensorResult | dg.SkipReason:
    instance = context.instance
    in_flight = {
        run.tags[PARTITION_TAG]
        for run in instance.get_runs(dg.RunsFilter(statuses=UNFINISHED))
        if PARTITION_TAG in run.tags
    }
    existing = instance.get_dynamic_partitions(str(company_partitions.name))
    changes = partition_changes(home.home.companies.names(), existing, in_flight)
    if not changes.add and not changes.delete:
        return dg.SkipReason(f"{len(existing)} companies, no change")
    requests = []
    if changes.add:
        requests.append(company_partitions.build_add_request(list(changes.add)))
    if changes.delete:
        requests.append(company_partitions.build_delete_request(list(changes.delete)))
    return dg.SensorResult(dynamic_partitions_requests=requests)
