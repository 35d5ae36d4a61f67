"""What several companies have in common, and what one has that another needs."""

import dagster as dg

from assets.catalog import component_catalog
from assets.company_run import LoggedProgress
from assets.memory import private_memory
from assets.pictures import MOST_ON_A_PAGE, learning_map
from assets.previews import bars, counts, preview
from assets.sources import OWNERS
from coordinator.frames import data_version
from resources.dagster_resources import HomeResource
from resources.opportunities import finding
from resources.patterns import stored
from resources.patterns.mapping import gather_map


@dg.asset(
    deps=[private_memory, component_catalog],
    group_name="patterns",
    kinds={"lancedb", "scikitlearn"},
    owners=OWNERS,
    code_version="1",
    description="Learnings and components of two companies or more that say the same: mutual "
    "neighbours, grouped, each with an id that stays. Only what changed is compared. For the "
    "operator alone.",
)
def cross_company_patterns(
    context: dg.AssetExecutionContext, home: HomeResource
) -> dg.MaterializeResult:
    patterns = home.home.patterns
    found = patterns.refresh(LoggedProgress(context.log))
    for company, problem in found.problems.items():
        context.log.warning(f"{company} could not be read: {problem}")
    frame = stored.pattern_frame(found.patterns, patterns.state())
    drawn = gather_map(home.home, found.patterns, most=MOST_ON_A_PAGE)
    per_company = frame["companies"].explode().value_counts().to_dict()
    return dg.MaterializeResult(
        data_version=dg.DataVersion(data_version(frame)),
        metadata={
            "patterns": preview(frame, ["id", "score", "cohesion", "coverage", "found_at"]),
            "companies": bars(per_company, "patterns per company"),
            "map": learning_map(drawn.map),
            "recorded": counts(found.counts, "event"),
            "learnings": found.rows,
            "compared": found.searched,
            "unread_companies": sorted(found.problems),
            "dagster/row_count": len(frame),
        },
    )


@dg.asset_check(
    asset=cross_company_patterns,
    description="The table holds exactly the patterns that stand in the ledger, with their "
    "members.",
)
def patterns_equal_the_ledger(home: HomeResource) -> dg.AssetCheckResult:
    patterns = home.home.patterns
    recorded = {one.id: one.members for one in patterns.state().standing()}
    held = {one.id: tuple(sorted(one.members)) for one in patterns.standing()}
    differing = sorted(
        id for id in recorded.keys() | held.keys() if recorded.get(id) != held.get(id)
    )
    return dg.AssetCheckResult(passed=not differing, metadata={"patterns": differing})


@dg.asset_check(
    asset=cross_company_patterns,
    description="Every pattern has members of two companies or more.",
)
def patterns_span_companies(home: HomeResource) -> dg.AssetCheckResult:
    alone = [
        one.id
        for one in home.home.patterns.standing()
        if len({member.partition("/")[0] for member in one.members}) < 2
    ]
    return dg.AssetCheckResult(passed=not alone, metadata={"patterns": alone})


@dg.asset(
    deps=[private_memory, component_catalog, cross_company_patterns],
    group_name="patterns",
    kinds={"lancedb", "scikitlearn"},
    owners=OWNERS,
    code_version="1",
    description="Needs of one company that another has a solution or component for, ranked. Those "
    "above the bar become proposals to the one that has it, a few a week for each person; what "
    "people answered moves the bar.",
)
def sharing_opportunities(
    context: dg.AssetExecutionContext, home: HomeResource
) -> dg.MaterializeResult:
    found = home.home.opportunities.refresh(LoggedProgress(context.log))
    for whose, problem in found.problems.items():
        context.log.warning(f"{whose}: {problem}")
    frame = finding.opportunity_frame(found.opportunities)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(data_version(frame)),
        metadata={
            "opportunities": preview(frame, ["id", "kind", "owner", "adopter", "score"]),
            "kinds": bars(frame["kind"].value_counts().to_dict(), "opportunities"),
            "asked": [one.number for one in found.asked],
            "held_back_this_week": found.held,
            "answered": counts(found.answered, "event"),
            "dagster/row_count": len(frame),
        },
    )


PATTERN_CHECKS = (patterns_equal_the_ledger, patterns_span_companies)
