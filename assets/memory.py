"""Learnings, and the private memory that makes them findable."""

import dagster as dg
import pandas as pd

from assets.company_run import CompanyRun
from assets.partitions import company_partitions
from assets.previews import bars, counts, preview
from assets.sources import OWNERS
from coordinator import rules
from coordinator.by_hand import joined
from coordinator.frames import data_version
from coordinator.learnings import learn
from resources.dagster_resources import HomeResource
from resources.tables import Written


@dg.asset(
    partitions_def=company_partitions,
    group_name="memory",
    kinds={"lancedb"},
    owners=OWNERS,
    code_version=rules.LEARNINGS,
    io_manager_key="company_tables",
    description="Short texts worth remembering, from commits, documents, components, issues, "
    "pages, memories and what people wrote by hand, each with category and evidence. Texts that "
    "hold a secret are refused and counted.",
)
def learnings(
    context: dg.AssetExecutionContext,
    home: HomeResource,
    git_commits: pd.DataFrame,
    local_docs: pd.DataFrame,
    company_components: pd.DataFrame,
    jira_issues: pd.DataFrame,
    confluence_pages: pd.DataFrame,
    supabase_memories: pd.DataFrame,
) -> dg.Output[pd.DataFrame]:
    run = CompanyRun.of(context, home.home)
    written = home.home.by_hand.learnings(run.company, run.state)
    home.home.by_hand.index_of(run.instance).forget_learnings(written)
    tokens = home.home.tokens
    learned = learn(
        commits=git_commits,
        documents=local_docs,
        components=company_components,
        issues=jira_issues,
        pages=confluence_pages,
        memories=supabase_memories,
        rules=run.instance.settings.learnings,
        count_tokens=tokens.count_tokens,
        window=tokens.window,
        known=run.instance.tables().ids("learnings"),
    )
    frame = joined(learned.learnings, written)
    newest = frame.sort_values("occurred_at", ascending=False)
    return dg.Output(
        frame,
        data_version=dg.DataVersion(data_version(frame)),
        metadata={
            "sync_version": run.memory_version,
            "learnings": preview(newest, ["id", "category", "source", "language", "occurred_at"]),
            "categories": bars(frame["category"].value_counts().to_dict(), "learnings"),
            "sources": counts(frame["source"].value_counts().to_dict(), "source"),
            "skipped": counts(learned.skipped, "reason"),
            "written_by_hand": len(written),
            "refused_for_a_secret": learned.refused,
            "duplicates": learned.duplicates,
        },
    )


@dg.asset(
    partitions_def=company_partitions,
    group_name="memory",
    kinds={"lancedb", "pytorch"},
    owners=OWNERS,
    code_version="1",
    description="The company's learnings with their embeddings, in its own LanceDB database. Only "
    "learnings that are not there yet are embedded; removed ones leave.",
)
def private_memory(
    context: dg.AssetExecutionContext, home: HomeResource, learnings: pd.DataFrame
) -> dg.MaterializeResult:
    run = CompanyRun.of(context, home.home)
    memory = home.home.memory(run.company)
    stored = memory.store(learnings, run.progress)
    run.tables.record(
        Written(
            table="private_memory",
            inserted=stored.embedded,
            updated=stored.updated,
            deleted=stored.removed,
            version=stored.version,
            rows=stored.rows,
        ),
        run=run.run_id,
        version=run.version_of("learnings"),
    )
    stats = memory.stats()
    return dg.MaterializeResult(
        data_version=dg.DataVersion(f"{stats['model']}:{data_version(learnings)}"),
        metadata={
            "newest": preview(
                learnings.sort_values("occurred_at", ascending=False),
                ["id", "category", "source", "language", "occurred_at"],
            ),
            "languages": bars(learnings["language"].value_counts().to_dict(), "rows by language"),
            "embedded": stored.embedded,
            "updated": stored.updated,
            "removed": stored.removed,
            "dagster/row_count": stored.rows,
            "table_version": stored.version,
            "model": stats["model"],
            "width": stats["width"],
        },
    )
