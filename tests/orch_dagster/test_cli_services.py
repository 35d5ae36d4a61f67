"""`orch sources` and `orch publish`: what people see of Jira and Confluence, typed as they type."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from coordinator.settings import (
    CompanySettings,
    ConfluenceSettings,
    CoordinatorJira,
    CoordinatorSettings,
    EmbeddingSettings,
    GitSettings,
    JiraSettings,
    Person,
    dump,
)
from orch_dagster.cli.main import run
from orch_dagster.samples.atlassian import Account, Rules
from resources.home import Home
from resources.tables import schemas

EMAIL, TOKEN = "bot@acme.example", "an api token of ours"


@dataclass
class Shell:
    """A person at a terminal, with a home whose company is on a stand-in site."""

    folder: Path
    stand_in: Any
    url: str
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str, code: int = 0) -> str:
        """Run `orch`; everything it said."""
        found = run(["--home", str(self.folder), "--as", "Ana", *arguments])
        said = self.capsys.readouterr()
        assert found == code, said.out + said.err
        assert TOKEN not in said.out + said.err
        assert "Traceback" not in said.err
        return said.out + said.err

    def json(self, *arguments: str, code: int = 0) -> Any:
        found = run(["--home", str(self.folder), "--as", "Ana", *arguments, "--json"])
        said = self.capsys.readouterr()
        assert found == code, said.err
        return json.loads(said.out)

    def account(self, **given: Any) -> dict[str, Any]:
        account = {"site": self.url, "email": EMAIL, "token_env": "ACME_TOKEN", "loopback": True}
        return account | {"requests_per_second": 100} | given

    def change(self, **settings: Any) -> None:
        with Home.open(self.folder) as home:
            instance = home.companies.instance("acme")
            instance.write_settings(instance.settings.model_copy(update=settings))

    def documents(self, **texts: str) -> None:
        rows = [
            {"id": f"docs/{name}", "path": f"docs/{name}", "blob": "x", "text": text, "commit": "c"}
            for name, text in texts.items()
        ]
        frame = pd.DataFrame(rows)
        frame["changed_at"] = pd.to_datetime([datetime(2026, 1, 1, tzinfo=UTC)] * len(rows))
        with Home.open(self.folder) as home:
            tables = home.companies.instance("acme").tables()
            tables.reconcile("local_docs", frame, schema=schemas.documents())


@pytest.fixture
def orch(
    tmp_path: Path,
    stand_ins: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Shell]:
    monkeypatch.setenv("ACME_TOKEN", TOKEN)
    stand_in = stand_ins(lambda: datetime.now(UTC), Rules(archive_delay=timedelta(0)))
    stand_in.add_account(Account(EMAIL, TOKEN, "acc-bot", "Bot"))
    for key in ("PAY", "ORCH"):
        stand_in.add_project(key, readers={EMAIL}, writers={EMAIL})
        stand_in.add_space(key, readers={EMAIL}, writers={EMAIL})
    with stand_in.serving() as url:
        shell = Shell(tmp_path / "home", stand_in, url, capsys)
        account = shell.account()
        with Home.init(shell.folder, embedding=EmbeddingSettings()) as home:
            own = CoordinatorSettings(jira=CoordinatorJira(project="ORCH", **account))
            (shell.folder / "orch.yaml").write_text(dump(own))
            home.companies.create(
                CompanySettings(
                    name="acme",
                    title="Acme",
                    git=GitSettings(url="https://example.org/shop.git"),
                    owners=(Person(name="Ana"),),
                    jira=JiraSettings(project="PAY", **account),
                    confluence=ConfluenceSettings(space="PAY", docs="docs", **account),
                )
            )
        yield shell


# -- orch sources ------------------------------------------------------------------------------


def findings(orch: Shell, *arguments: str, code: int = 0) -> dict[tuple[str, str], Any]:
    found = orch.json("sources", "check", *arguments, code=code)
    return {(one["company"], one["what"]): one for one in found}


def test_accounts_that_work_are_said_to_work(orch):
    found = findings(orch)
    assert {one["level"] for one in found.values()} == {"ok"}
    assert "can be read" in found["acme", "jira: project"]["said"]
    assert "can be read and published to" in found["acme", "confluence: space"]["said"]
    assert ("the coordinator", "jira: project") in found
    assert "PAY can be read" in orch("sources", "check", "acme")


def test_one_company_is_checked_alone(orch):
    assert {company for company, _ in findings(orch, "acme")} == {"acme"}
    assert "there is no company" in orch("sources", "check", "nobody", code=1)


def test_a_missing_token_is_named_and_a_refused_one_says_why(orch, monkeypatch):
    monkeypatch.setenv("ACME_TOKEN", "expired")
    found = findings(orch, code=1)
    assert found["acme", "jira: account"]["level"] == "failure"
    assert "365 days" in found["acme", "jira: account"]["heals"]
    monkeypatch.delenv("ACME_TOKEN")
    assert "ACME_TOKEN is not set" in findings(orch, code=1)["acme", "jira: token"]["said"]


@pytest.mark.parametrize(
    ("days", "level"), [(90, "ok"), (10, "warning"), (0, "warning"), (-1, "failure")]
)
def test_a_token_near_its_end_is_warned_of(orch, days, level):
    end = datetime.now(UTC).date() + timedelta(days=days)
    orch.change(jira=JiraSettings(project="PAY", **orch.account(token_expires=end)))
    found = findings(orch, "acme", code=3 if level == "failure" else 0)
    assert found["acme", "jira: token"]["level"] == level
    assert isinstance(end, date)


def test_a_project_that_is_not_there_says_so_whether_missing_or_hidden(orch):
    orch.change(jira=JiraSettings(project="NONE", **orch.account()))
    missing = findings(orch, "acme", code=3)["acme", "jira: project"]["said"]
    orch.stand_in.add_project("HIDDEN", readers={"somebody@else.example"})
    orch.change(jira=JiraSettings(project="HIDDEN", **orch.account()))
    hidden = findings(orch, "acme", code=3)["acme", "jira: project"]["said"]
    assert missing.replace("NONE", "HIDDEN") == hidden
    assert "may not see it" in hidden


def test_a_permission_that_lacks_is_named(orch):
    orch.stand_in.add_project("PAY", readers={EMAIL}, writers=set())
    account = orch.account()
    orch.change(jira=JiraSettings(project="PAY", publish=("need",), **account))
    said = findings(orch, "acme", code=3)["acme", "jira: project"]["said"]
    assert "CREATE_ISSUES" in said


def test_a_space_nobody_may_write_to_is_said_when_it_is_to_be_written_to(orch):
    orch.stand_in.add_space("PAY", readers={EMAIL}, writers=set())
    assert (
        "may not make pages" in findings(orch, "acme", code=3)["acme", "confluence: space"]["said"]
    )
    orch.change(confluence=ConfluenceSettings(space="PAY", **orch.account()))
    assert findings(orch, "acme")["acme", "confluence: space"]["level"] == "ok"


def test_a_clock_that_is_wrong_is_warned_of(orch):
    orch.stand_in.rules.skew = timedelta(minutes=20)
    found = findings(orch)
    assert found["acme", "jira: clock"]["level"] == "warning"


def test_a_wrong_site_says_what_to_check(orch):
    orch.change(
        jira=JiraSettings(project="PAY", **orch.account(site="https://nowhere.invalid")),
        confluence=None,
    )
    found = findings(orch, "acme", code=1)["acme", "jira: account"]
    assert "nowhere.invalid" in found["said"]


def test_what_is_read_and_since_when_is_listed(orch):
    orch.stand_in.add_issue("PAY", summary="Words")
    (git, jira, confluence) = orch.json("sources", "list")
    assert (git["source"], jira["source"], confluence["source"]) == ("git", "jira", "confluence")
    assert (jira["rows"], jira["read_at"], jira["failures"]) == (0, None, 0)
    assert "never" in orch("sources", "list", "--company", "acme")


# -- orch sync ---------------------------------------------------------------------------------


def test_a_company_whose_repository_cannot_be_read_is_synced_in_part(orch):
    """Its repository is at a host that does not exist; its issues and pages are read."""
    orch.stand_in.add_issue("PAY", summary="Words", description="Enough words to be kept of it.")
    said = orch("sync", "acme", code=3)
    assert "in part" in said
    (row,) = [one for one in orch.json("sources", "list") if one["source"] == "jira"]
    assert row["rows"] == 1
    (result,) = orch.json("sync", "--all", code=1)
    assert result["outcome"] == "failed"  # nothing else is new


def test_a_census_takes_out_what_was_deleted(orch):
    key = orch.stand_in.add_issue("PAY", summary="Words")
    orch("sync", "acme", code=3)
    orch.stand_in.delete_issue(key)
    orch("sync", "acme", "--census", code=3)
    (row,) = [one for one in orch.json("sources", "list") if one["source"] == "jira"]
    assert row["rows"] == 0


# -- orch publish ------------------------------------------------------------------------------


def test_a_preview_shows_and_writes_nothing(orch):
    orch.documents(**{"guide.md": "# Guide\n\nRetry three times."})
    said = orch("publish", "preview")
    assert "+Retry three times." in said
    assert {one["action"] for one in orch.json("publish", "preview")} == {"make"}
    assert len(orch.stand_in.pages("PAY")) == 0
    assert orch.json("publish", "status") == []


def test_what_was_published_is_listed_with_its_address(orch):
    orch.documents(**{"guide.md": "# Guide\n\nRetry three times."})
    orch("publish", "retry")
    rows = orch.json("publish", "status")
    assert {row["condition"] for row in rows} == {"stands"}
    assert all(row["where"].startswith(orch.url) for row in rows)
    assert "everything stands as it should" in orch("publish", "preview")
    assert orch.json("publish", "status", "--service", "jira") == []


def test_a_preview_of_a_change_is_the_difference_to_what_stands_there(orch):
    orch.documents(**{"guide.md": "# Guide\n\nRetry three times.\n\nThen give up."})
    orch("publish", "retry")
    orch.documents(**{"guide.md": "# Guide\n\nRetry five times.\n\nThen give up."})
    (change,) = orch.json("publish", "preview", "--company", "acme")
    assert change["action"] == "change"
    lines = change["diff"].splitlines()
    assert "-Retry three times." in lines
    assert "+Retry five times." in lines
    assert "-Then give up." not in lines


def test_what_is_refused_is_shown_and_can_be_tried_again_at_once(orch):
    theirs = orch.stand_in.add_page("PAY", title="Guide", storage="<p>Theirs.</p>")
    orch.documents(**{"guide.md": "# Guide\n\nRetry three times."})
    orch("publish", "retry")
    (row,) = [one for one in orch.json("publish", "status") if "refused" in one["condition"]]
    assert row["due"] is not None
    orch.stand_in.edit_page(theirs, title="Another")
    orch("publish", "retry", row["key"])
    assert {one["condition"] for one in orch.json("publish", "status")} == {"stands"}


def test_a_key_nobody_knows_is_wrong_usage(orch):
    assert "nothing was published as" in orch("publish", "retry", "orch-nothing", code=2)


def test_a_place_that_cannot_be_written_to_is_said_and_the_exit_code_tells(orch, monkeypatch):
    orch.documents(**{"guide.md": "# Guide\n\nRetry three times."})
    monkeypatch.setenv("ACME_TOKEN", "expired")
    said = orch("publish", "retry", code=1)
    assert "the token in ACME_TOKEN was refused" in said


def test_somebody_elses_change_waits_for_an_approval_and_is_overwritten_after_it(orch):
    orch.documents(**{"guide.md": "# Guide\n\nRetry three times."})
    orch("publish", "retry")
    (page,) = [page for page in orch.stand_in.pages("PAY") if page.title == "Guide"]
    orch.stand_in.edit_page(page.id, storage="<p>People's words.</p>")
    orch.documents(**{"guide.md": "# Guide\n\nRetry five times."})
    orch("publish", "retry")
    (waiting,) = orch.json("approvals", "list")
    assert waiting["kind"] == "overwrite_edited"
    shown = orch("approvals", "show", str(waiting["number"]))
    assert page.id in shown
    assert "it is left alone" in shown
    orch("approve", str(waiting["number"]))
    orch("publish", "retry")
    (page,) = [page for page in orch.stand_in.pages("PAY") if page.title == "Guide"]
    assert "Retry five times" in str(page.versions[-1].body)
