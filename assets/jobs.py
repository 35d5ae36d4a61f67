"""The jobs: one company's syncs, each of one source, and the catalog over all companies."""

import dagster as dg

from assets.catalog import company_components, component_catalog
from assets.instances import instance_context
from assets.memory import learnings, private_memory
from assets.services import confluence_pages, jira_issues, supabase_memories
from assets.sources import git_commits, local_docs
from coordinator.errors import OrchError
from coordinator.ledger.company_events import Source
from resources.dagster_resources import PARTITION_TAG, HomeResource
from resources.sync_log import SyncLog

MEMORY_ASSETS = (learnings, private_memory, instance_context)
COMPANY_ASSETS = (
    git_commits,
    local_docs,
    company_components,
    jira_issues,
    confluence_pages,
    supabase_memories,
    *MEMORY_ASSETS,
)


@dg.failure_hook(name="sync_failed", required_resource_keys={"home"})
def record_failure(context: dg.HookContext) -> None:
    """Record a failed sync, by the class of its error and the asset it failed in."""
    run = context.instance.get_run_by_id(context.run_id)
    if run is None or PARTITION_TAG not in run.tags:
        return
    company = run.tags[PARTITION_TAG]
    resource: HomeResource = context.resources.home
    error = context.op_exception
    kind = type(error).__name__ if isinstance(error, OrchError) else "unexpected"
    log = SyncLog(company, resource.home.ledger)
    log.failed(kind, context.op.name, run=context.run_id, source=source_of(run.job_name))


sync_company = dg.define_asset_job(
    "sync_company",
    selection=dg.AssetSelection.assets(git_commits, local_docs, company_components, *MEMORY_ASSETS),
    hooks={record_failure},
    description="Reads what is new in one company's repository and brings its catalog, learnings, "
    "private memory and context up to date.",
)

sync_jira = dg.define_asset_job(
    "sync_jira",
    selection=dg.AssetSelection.assets(jira_issues, *MEMORY_ASSETS),
    hooks={record_failure},
    description="Reads what changed in one company's Jira project and learns from it.",
)

sync_confluence = dg.define_asset_job(
    "sync_confluence",
    selection=dg.AssetSelection.assets(confluence_pages, *MEMORY_ASSETS),
    hooks={record_failure},
    description="Reads what changed in one company's Confluence space and learns from it.",
)

sync_supabase = dg.define_asset_job(
    "sync_supabase",
    selection=dg.AssetSelection.assets(supabase_memories, *MEMORY_ASSETS),
    hooks={record_failure},
    description="Reads what others wrote into one company's Supabase project and learns from it.",
)

SYNC_JOBS = (sync_company, sync_jira, sync_confluence, sync_supabase)
"""A job for each source: one that cannot be read must not keep the others from being learned."""


def source_of(job: str) -> Source:
    """The source a sync job reads; a run of single assets counts as one of the repository."""
    names: dict[str, Source] = {
        sync_jira.name: "jira",
        sync_confluence.name: "confluence",
        sync_supabase.name: "supabase",
    }
    return names.get(job, "git")


catalog_job = dg.define_asset_job(
    "refresh_catalog",
    selection=dg.AssetSelection.assets(component_catalog),
    # run monitoring ends it when its process died
    tags={"dagster/max_runtime": "3600"},
    description="Compares the components of all companies.",
)
