"""One sweep over each kind of service: a changed issue, page or memory becomes a run."""

from datetime import UTC, datetime

import dagster as dg

from assets.jobs import sync_confluence, sync_jira, sync_supabase
from assets.partitions import company_partitions
from coordinator.errors import OrchError
from coordinator.ledger.company_events import Source
from coordinator.sweeps import due_source, next_offset, rotated
from resources.dagster_resources import HomeResource
from resources.home import Home
from sensors.git import TICK_BUDGET_S

SERVICE_INTERVAL_S = 60


@dg.sensor(
    job=sync_jira,
    minimum_interval_seconds=SERVICE_INTERVAL_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks every company's Jira project what changed since it was last read, and "
    "requests a sync where something did. One sick company never stops the others.",
)
def jira_sensor(
    context: dg.SensorEvaluationContext, home: HomeResource
) -> dg.SensorResult | dg.SkipReason:
    return _sweep(context, home.home, "jira")


@dg.sensor(
    job=sync_confluence,
    minimum_interval_seconds=SERVICE_INTERVAL_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks every company's Confluence space what changed since it was last read, and "
    "requests a sync where something did. One sick company never stops the others.",
)
def confluence_sensor(
    context: dg.SensorEvaluationContext, home: HomeResource
) -> dg.SensorResult | dg.SkipReason:
    return _sweep(context, home.home, "confluence")


@dg.sensor(
    job=sync_supabase,
    minimum_interval_seconds=SERVICE_INTERVAL_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks every company's Supabase project what others wrote since it was last read, "
    "and requests a sync where somebody did. One sick company never stops the others.",
)
def supabase_sensor(
    context: dg.SensorEvaluationContext, home: HomeResource
) -> dg.SensorResult | dg.SkipReason:
    return _sweep(context, home.home, "supabase")


def _sweep(
    context: dg.SensorEvaluationContext, home: Home, source: Source
) -> dg.SensorResult | dg.SkipReason:
    partitions = set(context.instance.get_dynamic_partitions(str(company_partitions.name)))
    names, states = [], {}
    for name in sorted(partitions & set(home.companies.names())):
        try:
            settings, state = home.companies.instance(name).settings, home.ledger.state(name)
            if home.sources.concerns(source, settings, state):
                names.append(name)
                states[name] = state
        except OrchError as error:
            context.log.warning(f"{name}: {error}")
    if not names:
        return dg.SkipReason(f"no company has {source} in its settings")
    offset = int(context.cursor or 0)
    polls = home.sources.poll(source, rotated(names, offset), states, deadline_s=TICK_BUDGET_S)
    sick = [poll for poll in polls if poll.news is None]
    for poll in sick:
        context.log.warning(f"{poll.company}: {poll.error}")
    if polls and len(sick) == len(polls):
        raise OrchError(
            f"{source} of none of {len(polls)} companies could be read", hint=sick[0].error
        )
    found = due_source(source, polls, states, now=datetime.now(UTC))
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(run_key=company.run_key, partition_key=company.company)
            for company in found
        ],
        cursor=str(next_offset(offset, len(polls), len(names))),
        skip_reason=None if found else dg.SkipReason(f"{len(polls)} companies, no change"),
    )
