"""The jobs: one company's sync, and the catalog over all companies."""

import dagster as dg

from assets.catalog import company_components, component_catalog
from assets.instances import instance_context
from assets.memory import learnings, private_memory
from assets.sources import git_commits, local_docs
from coordinator.errors import OrchError
from resources.dagster_resources import PARTITION_TAG, HomeResource
from resources.sync_log import SyncLog

COMPANY_ASSETS = (
    git_commits,
    local_docs,
    company_components,
    learnings,
    private_memory,
    instance_context,
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
    SyncLog(company, resource.home.ledger).failed(kind, context.op.name, run=context.run_id)


sync_company = dg.define_asset_job(
    "sync_company",
    selection=dg.AssetSelection.assets(*COMPANY_ASSETS),
    hooks={record_failure},
    description="Reads what is new in one company's repository and brings its catalog, learnings, "
    "private memory and context up to date.",
)

catalog_job = dg.define_asset_job(
    "refresh_catalog",
    selection=dg.AssetSelection.assets(component_catalog),
    # run monitoring ends it when its process died
    tags={"dagster/max_runtime": "3600"},
    description="Compares the components of all companies.",
)
