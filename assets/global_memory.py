"""The global memory: the copies companies agreed to share, and what must hold of them."""

from collections.abc import Sequence

import dagster as dg

from assets.company_run import LoggedProgress
from assets.previews import bars, preview
from assets.sources import OWNERS
from coordinator.approvals import MEMORY_KINDS, OFFER_KINDS
from coordinator.frames import data_version
from resources.carrying_out import carry_out
from resources.dagster_resources import HomeResource


@dg.asset(
    group_name="memory",
    kinds={"lancedb", "pytorch"},
    owners=OWNERS,
    code_version="1",
    description="The copies companies agreed to share, each with its approval: an index of the "
    "ledger. What was approved and not carried out yet is carried out first. Copies of two "
    "companies that say the same become a question to both.",
)
def global_memory(context: dg.AssetExecutionContext, home: HomeResource) -> dg.MaterializeResult:
    memory = home.home.global_memory
    done = carry_out(home.home, kinds=(*MEMORY_KINDS, *OFFER_KINDS))
    for one in done:
        if one.problem:
            context.log.warning(f"proposal {one.number} was not carried out: {one.problem}")
    stored = memory.store(LoggedProgress(context.log))
    asked = memory.propose_merges()
    rows = memory.rows()
    newest = rows.sort_values("valid_from", ascending=False)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(data_version(rows)),
        metadata={
            "copies": preview(newest, ["id", "source_instance", "category", "valid_from"]),
            "companies": bars(rows["source_instance"].value_counts().to_dict(), "shared copies"),
            "superseded": int((rows["superseded_by"] != "").sum()),
            "carried_out": sum(not one.problem for one in done),
            "merges_proposed": len(asked),
            "embedded": stored.embedded,
            "updated": stored.updated,
            "removed": stored.removed,
            "dagster/row_count": stored.rows,
            "table_version": stored.version,
        },
    )


@dg.asset_check(
    asset=global_memory,
    description="Every copy stands in the ledger, and everybody its proposal asks said yes.",
)
def copies_are_approved(home: HomeResource) -> dg.AssetCheckResult:
    found = home.home.global_memory.audit()
    return _result(found.rows, unapproved=found.unapproved)


@dg.asset_check(
    asset=global_memory,
    description="Every copy says, word for word, what was approved: its hash is the approval's.",
)
def copies_equal_their_approvals(home: HomeResource) -> dg.AssetCheckResult:
    found = home.home.global_memory.audit()
    return _result(found.rows, altered=found.altered)


@dg.asset_check(
    asset=global_memory,
    description="The table holds exactly the copies that stand in the ledger, as they stand.",
)
def copies_equal_the_ledger(home: HomeResource) -> dg.AssetCheckResult:
    found = home.home.global_memory.audit()
    return _result(found.rows, missing=found.missing, left_over=found.left_over, stale=found.stale)


@dg.asset_check(
    asset=global_memory,
    description="Everything that was approved is carried out; what is not is tried again.",
)
def approvals_are_carried_out(home: HomeResource) -> dg.AssetCheckResult:
    approved = home.home.approvals.approved()
    left = [str(one.number) for one in approved if one.kind in (*MEMORY_KINDS, *OFFER_KINDS)]
    return dg.AssetCheckResult(passed=not left, metadata={"proposals": left})


global_memory_job = dg.define_asset_job(
    "refresh_global_memory",
    selection=dg.AssetSelection.assets(global_memory),
    # run monitoring ends it when its process died
    tags={"dagster/max_runtime": "3600"},
    description="Carries out what was approved for the global memory, makes it equal to the "
    "ledger, and looks whether it is.",
)

GLOBAL_CHECKS = (
    copies_are_approved,
    copies_equal_their_approvals,
    copies_equal_the_ledger,
    approvals_are_carried_out,
)


def _result(rows: int, **found: Sequence[str]) -> dg.AssetCheckResult:
    """Passed when nothing was found; else the ids of the copies."""
    return dg.AssetCheckResult(
        passed=not any(found.values()),
        metadata={"rows": rows} | {name: list(ids) for name, ids in found.items()},
    )
