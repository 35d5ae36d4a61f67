"""`orch demo`: what a newcomer sees first, again and again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orch_dagster.cli.main import run

COMPANIES = {"empresa-a", "empresa-b", "empresa-c"}


def demo(home: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert run(["--home", str(home), "demo", "--json", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_demo_finds_copies_and_answers_and_may_be_run_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    first = demo(home, capsys)
    assert set(first["companies"]) == COMPANIES
    assert {(pair["left"], pair["right"]) for pair in first["copies"]} == {
        ("empresa-a/services/auth", "empresa-b/auth-gateway"),
        ("empresa-a/libs/resilience", "empresa-b/platform/retry"),
        ("empresa-a/services/payments", "empresa-c/pagamentos"),
    }
    assert "Autenticação segura" in first["found"]["empresa-a"][0]
    assert all(counts["embedded"] > 30 for counts in first["companies"].values())

    again = demo(home, capsys)
    assert again["found"] == first["found"]
    assert all("embedded" not in counts for counts in again["companies"].values())

    pushed = demo(home, capsys, "--push")
    assert [counts["new_commits"] for counts in pushed["companies"].values()] == [1, 1, 1]


def test_a_person_sees_tables_and_what_to_do_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--home", str(tmp_path / "home"), "demo"]) == 0
    said = capsys.readouterr()
    assert "Components that are copies of one another" in said.out
    assert 'empresa-a, asked for "autenticação segura"' in said.out
    assert "make up" in said.err
