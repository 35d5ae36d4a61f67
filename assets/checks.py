"""What must hold of the stored rows, looked at again after each run."""

import dagster as dg
import numpy as np
import pandas as pd

from assets.catalog import company_components, component_catalog
from assets.memory import learnings, private_memory
from assets.sources import git_commits
from resources.dagster_resources import HomeResource


@dg.asset_check(asset=git_commits, description="No commit stands twice.")
def commits_are_unique(
    context: dg.AssetCheckExecutionContext, home: HomeResource
) -> dg.AssetCheckResult:
    return _unique(_table(context, home, "git_commits"))


@dg.asset_check(asset=company_components, description="No component stands twice.")
def components_are_unique(
    context: dg.AssetCheckExecutionContext, home: HomeResource
) -> dg.AssetCheckResult:
    return _unique(_table(context, home, "company_components"))


@dg.asset_check(asset=learnings, description="Every learning is unique and names its evidence.")
def learnings_have_evidence(
    context: dg.AssetCheckExecutionContext, home: HomeResource
) -> dg.AssetCheckResult:
    frame = _table(context, home, "learnings")
    without = (frame["evidence_commit"] == "") & (frame["evidence_path"] == "")
    doubles = int(frame["id"].duplicated().sum())
    return dg.AssetCheckResult(
        passed=not doubles and not without.any(),
        metadata={"rows": len(frame), "duplicates": doubles, "without": int(without.sum())},
    )


@dg.asset_check(
    asset=private_memory,
    description="Every vector is finite, of unit length and of the model's width.",
)
def vectors_are_sound(
    context: dg.AssetCheckExecutionContext, home: HomeResource
) -> dg.AssetCheckResult:
    if not home.home.companies.instance(context.partition_key).tables().exists("private_memory"):
        # the first learning makes the table: its width is the model's
        return dg.AssetCheckResult(passed=True, metadata={"rows": 0})
    frame = _table(context, home, "private_memory", ["id", "vector"])
    width = home.home.memory(context.partition_key).stats()["width"]
    sizes = {len(vector) for vector in frame["vector"]}
    vectors = np.stack(frame["vector"].to_list()) if len(frame) else np.zeros((0, width))
    finite = bool(np.isfinite(vectors).all())
    unit = bool(np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3))
    return dg.AssetCheckResult(
        passed=sizes <= {width} and finite and unit,
        metadata={"rows": len(frame), "width": width, "finite": finite, "unit": unit},
    )


@dg.asset_check(
    asset=private_memory,
    description="The memory holds exactly the learnings, and the version the ledger recorded.",
)
def memory_equals_learnings_and_ledger(
    context: dg.AssetCheckExecutionContext, home: HomeResource
) -> dg.AssetCheckResult:
    company = context.partition_key
    tables = home.home.companies.instance(company).tables()
    wanted, held = set(tables.ids("learnings")), set(tables.ids("private_memory"))
    recorded = home.home.ledger.state(company).tables.get("private_memory")
    version = tables.version("private_memory")
    return dg.AssetCheckResult(
        passed=wanted == held and recorded is not None and recorded.version <= version,
        metadata={
            "missing": len(wanted - held),
            "left_over": len(held - wanted),
            "version": version,
            "recorded_version": recorded.version if recorded is not None else -1,
        },
    )


@dg.asset_check(
    asset=component_catalog, description="Every pair joins two known components, none with itself."
)
def pairs_join_known_components(home: HomeResource) -> dg.AssetCheckResult:
    tables = home.home.global_tables()
    pairs, known = tables.read("component_pairs"), set(tables.ids("component_catalog"))
    strange = ~(pairs["left"].isin(known) & pairs["right"].isin(known))
    itself = pairs["left"] == pairs["right"]
    return dg.AssetCheckResult(
        passed=not strange.any() and not itself.any(),
        metadata={"pairs": len(pairs), "unknown": int(strange.sum()), "itself": int(itself.sum())},
    )


CHECKS = (
    commits_are_unique,
    components_are_unique,
    learnings_have_evidence,
    vectors_are_sound,
    memory_equals_learnings_and_ledger,
    pairs_join_known_components,
)


def _table(
    context: dg.AssetCheckExecutionContext,
    home: HomeResource,
    table: str,
    columns: list[str] | None = None,
) -> pd.DataFrame:
    tables = home.home.companies.instance(context.partition_key).tables()
    return tables.read(table, columns)


def _unique(frame: pd.DataFrame) -> dg.AssetCheckResult:
    doubles = int(frame["id"].duplicated().sum())
    return dg.AssetCheckResult(
        passed=doubles == 0, metadata={"rows": len(frame), "duplicates": doubles}
    )
