"""Jira and Confluence through the assets: read, learned from, searched, and published."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from coordinator.settings import ConfluenceSettings, JiraSettings
from orch_dagster.samples.atlassian import Account, Rules

EMAIL, TOKEN = "bot@acme.example", "an api token"
PRIVATE = "kryptonplatypus"
STORY = (
    f"The {PRIVATE} gateway answered after our timeout, so customers were charged twice; each "
    "attempt now carries the same key and the acquirer drops the second one."
)


@dataclass
class Shop:
    """A company with a repository, a project and a space, and the desk it is worked on from."""

    desk: Any
    stand_in: Any
    keys: list[str]

    def run(self, job: str, **ops: Any) -> Any:
        return self.desk.run(job, "acme", ops=ops)

    def metadata(self, run: Any, asset: str) -> dict[str, Any]:
        (event,) = [
            one for one in run.get_asset_materialization_events() if one.asset_key.path[-1] == asset
        ]
        found = event.step_materialization_data.materialization.metadata
        return {name: value.value for name, value in found.items()}

    def categories(self) -> dict[str, str]:
        frame = self.desk.home.companies.instance("acme").tables().read("learnings")
        mine = frame[frame["source"] == "jira"]
        return dict(zip(mine["evidence_path"], mine["category"], strict=True))


@pytest.fixture
def shop(
    desk: Any, acme: Any, stand_ins: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shop]:
    from datetime import UTC, datetime

    monkeypatch.setenv("ACME_TOKEN", TOKEN)
    stand_in = stand_ins(lambda: datetime.now(UTC), Rules())
    stand_in.add_account(Account(EMAIL, TOKEN, "acc-bot", "Bot"))
    stand_in.add_project("PAY", readers={EMAIL}, writers={EMAIL})
    stand_in.add_space("PAY", readers={EMAIL}, writers={EMAIL})
    now = datetime.now(UTC)
    keys = [
        stand_in.add_issue(
            "PAY", summary=f"Charged twice, case {number}", description=f"{STORY} Case {number}.",
            created=now - timedelta(days=9), status="Done" if number else "To Do",
        )
        for number in range(3)
    ]  # fmt: skip
    stand_in.add_page(
        "PAY", title="Runbook", storage=f"<h1>Runbook</h1><h2>How to retry</h2><p>{STORY}</p>",
        created=now - timedelta(days=9),
    )  # fmt: skip
    with stand_in.serving() as url:
        account = {"site": url, "email": EMAIL, "token_env": "ACME_TOKEN", "loopback": True}
        account |= {"requests_per_second": 100}
        instance = desk.home.companies.instance("acme")
        instance.write_settings(
            instance.settings.model_copy(
                update={
                    "jira": JiraSettings(project="PAY", **account),
                    "confluence": ConfluenceSettings(space="PAY", docs="docs", **account),
                }
            )
        )
        yield Shop(desk, stand_in, keys)


def test_issues_are_read_learned_and_found(shop):
    run = shop.run("sync_jira")
    assert run.success, shop.desk.why(run)
    assert shop.categories() == {
        shop.keys[0]: "need",
        shop.keys[1]: "solution",
        shop.keys[2]: "solution",
    }
    found = shop.desk.home.memory("acme").search("charged twice gateway", limit=3)
    assert {one.source for one in found} == {"jira"}
    assert set(shop.desk.state("acme").cursors) == {"jira"}


def test_each_source_is_learned_from_beside_the_others(shop):
    for job in ("sync_company", "sync_jira", "sync_confluence"):
        assert shop.run(job).success
    frame = shop.desk.home.companies.instance("acme").tables().read("learnings")
    assert set(frame["source"]) >= {"commit", "jira", "confluence"}
    assert set(shop.desk.state("acme").cursors) == {"git", "jira", "confluence"}


def test_a_second_read_without_changes_embeds_and_writes_nothing(shop):
    shop.run("sync_jira")
    run = shop.run("sync_jira")
    issues = shop.metadata(run, "jira_issues")
    assert (issues["inserted"], issues["updated"], issues["deleted"]) == (0, 0, 0)
    assert shop.metadata(run, "private_memory")["embedded"] == 0


def test_a_changed_issue_embeds_one_and_a_deleted_one_disappears(shop):
    shop.run("sync_jira")
    shop.stand_in.edit_issue(shop.keys[1], summary="Charged twice, and why")
    shop.stand_in.delete_issue(shop.keys[2])
    run = shop.run("sync_jira", jira_issues={"config": {"census": True}})
    assert shop.metadata(run, "private_memory")["embedded"] == 1
    assert set(shop.categories()) == set(shop.keys[:2])


def test_a_closed_issue_becomes_a_solution_without_being_embedded_again(shop):
    shop.run("sync_jira")
    shop.stand_in.edit_issue(shop.keys[0], status="Done")
    run = shop.run("sync_jira")
    assert shop.metadata(run, "private_memory")["embedded"] == 0
    assert shop.categories()[shop.keys[0]] == "solution"


def test_a_sick_jira_does_not_keep_the_repository_from_being_learned(shop, monkeypatch):
    monkeypatch.setenv("ACME_TOKEN", "refused")
    assert not shop.run("sync_jira").success
    assert shop.run("sync_company").success
    failures = shop.desk.state("acme").failures
    assert set(failures) == {"jira"}
    assert (failures["jira"].error_kind, failures["jira"].stage) == (
        "SourceUnauthorized",
        "jira_issues",
    )


def test_what_was_read_before_stays_while_a_source_is_sick(shop, monkeypatch):
    shop.run("sync_jira")
    before = shop.desk.ids("acme", "learnings")
    monkeypatch.setenv("ACME_TOKEN", "refused")
    shop.run("sync_jira", jira_issues={"config": {"census": True}})
    shop.run("sync_company")
    assert before <= shop.desk.ids("acme", "learnings")


def test_a_source_taken_out_of_the_settings_takes_its_learnings_with_it(shop):
    shop.run("sync_jira")
    instance = shop.desk.home.companies.instance("acme")
    instance.write_settings(instance.settings.model_copy(update={"jira": None}))
    assert shop.run("sync_jira").success
    assert shop.categories() == {}


def test_no_private_word_reaches_what_dagster_keeps(shop):
    for job in ("sync_company", "sync_jira", "sync_confluence", "publish_docs"):
        run = shop.run(job)
        assert run.success, shop.desk.why(run)
        kept = shop.desk.log(run)
        assert PRIVATE not in kept
        assert TOKEN not in kept


def test_documents_become_pages_and_are_not_read_back_as_somebodys(shop):
    shop.run("sync_company")
    run = shop.run("publish_docs")
    assert run.success, shop.desk.why(run)
    titles = {page.title for page in shop.stand_in.pages("PAY", status="current")}
    assert "Payments" in titles
    shop.run("sync_confluence")
    pages = shop.desk.home.companies.instance("acme").tables().read("confluence_pages")
    assert "Payments" not in set(pages["title"])


def test_all_checks_pass_with_every_source(shop):
    for job in ("sync_company", "sync_jira", "sync_confluence"):
        run = shop.run(job)
        assert all(one.passed for one in run.get_asset_check_evaluations())


def test_the_observation_names_the_place_outside(shop):
    run = shop.run("sync_jira")
    observed = [
        event.event_specific_data.asset_observation
        for event in run.all_events
        if event.event_type_value == "ASSET_OBSERVATION"
    ]
    assert [one.asset_key.path[-1] for one in observed] == ["jira_project"]
    assert observed[0].partition == "acme"


def test_a_publication_that_fails_everywhere_fails_the_run_and_says_why(shop, monkeypatch):
    shop.run("sync_company")
    monkeypatch.setenv("ACME_TOKEN", "refused")
    run = shop.run("publish_docs")
    assert not run.success
    assert "ACME_TOKEN" in "".join(shop.desk.why(run))


def test_people_named_in_issues_are_masked_in_what_is_shared(shop):
    key = shop.stand_in.add_issue(
        "PAY", summary="Rui Prado mended it", description=STORY, reporter="Rui Prado"
    )
    shop.run("sync_jira")
    tables = shop.desk.home.companies.instance("acme").tables()
    frame = tables.read("learnings")
    (row,) = frame[frame["evidence_path"] == key].to_dict("records")
    text, masks = shop.desk.home.global_memory.preview("acme", row["id"])
    assert "Rui" not in text
    assert masks["name"] >= 1
