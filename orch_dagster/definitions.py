"""The Dagster code location: what there is, and the hands it works with."""

import dagster as dg

from assets.catalog import component_catalog
from assets.checks import CHECKS
from assets.io_manager import CompanyTables, CoordinatorTables
from assets.jobs import COMPANY_ASSETS, catalog_job, sync_company
from assets.sources import git_repository
from resources.dagster_resources import HomeResource
from sensors.companies import company_sensor
from sensors.git import git_sensor
from sensors.schedules import catalog_schedule


def definitions_for(home_path: str = "") -> dg.Definitions:
    """The code location of the home at `home_path`; empty: ORCH_HOME, else ``./.orch``."""
    home = HomeResource(path=home_path)
    return dg.Definitions(
        assets=[git_repository, *COMPANY_ASSETS, component_catalog],
        asset_checks=list(CHECKS),
        jobs=[sync_company, catalog_job],
        sensors=[company_sensor, git_sensor],
        schedules=[catalog_schedule],
        resources={
            "home": home,
            "company_tables": CompanyTables(home=home),
            "coordinator_tables": CoordinatorTables(home=home),
        },
        # the multiprocess executor imports everything again for each step, and LanceDB is not
        # fork-safe
        executor=dg.in_process_executor,
    )


defs = definitions_for()
