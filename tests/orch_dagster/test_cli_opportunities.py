"""`orch opportunities` as the operator, and as each of two companies, types it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coordinator.ledger.events import OPPORTUNITIES as STREAM
from coordinator.settings import CompanySettings, EmbeddingSettings, GitSettings, Person, dump
from coordinator.settings.detection import InsightSettings
from orch_dagster.cli.main import run
from resources.embedding import SentenceEmbedder
from resources.home import Home
from resources.publishing.alone import alone

Answer = tuple[int, str, str]
NEED = "The night batch loses parcels of flamingotundra when the courier answers late."
SOLVED = (
    "The night batch loses no parcels any more, says zanzibarquokka: when the courier answers late "
    "each parcel is asked for again."
)
TITLES = "The night batch loses parcels", "The night batch loses no parcels"


@pytest.fixture
def orch(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    embedder: SentenceEmbedder,
) -> Callable[..., Answer]:
    """empresa-b needs what empresa-a wrote by hand; nobody looked yet."""
    monkeypatch.setattr(Home, "embedder", embedder)
    with Home.init(tmp_path / "home", embedding=EmbeddingSettings()) as home:
        for name, owner in (("empresa-a", "Ana"), ("empresa-b", "Bia")):
            git = GitSettings(url="https://example.org/x.git")
            home.companies.create(CompanySettings(name=name, git=git, owners=(Person(name=owner),)))
        home.by_hand.add_learning("empresa-a", SOLVED, category="solution", title=TITLES[1])
        home.by_hand.add_learning("empresa-b", NEED, category="need", title=TITLES[0])
        for name in ("empresa-a", "empresa-b"):
            words = f"Dashboards of {name} are built by Grafana out of Prometheus."
            home.by_hand.add_learning(name, words, category="insight")
        quiet = home.settings.detection.model_copy(update={"insights": InsightSettings(ask=False)})
        text = dump(home.settings.model_copy(update={"detection": quiet}))
        (home.path / "orch.yaml").write_text(text, encoding="utf-8")

    def call(*arguments: str, by: str = "Ana") -> Answer:
        capsys.readouterr()
        code = run(["--home", str(tmp_path / "home"), "--as", by, *arguments])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err

    return call


@pytest.fixture
def looked(orch: Callable[..., Answer]) -> Callable[..., Answer]:
    """The same after a look: the owner is asked in proposal 1."""
    assert parsed(orch("patterns", "refresh", "--json"))["asked"] == [1]
    return orch


def parsed(answer: Answer) -> Any:
    assert answer[0] == 0, answer
    return json.loads(answer[1])


def test_the_operator_sees_both_sides_the_score_and_what_to_do(
    looked: Callable[..., Answer],
) -> None:
    (one,) = parsed(looked("opportunities", "list", "--json"))
    assert (one["owner"], one["adopter"], one["standing"]) == ("empresa-a", "empresa-b", "asked")
    assert (one["need_told"]["title"], one["solution_told"]["title"]) == TITLES
    assert one["next"] == "orch approvals show 1"
    code, said, _ = looked("opportunities", "list")
    assert (code, TITLES[0][:12] in said) == (0, True)

    shown = parsed(looked("opportunities", "show", one["id"], "--json"))
    assert shown == one
    code, said, _ = looked("opportunities", "show", one["id"])
    assert code == 0
    for part in ("flamingotundra", "zanzibarquokka", "from manual:", "similarity", "their texts"):
        assert part in said
    assert f"score {one['score']:.2f}, people are asked from {one['bar']:.2f} on" in said
    assert "next: orch approvals show 1" in said
    assert looked("approvals", "show", "1")[0] == 0


@pytest.mark.parametrize(
    ("company", "role", "mine", "theirs", "step"),
    [
        (
            "empresa-a",
            "owner",
            TITLES[1],
            "flamingotundra",
            "orch approvals list --company empresa-a",
        ),
        ("empresa-b", "adopter", TITLES[0], "zanzibarquokka", ""),
    ],
)
def test_a_company_sees_its_own_title_and_nothing_the_other_wrote(
    looked: Callable[..., Answer], company: str, role: str, mine: str, theirs: str, step: str
) -> None:
    _, text, beside = looked("opportunities", "list", "--company", company)
    (one,) = parsed(looked("opportunities", "list", "--company", company, "--json"))
    assert (one["role"], one["own"], one["next"]) == (role, mine, step)
    assert {*one} == {
        *("id", "kind", "role", "own", "evidence", "other", "reasons", "standing", "copy", "next")
    }
    other = TITLES[0] if mine == TITLES[1] else TITLES[1]
    said = f"{text} {beside} {json.dumps(one)}"
    assert theirs not in said
    assert f'"{other}"' not in said


def test_from_the_question_to_the_shared_copy(looked: Callable[..., Answer]) -> None:
    assert looked("approve", "1")[0] == 0
    (one,) = parsed(looked("opportunities", "list", "--company", "empresa-b", "--json"))
    assert (one["standing"], one["copy"][:2]) == ("shared", "g-")
    assert one["next"] == f"orch memory search '{TITLES[0]}' --company empresa-b"
    _, said, _ = looked("memory", "search", one["own"], "--company", "empresa-b")
    assert "zanzibarquokka" in said
    code, _, err = looked("opportunities", "propose", one["id"])
    assert (code, one["copy"] in err) == (2, True)


def test_a_rejected_one_is_listed_for_the_operator_alone_and_may_be_asked_again(
    looked: Callable[..., Answer],
) -> None:
    (one,) = parsed(looked("opportunities", "list", "--json"))
    assert looked("reject", "1", "--reason", "not for others")[0] == 0
    looked("patterns", "refresh")
    code, said, err = looked("opportunities", "list")
    assert (code, said, "--all" in err) == (0, "", True)
    for company in ("empresa-a", "empresa-b"):
        assert parsed(looked("opportunities", "list", "--company", company, "--json")) == []
    assert "nothing fits" in looked("opportunities", "list", "--company", "empresa-a")[2]
    (left,) = parsed(looked("opportunities", "list", "--all", "--json"))
    assert (left["standing"], left["next"]) == ("rejected", "")
    code, said, beside = looked("opportunities", "propose", one["id"])
    assert (code, said) == (0, "proposal 2 asks empresa-a: waiting\n")
    assert "orch approvals show 2" in beside
    again = parsed(looked("opportunities", "propose", one["id"], "--json"))
    assert again == {"proposal": 2, "kind": "publish_learning", "status": "waiting"}


def test_a_dismissed_one_is_asked_about_no_more(looked: Callable[..., Answer]) -> None:
    (one,) = parsed(looked("opportunities", "list", "--json"))
    code, said, _ = looked("opportunities", "dismiss", one["id"], "--reason", "another line")
    assert (code, said) == (0, f"dismissed {one['id']}\n")
    assert parsed(looked("approvals", "list", "--json")) == []
    assert parsed(looked("patterns", "refresh", "--json"))["asked"] == []
    dismissed = parsed(looked("opportunities", "dismiss", one["id"], "--reason", "x", "--json"))
    assert dismissed == {"dismissed": one["id"]}


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "--company", "empresa-a", "--all"),
        ("list", "--limit", "0"),
        ("show", "o-ffffffffffff"),
        ("propose", "../x"),
        ("dismiss", "o-ffffffffffff", "--reason", "x"),
        ("dismiss", "o-ffffffffffff"),
    ],
)
def test_a_wrong_call_is_exit_code_2(
    looked: Callable[..., Answer], arguments: tuple[str, ...]
) -> None:
    code, said, err = looked("opportunities", *arguments)
    assert (code, said) == (2, "")
    assert "../x" not in err.replace("Usage", "")


def test_a_company_that_is_not_there_is_an_error(looked: Callable[..., Answer]) -> None:
    assert looked("opportunities", "list", "--company", "nobody")[0] == 1


def test_before_the_first_look_there_is_nothing(orch: Callable[..., Answer]) -> None:
    assert parsed(orch("opportunities", "list", "--json")) == []
    assert "orch patterns refresh" in orch("opportunities", "list")[2]


def test_while_another_process_looks_it_is_said(
    looked: Callable[..., Answer], tmp_path: Path
) -> None:
    with alone(tmp_path / "home" / "global", STREAM, "all companies"):
        code, _, err = looked("patterns", "refresh")
    assert code == 1
    assert "opportunities of all companies" in err
    assert "wait for it to end" in err


def test_stored_words_do_not_drive_a_terminal(orch: Callable[..., Answer]) -> None:
    with_escape = (NEED.replace("flamingotundra", "red \x1b[31m"), "The night batch loses parcels")
    add = ("--company", "empresa-b", "--category", "need", "--title", with_escape[1])
    orch("memory", "add", with_escape[0], *add)
    orch("patterns", "refresh")
    for arguments in (("list",), ("list", "--company", "empresa-b"), ("list", "--all")):
        assert "\x1b" not in orch("opportunities", *arguments)[1]
    for one in parsed(orch("opportunities", "list", "--all", "--json")):
        assert "\x1b" not in orch("opportunities", "show", one["id"])[1]
