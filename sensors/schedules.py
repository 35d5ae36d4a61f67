"""What happens by the clock."""

import dagster as dg

from assets.global_memory import global_memory_job
from assets.jobs import catalog_job

catalog_schedule = dg.ScheduleDefinition(
    name="catalog_schedule",
    job=catalog_job,
    cron_schedule="17 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Compares the components of all companies once an hour.",
)

global_memory_schedule = dg.ScheduleDefinition(
    name="global_memory_schedule",
    job=global_memory_job,
    cron_schedule="37 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Holds the global memory against the ledger once an hour.",
)
