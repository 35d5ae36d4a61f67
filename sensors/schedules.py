"""What happens by the clock."""

import dagster as dg

from assets.jobs import catalog_job

catalog_schedule = dg.ScheduleDefinition(
    name="catalog_schedule",
    job=catalog_job,
    cron_schedule="17 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Compares the components of all companies once an hour.",
)
