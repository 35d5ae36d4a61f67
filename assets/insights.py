"""What is told of patterns and offers, and the job that finds and tells."""

import dagster as dg

from assets.patterns import cross_company_patterns, sharing_opportunities
from assets.previews import counts
from assets.sources import OWNERS
from coordinator.publishing.insights import PatternInsight
from resources.dagster_resources import HomeResource


@dg.asset(
    deps=[cross_company_patterns, sharing_opportunities],
    group_name="insights",
    kinds={"markdown"},
    owners=OWNERS,
    code_version="1",
    description="Patterns and offers as short pages in Portuguese or English. Companies are asked "
    "once what they show of a pattern; what they agreed to is published, of the others a count.",
)
def insights(context: dg.AssetExecutionContext, home: HomeResource) -> dg.MaterializeResult:
    done = home.home.insights.refresh()
    for whose, problem in done.problems.items():
        context.log.warning(f"{whose}: {problem}")
    standing = home.home.insights.standing()
    kinds = ["pattern" if isinstance(one, PatternInsight) else "offer" for one in standing]
    return dg.MaterializeResult(
        metadata={
            "standing": counts({kind: kinds.count(kind) for kind in set(kinds)}, "kind"),
            "ids": [one.id for one in standing],
            "asked": [one.number for one in done.asked],
            "held_back_this_week": done.held,
            "withdrawn": list(done.withdrawn),
            "dagster/row_count": len(standing),
        },
    )


detect_patterns_job = dg.define_asset_job(
    "detect_patterns",
    selection=dg.AssetSelection.assets(cross_company_patterns, sharing_opportunities, insights),
    # run monitoring ends it when its process died
    tags={"dagster/max_runtime": "3600"},
    description="Looks for what companies have in common and what one has that another needs, and "
    "asks their people.",
)
