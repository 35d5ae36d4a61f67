"""What is published: shared learnings as issues, pages and rows, a company's documents as pages."""

from collections.abc import Iterable, Sequence

import dagster as dg

from assets.company_run import LoggedProgress
from assets.global_memory import global_memory
from assets.insights import insights
from assets.memory import private_memory
from assets.partitions import company_partitions
from assets.sources import OWNERS, local_docs
from coordinator.approvals import OUTBOX_KINDS
from coordinator.errors import OrchError
from coordinator.publishing import copies, docs
from coordinator.publishing import insights as told
from coordinator.publishing.records import Service, Target
from resources.carrying_out import carry_out
from resources.dagster_resources import HomeResource
from resources.home import Home
from resources.publishing.delivering import Delivered

COUNTS = (
    "create",
    "write",
    "withdraw",
    "archive",
    "adopted",
    "closed",
    "unknown",
    "refused",
    "asked",
    "waiting",
    "unchanged",
)


@dg.asset(
    deps=[global_memory, insights],
    group_name="insights",
    kinds={"jira"},
    owners=OWNERS,
    code_version="1",
    description="The shared learnings, and the insights, as issues: in the coordinator's own Jira "
    "project, the learnings also in those of companies that ask. Each is there once, whatever "
    "gets lost on the way; what somebody else changed is not written over unasked.",
)
def jira_insights(context: dg.AssetExecutionContext, home: HomeResource) -> dg.MaterializeResult:
    return _publish(context, home.home, "jira")


@dg.asset(
    deps=[global_memory, insights],
    group_name="insights",
    kinds={"confluence"},
    owners=OWNERS,
    code_version="1",
    description="The shared learnings, and the insights, as pages below one that lists them: in "
    "the coordinator's own Confluence space, the learnings also in those of companies that ask.",
)
def confluence_insights(
    context: dg.AssetExecutionContext, home: HomeResource
) -> dg.MaterializeResult:
    return _publish(context, home.home, "confluence")


@dg.asset(
    partitions_def=company_partitions,
    deps=[local_docs],
    group_name="insights",
    kinds={"confluence", "markdown"},
    owners=OWNERS,
    code_version="1",
    description="A company's folder of Markdown as a page tree in its own Confluence space. "
    "Unchanged pages are not written again; of removed documents the pages are archived.",
)
def company_docs_pages(
    context: dg.AssetExecutionContext, home: HomeResource
) -> dg.MaterializeResult:
    carry_out(home.home, kinds=OUTBOX_KINDS)
    target = Target("confluence", context.partition_key)
    if home.home.publishing.places.find(target) is None:
        return dg.MaterializeResult(metadata={"places": 0})
    report = home.home.publishing.deliver(target, docs.KIND, LoggedProgress(context.log))
    return _result(context, [(target, report)])


@dg.asset(
    deps=[global_memory],
    group_name="insights",
    kinds={"supabase", "postgres"},
    owners=OWNERS,
    code_version="1",
    description="The shared learnings, with their vectors, in the table orchestrator_global_memory "
    "of the coordinator's own Supabase project. What is taken back leaves no words there.",
)
def supabase_global_memory(
    context: dg.AssetExecutionContext, home: HomeResource
) -> dg.MaterializeResult:
    carry_out(home.home, kinds=OUTBOX_KINDS)
    return _push(context, home.home, "")


@dg.asset(
    partitions_def=company_partitions,
    deps=[private_memory],
    group_name="insights",
    kinds={"supabase", "postgres"},
    owners=OWNERS,
    code_version="1",
    description="A company's own learnings, with their vectors, in the table orchestrator_memories "
    "of its own Supabase project, where its settings ask for that.",
)
def supabase_private_memory(
    context: dg.AssetExecutionContext, home: HomeResource
) -> dg.MaterializeResult:
    return _push(context, home.home, context.partition_key)


def _push(context: dg.AssetExecutionContext, home: Home, company: str) -> dg.MaterializeResult:
    place = home.pushing.find(company)
    if place is None:
        return dg.MaterializeResult(metadata={"places": 0})
    report = home.pushing.push(place, LoggedProgress(context.log))
    if report.pushed is None:
        raise dg.Failure(f"supabase of {place.whose}: {report.problem}. {report.hint}")
    counts = vars(report.pushed) | {"rows": report.rows}
    return dg.MaterializeResult(metadata={"places": 1} | counts)


def _publish(
    context: dg.AssetExecutionContext, home: Home, service: Service
) -> dg.MaterializeResult:
    """Deliver to every place of a service; one that cannot be written to stops no other."""
    carry_out(home, kinds=OUTBOX_KINDS)
    reports: list[tuple[Target, Delivered]] = []
    for place in home.publishing.places.all():
        if place.target.service != service:
            continue
        report = Delivered()
        for kind in (copies.KIND, told.KIND):
            report = _joined(report, _deliver(context, home, place.target, kind))
        reports.append((place.target, report))
    return _result(context, reports)


def _deliver(context: dg.AssetExecutionContext, home: Home, target: Target, kind: str) -> Delivered:
    try:
        return home.publishing.deliver(target, kind, LoggedProgress(context.log))
    except OrchError as error:
        return Delivered(problem=error.message, hint=error.hint)


def _joined(one: Delivered, other: Delivered) -> Delivered:
    """What two deliveries to one place did, as one; the first problem speaks for both."""
    first = one if one.problem else other
    joined = Delivered(one.counts + other.counts, first.problem, first.hint, one.due)
    joined.wait(other.due)
    return joined


def _result(
    context: dg.AssetExecutionContext, reports: Sequence[tuple[Target, Delivered]]
) -> dg.MaterializeResult:
    for target, report in reports:
        if report.problem:
            said = f"{report.problem} ({report.hint})" if report.hint else report.problem
            context.log.warning(f"{target.service} of {target.whose}: {said}")
    sick = [report for _, report in reports if report.problem]
    table = _table(reports)
    if sick and len(sick) == len(reports):
        raise dg.Failure(
            f"none of {len(reports)} places could be written to: {sick[0].problem}",
            metadata={"places": table},
        )
    written = sum(report.counts["create"] + report.counts["write"] for _, report in reports)
    return dg.MaterializeResult(metadata={"places": table, "written": written})


def _table(reports: Iterable[tuple[Target, Delivered]]) -> dg.TableMetadataValue:
    columns = [dg.TableColumn("place", "string"), *(dg.TableColumn(one, "int") for one in COUNTS)]
    records = [
        dg.TableRecord(
            {"place": f"{target.service}: {target.whose}"}
            | {name: report.counts[name] for name in COUNTS}
        )
        for target, report in reports
    ]
    return dg.MetadataValue.table(records, schema=dg.TableSchema(columns))


publish_job = dg.define_asset_job(
    "publish",
    selection=dg.AssetSelection.assets(jira_insights, confluence_insights, supabase_global_memory),
    tags={"dagster/max_runtime": "3600"},
    description="Puts what companies agreed to share where people and programs read: Jira, "
    "Confluence and Supabase.",
)

publish_docs_job = dg.define_asset_job(
    "publish_docs",
    selection=dg.AssetSelection.assets(company_docs_pages),
    description="Keeps one company's documents as pages in its own Confluence space.",
)

push_memory_job = dg.define_asset_job(
    "push_memory",
    selection=dg.AssetSelection.assets(supabase_private_memory),
    tags={"dagster/max_runtime": "3600"},
    description="Keeps a copy of one company's memory in its own Supabase project.",
)
