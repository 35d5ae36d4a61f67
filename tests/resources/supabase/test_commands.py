"""What people see of Supabase when they type `orch`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from orch_dagster.cli.main import run

WORDS = "Rotate the kryptonplatypus token hourly, because the acquirer forgets sessions."
OTHERS = "Close the sessions in a finally block: the pool ran dry under load each evening."


@pytest.fixture
def orch(bureau: Any, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def typed(*arguments: str, code: int = 0) -> str:
        found = run(["--home", str(bureau.home.path), "--as", "Ana", *arguments])
        said = capsys.readouterr()
        assert found == code, said.out + said.err
        assert os.environ["ACME_KEY"] not in said.out + said.err
        return said.out + said.err if "--json" not in arguments else said.out

    return typed


def test_sources_are_checked_and_listed(bureau, orch):
    bureau.project.remember("acme", "m1", OTHERS)
    bureau.read()
    assert orch("sources", "check").count("is as the migrations make it") == 2
    [row] = [
        one for one in json.loads(orch("sources", "list", "--json")) if one["source"] == "supabase"
    ]
    assert (row["rows"], row["place"]) == (1, bureau.place().address)
    bureau.project.sql("DROP TABLE orchestrator_memories")
    assert "run the migrations in" in orch("sources", "check", "acme", code=3)


def test_a_push_is_previewed_done_and_told(bureau, orch):
    copy = bureau.share()
    assert "nothing was published yet" in orch("publish", "status")
    previewed = json.loads(orch("publish", "preview", "--json"))
    assert [(one["action"], one["company"], one["object"]) for one in previewed] == [
        ("write", "", "rows: 1"),
        ("write", "acme", "rows: 1"),
    ]
    assert bureau.stands("orchestrator_global_memory") == {}
    done = json.loads(orch("publish", "retry", "--service", "supabase", "--json"))
    assert [(one["company"], one["counts"]["write"]) for one in done] == [("", 1), ("acme", 1)]
    assert bureau.stands("orchestrator_global_memory") == {copy: WORDS}
    told = json.loads(orch("publish", "status", "--company", "acme", "--json"))
    assert [(one["object"], one["condition"]) for one in told] == [("rows: 1", "as it was pushed")]
    assert "everything stands as it should" in orch("publish", "preview")
    retract = ("memory", "retract", copy, "--reason", "over")
    assert bureau.place("").address in orch(*retract, "--dry-run")


def test_a_project_that_refuses_says_what_to_do(bureau, orch):
    bureau.learn(WORDS)
    bureau.project.sql("REVOKE ALL ON orchestrator_memories FROM service_role")
    said = orch("publish", "retry", "--company", "acme", code=1)
    assert "may not do that" in said
    assert "→" in said
    assert "refused (SourceUnauthorized)" in " ".join(orch("publish", "status").split())
    assert "may not do that" in orch("publish", "preview", "--company", "acme", code=1)
