"""What is read from the outside: a company's repository, its commits and its documents."""

import dagster as dg
import pandas as pd

from assets.company_run import CompanyRun, current_tree
from assets.partitions import company_partitions
from assets.previews import commits_over_time, counts, preview
from coordinator.frames import RowChanges, commits_frame, data_version
from coordinator.local_docs import local_docs as select_docs
from resources.dagster_resources import HomeResource

OWNERS = ["team:coordinator"]
DATA_VERSION_TAG = "dagster/data_version"


git_repository = dg.AssetSpec(
    "git_repository",
    partitions_def=company_partitions,
    group_name="sources",
    kinds={"git"},
    owners=OWNERS,
    description="A company's Git repository, where it lives. Observed by whoever reads it: the "
    "observation holds the head that was seen.",
)


@dg.asset(
    partitions_def=company_partitions,
    deps=[git_repository],
    group_name="sources",
    kinds={"git", "lancedb"},
    owners=OWNERS,
    code_version="1",
    io_manager_key="company_tables",
    description="Every commit of the watched branch, fetched into the company's own bare mirror. "
    "Only new commits are read; after a rewritten history the vanished ones leave.",
)
def git_commits(context: dg.AssetExecutionContext, home: HomeResource) -> dg.Output[RowChanges]:
    run = CompanyRun.of(context, home.home)
    stored = run.instance.tables().read("git_commits", ["id", "committed_at", "path_count"])
    known = set(stored["id"])
    with run.instance.mirror() as mirror:
        fetched = mirror.fetch(run.progress)
        run.begin(fetched.head)
        reachable = mirror.commit_ids()
        new = [sha for sha in reachable if sha not in known]
        run.progress.start("reading commits", len(new))
        commits = []
        for commit in mirror.commits(new):
            commits.append(commit)
            run.progress.advance()
        run.progress.finish()
    context.log_event(
        dg.AssetObservation(
            "git_repository",
            partition=run.company,
            metadata={"head": fetched.head, "branch": fetched.branch},
            tags={DATA_VERSION_TAG: fetched.head or "empty"},
        )
    )
    for text in fetched.notes:
        context.log.warning(text)
    frame = commits_frame(commits)
    gone = tuple(sorted(known.difference(reachable)))
    shown = pd.concat([stored[~stored["id"].isin(gone)], frame[stored.columns]])
    shown = shown.sort_values("committed_at", ascending=False)
    return dg.Output(
        RowChanges(frame, gone),
        data_version=dg.DataVersion(fetched.head or "empty"),
        metadata={
            "sync_version": run.version,
            "head": fetched.head,
            "branch": fetched.branch,
            "history_rewritten": fetched.forced,
            "missing_objects": fetched.missing_objects,
            **({"notes": list(fetched.notes)} if fetched.notes else {}),
            "new_commits": len(frame),
            "commits": preview(shown, ["id", "committed_at", "path_count"]),
            "over_time": commits_over_time(shown["committed_at"]),
        },
    )


@dg.asset(
    partitions_def=company_partitions,
    group_name="sources",
    kinds={"markdown", "lancedb"},
    owners=OWNERS,
    code_version="1",
    io_manager_key="company_tables",
    description="The Markdown documents of the watched branch, as the settings name them.",
)
def local_docs(
    context: dg.AssetExecutionContext, home: HomeResource, git_commits: pd.DataFrame
) -> dg.Output[pd.DataFrame]:
    run = CompanyRun.of(context, home.home)
    with run.instance.mirror() as mirror:
        snapshot = current_tree(mirror)
        rules = run.instance.settings.learnings
        frame = select_docs(snapshot, mirror.reader(snapshot), rules, git_commits)
    # not `.str.rpartition`: of no documents it makes no columns
    folders = frame["path"].map(lambda path: path.rpartition("/")[0] or "(root)").value_counts()
    return dg.Output(
        frame,
        data_version=dg.DataVersion(data_version(frame, apart_from=["commit"])),
        metadata={
            "sync_version": run.version,
            "documents": preview(
                frame.sort_values("changed_at", ascending=False), ["blob", "changed_at"]
            ),
            "folders": counts(folders.head(15).to_dict(), "folder"),
        },
    )
