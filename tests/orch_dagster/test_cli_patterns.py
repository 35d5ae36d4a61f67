"""`orch patterns` as the operator types it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coordinator.settings import CompanySettings, EmbeddingSettings, GitSettings, Person
from orch_dagster.cli.main import run
from resources.embedding import SentenceEmbedder
from resources.home import Home

Answer = tuple[int, str, str]
SAID = "Each call to the courier is tried three times, with a longer wait each time, then given up."
TOLD = "Calls to a courier are tried three times with a longer wait each time, and then given up."


@pytest.fixture
def orch(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    embedder: SentenceEmbedder,
) -> Callable[..., Answer]:
    """empresa-a and empresa-b wrote the same by hand, empresa-c something else."""
    monkeypatch.setattr(Home, "embedder", embedder)
    with Home.init(tmp_path / "home", embedding=EmbeddingSettings()) as home:
        for name, owner in (("empresa-a", "Ana"), ("empresa-b", "Bia"), ("empresa-c", "Caio")):
            git = GitSettings(url="https://example.org/x.git")
            home.companies.create(CompanySettings(name=name, git=git, owners=(Person(name=owner),)))
            words = f"Dashboards of {name} are built by Grafana out of Prometheus."
            home.by_hand.add_learning(name, words, category="insight")
        home.by_hand.add_learning("empresa-a", SAID, category="solution", title="Courier retries")
        home.by_hand.add_learning("empresa-b", TOLD, category="solution", title="Try it thrice")

    def call(*arguments: str, by: str = "Ana") -> Answer:
        capsys.readouterr()
        code = run(["--home", str(tmp_path / "home"), "--as", by, *arguments])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err

    return call


def parsed(answer: Answer) -> Any:
    assert answer[0] == 0, answer
    return json.loads(answer[1])


def titled(found: list[dict[str, Any]], title: str) -> dict[str, Any]:
    return next(one for one in found if title in [each["title"] for each in one["evidence"]])


def test_nothing_is_listed_before_anybody_looked(orch: Callable[..., Answer]) -> None:
    code, said, beside = orch("patterns", "list")
    assert (code, said) == (0, "")
    assert "orch patterns refresh" in beside


def test_a_look_tells_what_it_found_and_a_second_one_that_nothing_is_new(
    orch: Callable[..., Answer],
) -> None:
    first = parsed(orch("patterns", "refresh", "--json"))
    assert first["recorded"]["pattern_found"] == first["patterns"] >= 1
    assert first["compared"] == first["learnings"] == 5
    second = parsed(orch("patterns", "refresh", "--json"))
    assert (second["recorded"], second["compared"], second["asked"]) == ({}, 0, [])
    code, said, _ = orch("patterns", "refresh")
    assert (code, "nothing new" in said) == (0, True)


def test_a_pattern_is_listed_shown_and_explained(orch: Callable[..., Answer]) -> None:
    orch("patterns", "refresh")
    listed = titled(parsed(orch("patterns", "list", "--json")), "Courier retries")
    assert listed["companies"] == ["empresa-a", "empresa-b"]
    shown = parsed(orch("patterns", "show", listed["id"], "--json"))
    assert shown == listed
    code, said, _ = orch("patterns", "show", listed["id"])
    for part in ("Courier retries", "Try it thrice", "cohesion", "67% of the companies"):
        assert part in said
    why = parsed(orch("patterns", "explain", listed["id"], "--json"))
    assert why["score"]["cohesion"]["value"] == listed["cohesion"]
    assert [one["by"] for one in why["edges"]] == ["text"]
    assert why["edges"][0]["likeness"] >= why["threshold"]["least"]
    assert [one["what"] for one in why["history"]] == ["found", "announced"]
    code, said, _ = orch("patterns", "explain", listed["id"])
    assert (code, "unrelated texts" in said) == (0, True)


def test_a_list_of_one_company_leaves_out_what_it_has_no_part_of(
    orch: Callable[..., Answer],
) -> None:
    orch("patterns", "refresh")
    of_c = parsed(orch("patterns", "list", "--company", "empresa-c", "--json"))
    assert all("empresa-c" in one["companies"] for one in of_c)
    assert orch("patterns", "list", "--company", "nobody")[0] == 1


def test_the_rest_of_a_pattern_is_asked_for_by_a_person(orch: Callable[..., Answer]) -> None:
    orch("patterns", "refresh")
    listed = titled(parsed(orch("patterns", "list", "--json")), "Courier retries")
    waiting = parsed(orch("approvals", "list", "--company", "empresa-b", "--json"))
    (number,) = [one["number"] for one in waiting if one["subject"] == listed["id"]]
    assert orch("reject", str(number), "--reason", "not now", by="Bia")[0] == 0
    asked = parsed(orch("patterns", "ask", listed["id"], "--company", "empresa-b", "--json"))
    assert asked == {"proposal": asked["proposal"], "status": "waiting"}
    assert asked["proposal"] != number
    code, said, beside = orch("patterns", "ask", listed["id"], "--company", "empresa-b")
    assert f"proposal {asked['proposal']} asks empresa-b" in said
    code, _, beside = orch("patterns", "ask", listed["id"], "--company", "empresa-c")
    assert (code, "has no part of" in beside) == (2, True)


def test_an_id_nobody_knows_is_wrong_usage(orch: Callable[..., Answer]) -> None:
    for verb in ("show", "explain"):
        code, said, beside = orch("patterns", verb, "p-000000000000")
        assert (code, said) == (2, "")
        assert "orch patterns list" in beside


def test_a_company_that_cannot_be_read_is_named_and_freezes_its_patterns(
    orch: Callable[..., Answer], tmp_path: Path
) -> None:
    orch("patterns", "refresh")
    before = parsed(orch("patterns", "list", "--json"))
    table = tmp_path / "home" / "instances" / "empresa-b" / "tables" / "private_memory.lance"
    shutil.rmtree(table / "data")
    code, said, _ = orch("patterns", "refresh", "--json")
    assert code == 3
    assert json.loads(said)["problems"].keys() == {"empresa-b"}
    with Home.open(tmp_path / "home") as home:
        assert {one.id for one in home.patterns.standing()} == {one["id"] for one in before}
