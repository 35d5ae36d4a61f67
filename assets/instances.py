"""What the coordinator knows of a company, put together at the end of its sync."""

import dagster as dg
import pandas as pd

from assets.company_run import CompanyRun, current_tree
from assets.memory import private_memory
from assets.partitions import company_partitions
from assets.previews import counts
from assets.sources import OWNERS
from coordinator.context import instance_context as put_together
from coordinator.frames import data_version
from resources.contexts import as_frame
from resources.dagster_resources import HomeResource


@dg.asset(
    partitions_def=company_partitions,
    deps=[private_memory],
    group_name="instances",
    kinds={"markdown", "lancedb"},
    owners=OWNERS,
    code_version="1",
    description="What the coordinator knows of a company: what it is, its stack, components, "
    "recent activity, statistics and the health of its settings. Closes a sync: the company's "
    "cursor moves here. The page is read with `orch company context NAME`.",
)
def instance_context(
    context: dg.AssetExecutionContext,
    home: HomeResource,
    git_commits: pd.DataFrame,
    company_components: pd.DataFrame,
    learnings: pd.DataFrame,
) -> dg.MaterializeResult:
    run = CompanyRun.of(context, home.home)
    with run.instance.mirror() as mirror:
        head, branch, files = mirror.head(), mirror.branch(), current_tree(mirror).entries
    found = put_together(
        run.instance.settings,
        head=head,
        branch=branch,
        commits=git_commits,
        components=company_components,
        learnings=learnings,
        memory_rows=run.instance.tables().rows("private_memory"),
        left_out={
            "missing_files": sum(file.kind == "blob" and file.size is None for file in files),
            "secrets": run.counts("learnings").get("refused_for_a_secret", 0),
        },
    )
    frame = as_frame(run.company, found)
    run.tables.write("instance_context", frame, run=run.run_id, version=run.memory_version)
    statistics = {
        name: int(found.data["statistics"][name])
        for name in ("commits", "components", "learnings", "memory_rows")
    }
    if not run.syncs.completed(run.instance.settings_hash, statistics, run=run.run_id):
        context.log.info("the cursors stay: they stand here already, or other assets are behind")
    return dg.MaterializeResult(
        data_version=dg.DataVersion(data_version(frame)),
        metadata={
            "statistics": counts(statistics, "what"),
            "to_look_at": list(found.data["health"]),
        },
    )
