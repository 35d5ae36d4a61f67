"""Components: those of one company, and which are copies of one another over all companies."""

import dagster as dg
import pandas as pd

from assets.company_run import CompanyRun, current_tree
from assets.partitions import company_partitions
from assets.pictures import who_has_what
from assets.previews import bars, preview
from assets.sources import OWNERS
from coordinator import rules
from coordinator.catalog import discover, remembered
from coordinator.catalog.copies import compare
from coordinator.frames import combined_version, data_version
from coordinator.pictures.exchange import exchanged
from resources.dagster_resources import HomeResource


@dg.asset(
    partitions_def=company_partitions,
    group_name="catalog",
    kinds={"lancedb"},
    owners=OWNERS,
    code_version=rules.CATALOG,
    io_manager_key="company_tables",
    description="The reusable components of one company: by configured folders, descriptors and "
    "manifests, each with a fingerprint of its code. Unchanged folders are not read again.",
)
def company_components(
    context: dg.AssetExecutionContext, home: HomeResource, git_commits: pd.DataFrame
) -> dg.Output[pd.DataFrame]:
    run = CompanyRun.of(context, home.home)
    stored = run.instance.tables().read("company_components")
    with run.instance.mirror() as mirror:
        snapshot = current_tree(mirror)
        found = discover(
            run.company,
            snapshot,
            mirror.reader(snapshot),
            run.instance.settings.catalog,
            git_commits,
            remembered(stored),
            home.home.by_hand.components(run.company, run.state),
        )
    frame = found.components
    home.home.by_hand.index_of(run.instance).forget_components(stored, frame)
    return dg.Output(
        frame,
        data_version=dg.DataVersion(data_version(frame)),
        metadata={
            "sync_version": run.version,
            "components": preview(frame, ["id", "category", "language", "files", "confidence"]),
            "categories": bars(frame["category"].value_counts().to_dict(), "components"),
            "left_out": dict(found.left_out),
        },
    )


@dg.asset(
    group_name="catalog",
    kinds={"lancedb"},
    owners=OWNERS,
    code_version=rules.CATALOG,
    io_manager_key="coordinator_tables",
    description="The components of all companies side by side: which are near-copies of which, "
    "where each appeared first, and how far the copies have drifted. For the operator alone.",
)
def component_catalog(
    home: HomeResource, company_components: pd.DataFrame
) -> dg.Output[dict[str, pd.DataFrame]]:
    catalog = compare(company_components, min_similarity=home.home.settings.copies.min_similarity)
    tables = {
        "component_catalog": catalog.components,
        "component_pairs": catalog.pairs.assign(
            id=catalog.pairs["left"] + " " + catalog.pairs["right"]
        ),
        "component_groups": catalog.groups,
    }
    versions = {name: data_version(frame) for name, frame in tables.items()}
    companies = company_components["company"].value_counts().to_dict()
    names = home.home.companies.names()
    shared = home.home.global_memory.state().copies.values()
    exchange = exchanged(catalog.groups, shared, names)
    return dg.Output(
        tables,
        data_version=dg.DataVersion(combined_version(versions)),
        metadata={
            "copies": preview(catalog.pairs, ["left", "right", "similarity", "origin"]),
            "components_per_company": bars(companies, "components per company"),
            "who_has_what": who_has_what(exchange, names),
        },
    )
