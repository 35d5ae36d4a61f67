"""`orch demo`: what a newcomer sees first, again and again."""

from __future__ import annotations

import json
import shutil
import socket
from collections import Counter
from contextlib import closing, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from orch_dagster.cli.main import run
from orch_dagster.samples.company_sites import open_site
from resources.home import Home

COMPANIES = {"empresa-a", "empresa-b", "empresa-c"}


def demo(home: Path, *arguments: str) -> dict[str, Any]:
    with redirect_stdout(StringIO()) as said:
        assert run(["--home", str(home), "demo", "--json", *arguments]) == 0
    return json.loads(said.getvalue())


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A home after its first demo, and what that said."""
    home = tmp_path_factory.mktemp("demo") / "home"
    return home, demo(home)


@pytest.fixture
def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_demo_finds_copies_and_answers_and_may_be_run_again(
    shown: tuple[Path, dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    home, first = shown
    assert set(first["companies"]) == COMPANIES
    assert {(pair["left"], pair["right"]) for pair in first["copies"]} == {
        ("empresa-a/services/auth", "empresa-b/auth-gateway"),
        ("empresa-a/libs/resilience", "empresa-b/platform/retry"),
        ("empresa-a/services/payments", "empresa-c/pagamentos"),
    }
    assert "Autenticação segura" in first["found"]["empresa-a"][0]
    assert all(counts["embedded"] > 30 for counts in first["companies"].values())

    again = demo(home)
    assert again["found"] == first["found"]
    assert all("embedded" not in counts for counts in again["companies"].values())

    assert first["waits"] == again["waits"] == 1  # nobody has answered
    assert first["patterns"] == again["patterns"]
    assert len(first["patterns"]) > 5

    pushed = demo(home, "--push")
    assert [counts["new_commits"] for counts in pushed["companies"].values()] == [1, 1, 1]

    assert run(["--home", str(home), "demo"]) == 0  # a person sees tables and what to do next
    said = capsys.readouterr()
    assert "Components that are copies of one another" in said.out
    assert 'empresa-a, asked for "autenticação segura"' in said.out
    assert "make up" in said.err


def test_with_a_site_issues_and_pages_are_read_and_published_once(
    shown: tuple[Path, dict[str, Any]], tmp_path: Path, free_port: int
) -> None:
    home, port = tmp_path / "home", ("--port", str(free_port))
    shutil.copytree(shown[0], home)  # as it is left by a demo without a site
    with Home.open(home) as opened:
        mine = opened.memory("empresa-a").search("tempestade de retentativas", limit=1)[0].id
        number = opened.global_memory.propose("empresa-a", mine, reason="mine to answer").number
    first = demo(home, "--with-atlassian", *port)
    assert {
        name: (one["jira_issues"], one["confluence_pages"])
        for name, one in first["companies"].items()
    } == {
        "empresa-a": (4, 3),
        "empresa-b": (4, 2),
        "empresa-c": (3, 2),
    }
    places = Counter(one["place"] for one in first["published"])
    # a learning and a pattern; of pages also the two that list them
    assert (places["jira ORCH"], places["confluence ORCH"]) == (2, 4)
    assert min(places["confluence PAG"], places["confluence LOG"], places["confluence LOJ"]) > 5

    again = demo(home, *port)  # the site is there again, as it was left
    assert again["published"] == first["published"]
    site = open_site(home / "samples" / "atlassian.json")
    assert again["waits"] is None
    with Home.open(home) as opened:
        assert opened.approvals.proposal(number).status == "waiting"
    issues, pages = site.issues("ORCH"), site.pages("ORCH", status="current")
    best = first["patterns"][0]["title"]
    assert [one.summary for one in issues][1:] == [f"Pattern: {best}"]
    assert len(pages) == 4
    (page,) = [one for one in pages if one.title == f"Pattern: {best}"]
    for company in ("empresa-a", "empresa-b"):
        assert f"'text': '{company}'" in str(page.body)
    assert len(page.versions) == 1
    assert site.unexpected == []


def test_a_port_in_use_says_to_choose_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        where = ("--home", str(tmp_path / "home"))
        assert run([*where, "demo", "--with-atlassian", "--port", port]) == 2
    assert "choose one with --port" in capsys.readouterr().err
