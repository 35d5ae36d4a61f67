"""What is read from the outside besides the repository: Jira, Confluence and Supabase."""

import dagster as dg
import pandas as pd
from pydantic import Field

from assets.company_run import CompanyRun
from assets.partitions import company_partitions
from assets.previews import bars, preview
from assets.sources import DATA_VERSION_TAG, OWNERS
from coordinator import rules
from coordinator.frames import RowChanges, data_version
from coordinator.ledger.company_events import Source
from resources.dagster_resources import HomeResource

jira_project = dg.AssetSpec(
    "jira_project",
    partitions_def=company_partitions,
    group_name="sources",
    kinds={"jira"},
    owners=OWNERS,
    description="A company's Jira project, where it lives. Observed by whoever reads it: the "
    "observation holds from when on the next read looks for changes.",
)
confluence_space = dg.AssetSpec(
    "confluence_space",
    partitions_def=company_partitions,
    group_name="sources",
    kinds={"confluence"},
    owners=OWNERS,
    description="A company's Confluence space, where it lives. Observed by whoever reads it.",
)
supabase_project = dg.AssetSpec(
    "supabase_project",
    partitions_def=company_partitions,
    group_name="sources",
    kinds={"supabase"},
    owners=OWNERS,
    description="A company's Supabase project, where it lives. Observed by whoever reads it.",
)
SERVICES = (jira_project, confluence_space, supabase_project)


class Reading(dg.Config):
    """How a source is read."""

    census: bool = Field(
        False,
        description="Count everything besides, to find what is gone or came with an old date.",
    )


@dg.asset(
    partitions_def=company_partitions,
    deps=[jira_project],
    group_name="sources",
    kinds={"jira", "lancedb"},
    owners=OWNERS,
    code_version=rules.READING,
    io_manager_key="company_tables",
    description="The issues of the company's Jira project, as Markdown. Only the window since the "
    "last read is asked for; a census finds what was deleted. Empty without `jira` settings.",
)
def jira_issues(
    context: dg.AssetExecutionContext, home: HomeResource, config: Reading
) -> dg.Output[RowChanges]:
    return _read(context, home, "jira", jira_project, config, shown=["key", "state", "updated_at"])


@dg.asset(
    partitions_def=company_partitions,
    deps=[confluence_space],
    group_name="sources",
    kinds={"confluence", "lancedb"},
    owners=OWNERS,
    code_version=rules.READING,
    io_manager_key="company_tables",
    description="The pages of the company's Confluence space, as Markdown. Only pages changed "
    "since the last read are fetched; a census finds what was deleted, archived or moved. Empty "
    "without `confluence` settings.",
)
def confluence_pages(
    context: dg.AssetExecutionContext, home: HomeResource, config: Reading
) -> dg.Output[RowChanges]:
    shown = ["id", "version", "updated_at"]
    return _read(context, home, "confluence", confluence_space, config, shown=shown)


@dg.asset(
    partitions_def=company_partitions,
    deps=[supabase_project],
    group_name="sources",
    kinds={"supabase", "lancedb"},
    owners=OWNERS,
    code_version=rules.READING,
    io_manager_key="company_tables",
    description="The memories others wrote into the company's Supabase project. Only rows changed "
    "since the last read are fetched; a census finds what was deleted. Empty without `supabase` "
    "settings.",
)
def supabase_memories(
    context: dg.AssetExecutionContext, home: HomeResource, config: Reading
) -> dg.Output[RowChanges]:
    shown = ["id", "category", "updated_at"]
    return _read(context, home, "supabase", supabase_project, config, shown=shown)


def _read(
    context: dg.AssetExecutionContext,
    home: HomeResource,
    source: Source,
    outside: dg.AssetSpec,
    config: Reading,
    *,
    shown: list[str],
) -> dg.Output[RowChanges]:
    run = CompanyRun.of(context, home.home)
    run.syncs.requested("changes, or a census", run=run.run_id, source=source)
    found = home.home.sources.read(
        run.company, source, run.state, census=config.census, progress=run.progress
    )
    table = context.asset_key.path[-1]
    stored = run.instance.tables().read(table)
    kept = stored[~stored["id"].isin([*found.removed, *found.rows["id"]])]
    rows = pd.concat([kept, found.rows]) if len(kept) else found.rows
    for text in found.notes:
        context.log.warning(text)
    context.log_event(
        dg.AssetObservation(
            outside.key,
            partition=run.company,
            metadata={"version": found.version, "rows": len(rows)},
            tags={DATA_VERSION_TAG: found.version},
        )
    )
    newest = rows.sort_values("updated_at", ascending=False)
    months = rows["updated_at"].dt.strftime("%Y-%m").value_counts().sort_index(ascending=False)
    return dg.Output(
        RowChanges(found.rows, found.removed),
        data_version=dg.DataVersion(data_version(rows[["id", "updated_at"]])),
        metadata={
            "sync_version": found.version,
            **dict(found.counts),
            **({"notes": list(found.notes)} if found.notes else {}),
            "census": config.census,
            "newest": preview(newest, shown),
            "changed_by_month": bars(months.head(12).to_dict(), "last changed in"),
        },
    )
