"""Patterns, insights and their publication through the assets; each check is shown failing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from assets.patterns import patterns_equal_the_ledger, patterns_span_companies
from coordinator.settings import (
    CompanySettings,
    CoordinatorConfluence,
    CoordinatorJira,
    dump,
)
from orch_dagster.samples.atlassian import Account, Rules
from resources.approvals import Wanted
from tests.resources.patterns.conftest import TopicEmbedder, learning

EMAIL, TOKEN = "bot@orch.example", "an api token"
PRIVATE = ("quokkaflux", "wombatjet")
TABLE = "cross_company_patterns"


@dataclass
class Fair:
    """Two companies that say the same, worked on from the desk."""

    desk: Any
    stand_in: Any

    def run(self, job: str) -> Any:
        run = self.desk.run(job)
        assert run.success, self.desk.why(run)
        return run

    def metadata(self, run: Any, asset: str) -> dict[str, Any]:
        found = [one for one in run.get_asset_materialization_events() if one.asset_key]
        (event,) = [one for one in found if one.asset_key.path[-1] == asset]
        return {name: value.value for name, value in event.materialization.metadata.items()}

    def approve(self, company: str) -> None:
        home = self.desk.home
        (one,) = home.approvals.waiting(company=company, kind="publish_insight")
        (outcome,) = home.approvals.decide([Wanted(one.number, True)], by=f"Owner of {company}")
        assert not outcome.problem

    def titles(self) -> list[str]:
        pages = self.stand_in.pages("ORCH", status="current")
        return sorted(
            [one.summary for one in self.stand_in.issues("ORCH")] + [one.title for one in pages]
        )


@pytest.fixture
def fair(
    desk: Any, stand_ins: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Fair]:
    monkeypatch.setenv("ORCH_TOKEN", TOKEN)
    site = stand_ins(lambda: datetime.now(UTC), Rules())
    site.add_account(Account(EMAIL, TOKEN, "acc-bot", "Bot"))
    site.add_project("ORCH", readers={EMAIL}, writers={EMAIL})
    site.add_space("ORCH", readers={EMAIL}, writers={EMAIL})
    home = desk.home
    home.__dict__["embedder"] = TopicEmbedder(home.settings.embedding.model)
    for name, word in (("acme", PRIVATE[0]), ("beta", PRIVATE[1])):
        given = {"name": name, "git": {"url": "https://example.org/x.git"}}
        owners = [{"name": f"Owner of {name}"}]
        home.companies.create(CompanySettings.model_validate({**given, "owners": owners}))
        tables = home.companies.instance(name).tables()
        tables.reconcile("learnings", pd.DataFrame([learning(f"topic-1 {word} of {name}")]))
        home.memory(name).store(tables.read("learnings"))
    with site.serving() as url:
        account = {"site": url, "email": EMAIL, "token_env": "ORCH_TOKEN", "loopback": True}
        account |= {"requests_per_second": 100}
        settings = home.settings.model_copy(
            update={
                "jira": CoordinatorJira(project="ORCH", **account),
                "confluence": CoordinatorConfluence(space="ORCH", **account),
            }
        )
        (home.path / "orch.yaml").write_text(dump(settings), encoding="utf-8")
        home.__dict__.pop("settings", None)
        yield Fair(desk, site)


def test_what_is_found_is_asked_about_approved_and_published_once(fair: Fair) -> None:
    run = fair.run("detect_patterns")
    assert fair.metadata(run, "cross_company_patterns")["dagster/row_count"] == 1
    told = fair.metadata(run, "insights")
    assert (told["dagster/row_count"], len(told["asked"]), told["withdrawn"]) == (0, 2, [])
    assert all(one.passed for one in run.get_asset_check_evaluations())
    fair.approve("acme")
    fair.run("refresh_global_memory")
    for written in (1, 0):
        run = fair.run("publish")
        assert fair.metadata(run, "jira_insights")["written"] == written
    title = f"Pattern: topic-1 {PRIVATE[0]} of acme"
    assert fair.titles() == sorted(["What companies have in common", title, title])
    told = fair.metadata(fair.run("detect_patterns"), "insights")
    assert (told["dagster/row_count"], told["asked"]) == (1, [])


def test_no_private_word_reaches_what_dagster_keeps(fair: Fair) -> None:
    kept = ""
    for job in ("detect_patterns", "refresh_global_memory", "publish"):
        kept += fair.desk.log(fair.run(job))
    fair.approve("acme")
    for job in ("refresh_global_memory", "publish", "detect_patterns"):
        kept += fair.desk.log(fair.run(job))
    assert "detect_patterns" in kept
    for word in PRIVATE:
        assert word not in kept


def test_a_company_that_cannot_be_read_is_a_warning_and_no_failure(fair: Fair) -> None:
    fair.run("detect_patterns")
    fair.approve("acme")
    fair.run("refresh_global_memory")
    folder = fair.desk.home.companies.instance("acme").tables().path("private_memory")
    for one in folder.rglob("*"):
        if one.is_file() and one.suffix != ".lock":
            one.write_bytes(one.read_bytes()[:20])
    run = fair.run("detect_patterns")
    assert fair.metadata(run, "insights")["dagster/row_count"] == 1
    assert fair.metadata(run, "insights")["withdrawn"] == []
    assert "acme" in fair.metadata(run, "cross_company_patterns")["unread_companies"]


def test_the_checks_fail_when_they_should(fair: Fair) -> None:
    fair.run("detect_patterns")
    tables = fair.desk.home.global_tables()
    whole = tables.read(TABLE)
    assert fair.desk.check(patterns_equal_the_ledger, None)
    assert fair.desk.check(patterns_span_companies, None)
    alone = whole.assign(members=[["acme/a", "acme/b"]], likeness=[[1.0, 1.0]])
    tables.reconcile(TABLE, alone)
    assert not fair.desk.check(patterns_span_companies, None)
    assert not fair.desk.check(patterns_equal_the_ledger, None)
    tables.reconcile(TABLE, whole.iloc[:0])
    assert fair.desk.check(patterns_span_companies, None)
    assert not fair.desk.check(patterns_equal_the_ledger, None)
    fair.run("detect_patterns")
    assert fair.desk.check(patterns_equal_the_ledger, None)
