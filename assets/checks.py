"""What must hold of the stored rows, looked at again after each run."""

from collections.abc import Callable
from typing import Any

import dagster as dg
import numpy as np

from assets.catalog import company_components, component_catalog
from assets.memory import learnings, private_memory
from assets.sources import git_commits
from coordinator.by_hand import SOURCE
from resources.dagster_resources import HomeResource
from resources.tables import Tables

Finding = tuple[bool, dict[str, Any]]
"""Whether one company passes, and the numbers that say so."""


@dg.asset_check(asset=git_commits, description="No commit stands twice.")
def commits_are_unique(
    context: dg.AssetCheckExecutionContext, home: HomeResource
) -> dg.AssetCheckResult:
    return _result(context, home, lambda tables, _: _unique(tables, "git_commits"))


@dg.asset_check(asset=company_components, description="No component stands twice.")
def components_are_unique(
    context: dg.AssetCheckExecutionContext, home: HomeResource
) -> dg.AssetCheckResult:
    return _result(context, home, lambda tables, _: _unique(tables, "company_components"))


@dg.asset_check(
    asset=learnings,
    description="Every learning is unique and names its evidence: a commit, a file, or the event "
    "that recorded it.",
)
def learnings_have_evidence(
    context: dg.AssetCheckExecutionContext, home: HomeResource
) -> dg.AssetCheckResult:
    def look(tables: Tables, company: str) -> Finding:
        frame = tables.read("learnings", ["id", "source", "evidence_commit", "evidence_path"])
        recorded = frame["id"].isin(home.home.ledger.state(company).learnings)
        by_hand = (frame["source"] == SOURCE) & recorded
        nowhere = (frame["evidence_commit"] == "") & (frame["evidence_path"] == "")
        without = int((nowhere & ~by_hand).sum())
        doubles = int(frame["id"].duplicated().sum())
        numbers = {"rows": len(frame), "duplicates": doubles, "without": without}
        return not doubles and not without, numbers

    return _result(context, home, look)


@dg.asset_check(
    asset=private_memory,
    description="Every vector is finite, of unit length and of the model's width.",
)
def vectors_are_sound(
    context: dg.AssetCheckExecutionContext, home: HomeResource
) -> dg.AssetCheckResult:
    def look(tables: Tables, company: str) -> Finding:
        # the first learning makes the table: its width is the model's
        if not tables.rows("private_memory"):
            return True, {"rows": 0}
        frame = tables.read("private_memory", ["id", "vector"])
        width = home.home.memory(company).stats()["width"]
        wide = {len(vector) for vector in frame["vector"]} <= {width}
        vectors = np.stack(frame["vector"].to_list())
        finite = bool(np.isfinite(vectors).all())
        unit = bool(np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3))
        numbers = {"rows": len(frame), "width": width, "finite": finite, "unit": unit}
        # what is not finite is not of unit length either
        return wide and unit, numbers

    return _result(context, home, look)


@dg.asset_check(
    asset=private_memory,
    description="The memory holds exactly the learnings, and the version the ledger recorded.",
)
def memory_equals_learnings_and_ledger(
    context: dg.AssetCheckExecutionContext, home: HomeResource
) -> dg.AssetCheckResult:
    def look(tables: Tables, company: str) -> Finding:
        wanted, held = set(tables.ids("learnings")), set(tables.ids("private_memory"))
        recorded = home.home.ledger.state(company).tables.get("private_memory")
        version = tables.version("private_memory")
        expected = recorded.version if recorded is not None else -1
        numbers = {
            "missing": len(wanted - held),
            "left_over": len(held - wanted),
            "version": version,
            "recorded_version": expected,
        }
        known = recorded is not None or not wanted
        return wanted == held and known and expected <= version, numbers

    return _result(context, home, look)


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


def _result(
    context: dg.AssetCheckExecutionContext,
    home: HomeResource,
    look: Callable[[Tables, str], Finding],
) -> dg.AssetCheckResult:
    """What `look` finds in the run's company, or in every company when a check runs alone.

    The page's button runs a check without a partition.
    """
    if context.has_partition_key:
        company = context.partition_key
        passed, numbers = look(home.home.companies.instance(company).tables(), company)
        return dg.AssetCheckResult(passed=passed, metadata=numbers)
    companies = home.home.companies
    found = {name: look(companies.instance(name).tables(), name) for name in companies.names()}
    bad = sorted(name for name, (passed, _) in found.items() if not passed)
    return dg.AssetCheckResult(
        passed=not bad, metadata={"companies": len(found), "failing_companies": bad}
    )


def _unique(tables: Tables, table: str) -> Finding:
    ids = tables.read(table, ["id"])["id"]
    doubles = int(ids.duplicated().sum())
    return doubles == 0, {"rows": len(ids), "duplicates": doubles}
