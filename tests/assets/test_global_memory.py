"""The asset `global_memory` and its checks, run in this process; each check is shown failing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from assets.global_memory import (
    copies_are_approved,
    copies_equal_the_ledger,
    copies_equal_their_approvals,
)
from coordinator.settings import CompanySettings
from resources.approvals import Wanted

TABLE = "global_memory"
CHECKS = (copies_are_approved, copies_equal_their_approvals, copies_equal_the_ledger)
WORDS = "Rotate the zanzibarquokka signing key each week, before anybody asks."


@pytest.fixture
def shared(desk: Any, embedder: Any) -> Callable[[str, str], None]:
    """Lets a company write, approve and, by the asset's run, publish a text."""
    desk.home.__dict__["embedder"] = embedder
    git = {"url": "https://example.org/x.git"}
    for name in ("empresa-a", "empresa-b"):
        given = {"name": name, "git": git, "owners": [{"name": f"Owner of {name}"}]}
        desk.home.companies.create(CompanySettings.model_validate(given))

    def share(company: str, words: str) -> None:
        added = desk.home.by_hand.add_learning(company, words, category="solution")
        proposal = desk.home.global_memory.propose(company, added.id)
        wanted = [Wanted(proposal.number, True)]
        (outcome,) = desk.home.approvals.decide(wanted, by=f"Owner of {company}")
        assert not outcome.problem

    return share


def metadata_of(run: Any) -> Any:
    (event,) = [one for one in run.get_asset_materialization_events() if one.asset_key]
    return event.materialization.metadata


def checks_of(run: Any) -> dict[str, bool]:
    return {one.check_name: one.passed for one in run.get_asset_check_evaluations()}


def test_a_run_publishes_what_was_approved_stores_it_and_its_checks_pass(desk, shared):
    shared("empresa-a", WORDS)
    run = desk.run("refresh_global_memory")
    assert run.success, desk.why(run)
    metadata = metadata_of(run)
    assert metadata["dagster/row_count"].value == 1
    assert metadata["carried_out"].value == 1
    assert all(checks_of(run).values())
    assert {check.check_key.name for check in CHECKS} <= checks_of(run).keys()
    assert "zanzibarquokka" not in desk.log(run)


def test_a_run_without_news_writes_nothing(desk, shared):
    shared("empresa-a", WORDS)
    desk.run("refresh_global_memory")
    version = desk.home.global_tables().version(TABLE)
    run = desk.run("refresh_global_memory")
    assert metadata_of(run)["embedded"].value == 0
    assert desk.home.global_tables().version(TABLE) == version


def test_copies_of_two_companies_that_say_the_same_become_a_question_to_both(desk, shared):
    shared("empresa-a", WORDS)
    shared("empresa-b", WORDS.lower())
    desk.run("refresh_global_memory")
    (proposal,) = desk.home.approvals.waiting(kind="merge_learnings")
    assert {ask.company for ask in proposal.asks} == {"empresa-a", "empresa-b"}


@pytest.mark.parametrize(
    ("check", "damage"),
    [
        (copies_are_approved, {"id": "g-0123456789abcdef"}),
        (copies_equal_their_approvals, {"content": "what nobody approved"}),
        (copies_equal_the_ledger, {"superseded_by": "g-0123456789abcdef"}),
        (copies_equal_the_ledger, {"id": "g-0123456789abcdef"}),
    ],
)
def test_a_check_fails_on_what_it_looks_for(desk, shared, check, damage: dict[str, str]):
    shared("empresa-a", WORDS)
    desk.run("refresh_global_memory")
    assert desk.check(check, None)
    tables = desk.home.global_tables()
    rows = tables.read(TABLE).assign(**damage)
    tables.upsert(TABLE, rows, schema=tables.schema(TABLE))
    assert not desk.check(check, None)


def test_a_lost_table_fails_its_check_and_is_made_again_by_the_run(desk, shared):
    shared("empresa-a", WORDS)
    desk.run("refresh_global_memory")
    desk.home.global_tables().drop(TABLE)
    assert not desk.check(copies_equal_the_ledger, None)
    assert desk.run("refresh_global_memory").success
    assert desk.check(copies_equal_the_ledger, None)


def test_a_home_that_shared_nothing_passes(desk):
    run = desk.run("refresh_global_memory")
    assert run.success, desk.why(run)
    assert all(checks_of(run).values())
