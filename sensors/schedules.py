"""What happens by the clock."""

from collections.abc import Iterator

import dagster as dg

from assets.global_memory import global_memory_job
from assets.insights import detect_patterns_job
from assets.jobs import catalog_job, sync_confluence, sync_jira, sync_supabase
from assets.metrics import metrics_job
from assets.publications import publish_docs_job, publish_job, push_memory_job
from coordinator.errors import OrchError
from coordinator.ledger.company_events import Source
from coordinator.publishing import copies, docs, insights
from coordinator.publishing.records import Target
from coordinator.versions import SOURCE_ASSETS
from resources.dagster_resources import HomeResource
from resources.home import Home
from resources.publishing.pushing import PushPlace
from resources.sources.readers import is_read

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

metrics_schedule = dg.ScheduleDefinition(
    name="metrics_schedule",
    job=metrics_job,
    # just after midnight in UTC: the day before is over and its numbers are final
    cron_schedule="7 0 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Computes the metrics of the coordination once a day.",
)

patterns_schedule = dg.ScheduleDefinition(
    name="patterns_schedule",
    job=detect_patterns_job,
    cron_schedule="47 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Looks once an hour for what companies have in common and what one has that "
    "another needs. What did not change is not compared again.",
)


@dg.schedule(
    job=sync_jira,
    cron_schedule="5 3 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Once a day, counts the issues of every company: deleted ones leave.",
)
def jira_census_schedule(
    context: dg.ScheduleEvaluationContext, home: HomeResource
) -> Iterator[dg.RunRequest]:
    return _census(context, home.home, "jira")


@dg.schedule(
    job=sync_confluence,
    cron_schedule="25 3 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Once a day, counts the pages of every company: deleted and archived ones leave.",
)
def confluence_census_schedule(
    context: dg.ScheduleEvaluationContext, home: HomeResource
) -> Iterator[dg.RunRequest]:
    return _census(context, home.home, "confluence")


@dg.schedule(
    job=sync_supabase,
    cron_schedule="45 3 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Once a day, counts the memories of every company: deleted ones leave.",
)
def supabase_census_schedule(
    context: dg.ScheduleEvaluationContext, home: HomeResource
) -> Iterator[dg.RunRequest]:
    return _census(context, home.home, "supabase")


def _census(
    context: dg.ScheduleEvaluationContext, home: Home, source: Source
) -> Iterator[dg.RunRequest]:
    """A run with a census for each company whose settings ask for `source`."""
    [asset] = SOURCE_ASSETS[source]
    config = {"ops": {asset: {"config": {"census": True}}}}
    day = context.scheduled_execution_time.date().isoformat()
    for name in home.companies.readable():
        if is_read(source, home.companies.instance(name).settings):
            yield dg.RunRequest(
                run_key=f"census:{source}:{name}:{day}", partition_key=name, run_config=config
            )


@dg.schedule(
    job=publish_job,
    cron_schedule="*/5 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every five minutes, publishes what companies agreed to share where something is "
    "due: new or changed learnings, lost calls to be looked for, refused ones to be tried again.",
)
def publication_schedule(
    context: dg.ScheduleEvaluationContext, home: HomeResource
) -> dg.RunRequest | dg.SkipReason:
    publishing = home.home.publishing
    due = [
        place.target
        for place in publishing.places.all()
        if any(
            _is_due(context, home.home, place.target, kind) for kind in (copies.KIND, insights.KIND)
        )
    ]
    shared = home.home.pushing.find("")
    if not due and not (shared is not None and _is_push_due(context, home.home, shared)):
        return dg.SkipReason("nothing is to be published now")
    return dg.RunRequest(run_key=f"publish:{context.scheduled_execution_time.isoformat()}")


@dg.schedule(
    job=publish_docs_job,
    cron_schedule="*/5 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every five minutes, publishes the documents of companies whose pages are not what "
    "their repository holds.",
)
def docs_schedule(
    context: dg.ScheduleEvaluationContext, home: HomeResource
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    moment = context.scheduled_execution_time.isoformat()
    due = [
        place.target.company
        for place in home.home.publishing.places.all()
        if place.target == Target("confluence", place.target.company)
        and place.target.company
        and _is_due(context, home.home, place.target, docs.KIND)
    ]
    if not due:
        yield dg.SkipReason("every company's pages are what its documents say")
    for company in due:
        yield dg.RunRequest(run_key=f"docs:{company}:{moment}", partition_key=company)


@dg.schedule(
    job=push_memory_job,
    cron_schedule="*/5 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every five minutes, pushes the memory of companies that keep a copy in their "
    "Supabase project and whose copy is not what their memory is, or a day old.",
)
def push_schedule(
    context: dg.ScheduleEvaluationContext, home: HomeResource
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    moment = context.scheduled_execution_time.isoformat()
    due = [
        place.company
        for place in home.home.pushing.places()
        if place.company and _is_push_due(context, home.home, place)
    ]
    if not due:
        yield dg.SkipReason("every copy is what its company's memory is")
    for company in due:
        yield dg.RunRequest(run_key=f"push:{company}:{moment}", partition_key=company)


def _is_push_due(context: dg.ScheduleEvaluationContext, home: Home, place: PushPlace) -> bool:
    """Whether there is something to push; a project that cannot be told stops no other."""
    try:
        return home.pushing.is_due(place)
    except OrchError as error:
        context.log.warning(f"supabase of {place.whose}: {error}")
        return False


def _is_due(context: dg.ScheduleEvaluationContext, home: Home, target: Target, kind: str) -> bool:
    """Whether there is something to publish; a place that cannot be told stops no other."""
    try:
        return home.publishing.is_due(target, kind)
    except OrchError as error:
        context.log.warning(f"{target.service} of {target.whose}: {error}")
        return False


SCHEDULES = (
    catalog_schedule,
    global_memory_schedule,
    metrics_schedule,
    patterns_schedule,
    jira_census_schedule,
    confluence_census_schedule,
    supabase_census_schedule,
    publication_schedule,
    docs_schedule,
    push_schedule,
)
