"""Companies that go, and what cannot be read: the one takes words back, the other nothing."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from coordinator.errors import MemoryUnavailable
from resources.leaving import forget_company
from resources.progress import Silence
from resources.publishing.overview import delivered
from resources.recorded_tables import RecordedTables
from resources.tables import Written
from tests.resources.insights.conftest import CONFLUENCE, JIRA


def damage(folder: Path) -> None:
    files = [one for one in folder.rglob("*") if one.is_file() and one.suffix != ".lock"]
    assert files
    for one in files:
        one.write_bytes(one.read_bytes()[:20])


def memory_folder(fair: Any, company: str) -> Path:
    found: Path = fair.home.companies.instance(company).tables().path("private_memory")
    return found


def test_a_company_removed_after_it_was_found_takes_the_page_with_it(told: Any) -> None:
    told.home.companies.remove("acme", reason="closed")
    told.home.global_memory.retract_company("acme", "its company was removed")
    told.deliver()  # before anybody looked for patterns again
    assert "quokkaflux" not in told.words()
    assert told.titles() == []


def test_one_company_alone_has_nothing_in_common_with_anybody(told: Any) -> None:
    told.home.companies.remove("beta", reason="closed")
    assert told.insights.standing() == []  # before anything was looked for or swept
    told.deliver()
    assert told.titles() == []


def test_where_the_other_company_was_removed_no_pattern_is_left(told: Any) -> None:
    told.home.companies.remove("beta", reason="closed")
    forget_company(told.home, "beta")
    with pytest.raises(MemoryUnavailable, match="lacks what the ledger knows"):
        told.insights.standing()
    told.refresh()
    told.deliver()
    assert told.titles() == []


def test_a_page_over_three_shrinks_when_one_company_is_removed(fair: Any) -> None:
    for company in ("acme", "beta", "zeta"):
        fair.learns(company, f"topic-1 words of {company}")
    fair.refresh()
    for company in ("acme", "zeta"):
        fair.says(company)
    fair.deliver()
    fair.home.companies.remove("zeta", reason="closed")
    fair.home.global_memory.retract_company("zeta", "its company was removed")
    fair.deliver()
    assert "words of zeta" not in fair.words()
    assert "2 companies solved" in fair.words()
    assert "words of acme" in fair.words()


@pytest.mark.parametrize("how", ["damaged", "lost"])
@pytest.mark.parametrize("company", ["acme", "beta"])
def test_a_company_that_cannot_be_read_takes_nothing_back(
    told: Any, company: str, how: str
) -> None:
    folder = memory_folder(told, company)
    before = told.words()
    damage(folder) if how == "damaged" else shutil.rmtree(folder)
    found = told.insights.refresh()
    assert list(found.withdrawn) == []
    assert {**found.problems}.keys() == ({"acme"} if company == "acme" else set())
    told.deliver()
    assert told.words() == before
    assert len(told.home.global_memory.state().copies) == 1


def test_a_lost_memory_ends_no_pattern_while_the_ledger_knows_it(told: Any) -> None:
    tables = told.home.companies.instance("beta").tables()
    known = Written("private_memory", 1, 0, 0, tables.version("private_memory"), 1)
    RecordedTables("beta", tables, told.home.ledger).commit(known)
    shutil.rmtree(memory_folder(told, "beta"))
    before = told.words()
    assert [*told.home.patterns.refresh().problems] == ["beta"]
    told.refresh()
    told.deliver()
    assert told.words() == before


def test_a_damaged_company_stops_nobody_elses_page(told: Any) -> None:
    told.says("beta")
    damage(memory_folder(told, "acme"))
    assert [one.counts["write"] for one in told.deliver()] == [1, 1]
    assert "wombatjet" in told.words()


def test_a_lost_table_of_patterns_is_said_and_withdraws_nothing(told: Any) -> None:
    told.home.global_tables().drop("cross_company_patterns")
    before = told.words()
    for target in (JIRA, CONFLUENCE):
        with pytest.raises(MemoryUnavailable, match="patterns refresh"):
            told.home.publishing.deliver(target, "insight")

    problems = [one.problem for one in delivered(told.home, progress=lambda _: Silence())]
    assert sum("lacks what the ledger knows" in one for one in problems) == 2
    assert told.words() == before
    told.refresh()
    told.deliver()
    assert told.words() == before
