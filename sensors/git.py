"""One sweep over the repositories of all companies: a push becomes a run."""

from datetime import UTC, datetime

import dagster as dg

from assets.jobs import sync_company
from assets.partitions import company_partitions
from coordinator.errors import OrchError
from coordinator.sweeps import due, next_offset, rotated
from resources.dagster_resources import HomeResource
from resources.polling import poll_heads

GIT_INTERVAL_S = 30
TICK_BUDGET_S = 45.0
"""A tick is killed after 60 s and then loses its requests and cursor; 15 s stay for the rest."""


@dg.sensor(
    job=sync_company,
    minimum_interval_seconds=GIT_INTERVAL_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks every company's repository for its head and requests a sync where it, the "
    "settings or the rules changed. One sick company never stops the others.",
)
def git_sensor(
    context: dg.SensorEvaluationContext, home: HomeResource
) -> dg.SensorResult | dg.SkipReason:
    companies = home.home.companies
    partitions = set(context.instance.get_dynamic_partitions(str(company_partitions.name)))
    hashes: dict[str, str] = {}
    for name in companies.names():
        try:
            hashes[name] = companies.instance(name).settings_hash
        except OrchError as error:
            context.log.warning(f"{name}: {error}")
    names = sorted(partitions & hashes.keys())
    offset = int(context.cursor or 0)
    polls = poll_heads(companies, rotated(names, offset), deadline_s=TICK_BUDGET_S)
    sick = [poll for poll in polls if poll.head is None]
    for poll in sick:
        context.log.warning(f"{poll.company}: {poll.error}")
    if polls and len(sick) == len(polls):
        raise OrchError(f"none of {len(polls)} repositories could be read", hint=sick[0].error)
    states = {name: home.home.ledger.state(name) for name in names}
    found = due(polls, hashes, states, now=datetime.now(UTC))
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(run_key=company.run_key, partition_key=company.company)
            for company in found
        ],
        cursor=str(next_offset(offset, len(polls), len(names))),
        skip_reason=None if found else dg.SkipReason(f"{len(polls)} repositories, no change"),
    )
