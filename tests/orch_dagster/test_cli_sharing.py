"""`orch memory share`, `retract` and `search`, as people of two companies type them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coordinator.settings import CompanySettings, EmbeddingSettings, GitSettings, Person
from orch_dagster.cli.main import run
from resources.embedding import SentenceEmbedder
from resources.home import Home

Answer = tuple[int, str, str]
WORDS = "Ana Souza: rotate the zanzibarquokka signing key at http://vault/keys each week."


@pytest.fixture
def orch(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    embedder: SentenceEmbedder,
) -> Callable[..., Answer]:
    monkeypatch.setattr(Home, "embedder", embedder)
    with Home.init(tmp_path / "home", embedding=EmbeddingSettings()) as home:
        for name, owner in (("empresa-a", "Ana Souza"), ("empresa-b", "Bia Lima")):
            settings = CompanySettings(
                name=name,
                git=GitSettings(url="https://example.org/x.git"),
                owners=(Person(name=owner),),
            )
            home.companies.create(settings)

    def call(*arguments: str, by: str = "Ana Souza") -> Answer:
        capsys.readouterr()
        code = run(["--home", str(tmp_path / "home"), "--as", by, *arguments])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err

    return call


def parsed(answer: Answer) -> Any:
    assert answer[0] == 0, answer
    return json.loads(answer[1])


@pytest.fixture
def learning(orch: Callable[..., Answer]) -> str:
    given = ("--company", "empresa-a", "--category", "solution", "--json")
    return str(parsed(orch("memory", "add", WORDS, *given))["id"])


def found_by(orch: Callable[..., Answer], company: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = parsed(
        orch("memory", "search", "zanzibarquokka signing key", "--company", company, "--json")
    )
    return found


def test_the_way_of_a_learning_out_of_a_company_and_back(
    orch: Callable[..., Answer], learning: str
):
    assert [hit["id"] for hit in found_by(orch, "empresa-a")] == [learning]
    assert found_by(orch, "empresa-b") == []

    made = parsed(orch("memory", "share", learning, "--reason", "others ask", "--json"))
    assert made["company"] == "empresa-a"
    assert made["masked"] == {"host": 2, "name": 2}
    assert json.loads(made["text"])["content"] == (
        "[name]: rotate the zanzibarquokka signing key at http://[host]/keys each week."
    )
    assert found_by(orch, "empresa-b") == []

    number = str(made["proposal"])
    assert orch("approve", number, by="Bia Lima")[0] == 1
    code, said, _ = orch("approve", number)
    assert (code, "carried out" in said) == (0, True)
    (hit,) = found_by(orch, "empresa-b")
    assert (hit["origin"], hit["company"]) == ("global", "empresa-a")
    assert [hit["origin"] for hit in found_by(orch, "empresa-a")] == ["private"]
    _, shown, _ = orch("memory", "search", "signing key", "--company", "empresa-b")
    assert "shared by empresa-a" in shown

    (copy,) = parsed(orch("memory", "shared", "--json"))
    assert (copy["id"], copy["seen_by"]) == (hit["id"], ["empresa-b"])
    assert orch("memory", "retract", hit["id"], "--reason", "x", by="Bia Lima")[0] == 1
    _, said, _ = orch("memory", "retract", hit["id"], "--reason", "x", "--dry-run")
    assert said == f"would retract {hit['id']}; seen by: empresa-b\n"
    gone = parsed(orch("memory", "retract", hit["id"], "--reason", "x", "--json"))
    assert gone == {"retracted": True, "id": hit["id"], "seen_by": ["empresa-b"], "published": []}
    assert found_by(orch, "empresa-b") == []
    assert [hit["id"] for hit in found_by(orch, "empresa-a")] == [learning]


def test_a_dry_run_shows_the_text_and_proposes_nothing(orch: Callable[..., Answer], learning: str):
    _, said, _ = orch("memory", "share", learning, "--dry-run")
    assert "[name]: rotate" in said
    assert parsed(orch("approvals", "list", "--json")) == []


def test_sharing_for_people_shows_text_masks_and_who_is_asked(
    orch: Callable[..., Answer], learning: str
):
    code, said, beside = orch("memory", "share", learning)
    assert code == 0
    assert "[name]: rotate" in said
    assert "proposal 1: waiting, waits for empresa-a (publication)" in said
    assert "masked: 2 host, 2 name" in beside
    assert "orch approve 1" in beside


def test_a_standing_grant_shares_at_once(orch: Callable[..., Answer], learning: str):
    kind = ("--kind", "publish_learning", "--company", "empresa-a", "--role", "publication")
    code, _, err = orch("approvals", "grant", *kind, "--until", "2999-01-01")
    assert code == 0, err
    _, said, _ = orch("memory", "share", learning)
    assert "proposal 1: done, shared as g-" in said
    assert [hit["origin"] for hit in found_by(orch, "empresa-b")] == ["global"]


def test_a_secret_is_refused_with_what_to_do(orch: Callable[..., Answer]):
    """Written by hand it would be refused before: here a newer rule finds it only now."""
    given = ("--company", "empresa-a", "--category", "solution")
    code, _, err = orch("memory", "add", "the key is AKIA" + "QZX7NVB2LKD9WPE4", *given)
    assert code in (1, 2)
    assert "QZX7" not in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("search", "x"),
        ("search", "x", "--company", "empresa-a", "--operator"),
        ("share", "0" * 32),
        ("retract", "g-0123456789abcdef"),
    ],
)
def test_a_wrong_call_is_exit_code_2(orch: Callable[..., Answer], arguments: tuple[str, ...]):
    assert orch("memory", *arguments)[0] == 2


def test_what_does_not_exist_is_said_so(orch: Callable[..., Answer]):
    code, _, err = orch("memory", "retract", "g-0123456789abcdef", "--reason", "x")
    assert code == 2
    assert "orch memory shared" in err
    assert orch("memory", "search", "x", "--company", "empresa-x")[0] == 1


def test_words_two_companies_have_need_a_company_named(orch: Callable[..., Answer], learning: str):
    orch("memory", "add", WORDS, "--company", "empresa-b", "--category", "solution")
    code, _, err = orch("memory", "share", learning)
    assert (code, "--company" in err) == (2, True)
    assert orch("memory", "share", learning, "--company", "empresa-b")[0] == 0


def test_the_operator_sees_all_and_is_recorded_nowhere(orch: Callable[..., Answer], learning: str):
    found = parsed(orch("memory", "search", "signing key", "--operator", "--json"))
    assert [(hit["id"], hit["company"]) for hit in found] == [(learning, "empresa-a")]
    _, said, _ = orch("memory", "search", "signing key", "--operator")
    assert "empresa-a" in said


def test_injected_words_do_nothing_to_a_terminal(orch: Callable[..., Answer]):
    added = ("Evil \x1b[31mred", "--company", "empresa-a", "--category", "insight", "--json")
    code, said, _ = orch("memory", "add", *added)
    if code == 0:
        _, text, _ = orch("memory", "share", json.loads(said)["id"])
        assert "\x1b" not in text
