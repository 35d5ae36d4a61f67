"""The Dagster code location: what there is, and the hands it works with."""

import warnings

import dagster as dg

from assets.approvals import decide_approvals
from assets.catalog import component_catalog
from assets.checks import CHECKS
from assets.global_memory import GLOBAL_CHECKS, global_memory, global_memory_job
from assets.insights import detect_patterns_job, insights
from assets.io_manager import company_tables, coordinator_tables
from assets.jobs import COMPANY_ASSETS, SYNC_JOBS, catalog_job
from assets.metrics import coordination_metrics, metrics_job
from assets.patterns import PATTERN_CHECKS, cross_company_patterns, sharing_opportunities
from assets.publications import (
    company_docs_pages,
    confluence_insights,
    jira_insights,
    publish_docs_job,
    publish_job,
    push_memory_job,
    supabase_global_memory,
    supabase_private_memory,
)
from assets.services import SERVICES
from assets.sources import git_repository
from resources.dagster_resources import HomeResource
from sensors.approvals import approval_sensor
from sensors.companies import company_sensor
from sensors.failures import failure_sensor
from sensors.git import git_sensor
from sensors.recovery import recovery_sensor
from sensors.schedules import SCHEDULES
from sensors.services import confluence_sensor, jira_sensor, supabase_sensor

# data versions are what tells an unchanged asset from a changed one; their parameter is "beta"
warnings.filterwarnings("ignore", "Parameter `data_version`", dg.BetaWarning)


def definitions_for(home_path: str = "") -> dg.Definitions:
    """The code location of the home at `home_path`; empty: ORCH_HOME, else ``./.orch``."""
    return dg.Definitions(
        assets=[
            git_repository,
            *SERVICES,
            *COMPANY_ASSETS,
            component_catalog,
            global_memory,
            cross_company_patterns,
            sharing_opportunities,
            insights,
            company_docs_pages,
            jira_insights,
            confluence_insights,
            supabase_global_memory,
            supabase_private_memory,
            coordination_metrics,
        ],
        asset_checks=[*CHECKS, *GLOBAL_CHECKS, *PATTERN_CHECKS],
        jobs=[
            *SYNC_JOBS,
            catalog_job,
            global_memory_job,
            detect_patterns_job,
            publish_job,
            publish_docs_job,
            push_memory_job,
            metrics_job,
            decide_approvals,
        ],
        sensors=[
            company_sensor,
            git_sensor,
            jira_sensor,
            confluence_sensor,
            supabase_sensor,
            failure_sensor,
            recovery_sensor,
            approval_sensor,
        ],
        schedules=SCHEDULES,
        resources={
            "home": HomeResource(path=home_path),
            "company_tables": company_tables,
            "coordinator_tables": coordinator_tables,
        },
        # the multiprocess executor imports everything again for each step, and LanceDB is not
        # fork-safe
        executor=dg.in_process_executor,
    )


defs = definitions_for()
