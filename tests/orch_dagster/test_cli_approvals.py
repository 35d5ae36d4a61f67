"""`orch approvals`, `orch approve` and `orch reject` as somebody types them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from coordinator.approvals import Proposal
from coordinator.errors import OrchError
from coordinator.ledger.chain import canonical_json
from coordinator.settings import CompanySettings, EmbeddingSettings
from orch_dagster.cli.main import run
from resources.approvals.owners import Owners
from resources.home import Home

Answer = tuple[int, str, str]
Orch = Callable[..., Answer]
TEXT = canonical_json({"title": "Kiwi platypus", "content": "First line.\nSecond \x1b[31mline."})
BOTH = [("empresa-a", "export"), ("empresa-b", "import")]


class Shop:
    """Carries out exports unless it cannot."""

    def __init__(self) -> None:
        self.problem: OrchError | None = None
        self.texts: dict[str, str] = {}

    def current_text(self, proposal: Proposal) -> str | None:
        return self.texts[proposal.subject]

    def closed(self, proposal: Proposal) -> None: ...

    def carry_out(self, proposal: Proposal) -> str:
        if self.problem is not None:
            raise self.problem
        return f"shared {proposal.subject}"


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    made = Shop()
    found = {"share_export": made}
    monkeypatch.setattr(Owners, "get", lambda _, kind: found.get(kind))
    return made


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home.init(tmp_path / "home", embedding=EmbeddingSettings()) as made:
        for name, owners in (("empresa-a", ["Ana"]), ("empresa-b", ["Bia", "Ana"])):
            people = [{"name": one} for one in owners]
            git = {"url": "https://example.org/x.git"}
            given = {"name": name, "git": git, "owners": people}
            made.companies.create(CompanySettings.model_validate(given))
        yield made


@pytest.fixture
def ask(home: Home, shop: Shop) -> Callable[..., Proposal]:
    def propose(subject: str, text: str = TEXT, **given: Any) -> Proposal:
        shop.texts[subject] = text
        usual = {"kind": "share_export", "company": "empresa-a", "asks": [("empresa-a", "export")]}
        return home.approvals.propose(subject=subject, text=text, **(usual | given))

    return propose


@pytest.fixture
def orch(home: Home, capsys: pytest.CaptureFixture[str]) -> Orch:
    def call(*arguments: str, by: str = "Ana") -> Answer:
        capsys.readouterr()
        code = run(["--home", str(home.path), "--as", by, *arguments])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err

    return call


def parsed(answer: Answer, code: int = 0) -> Any:
    assert answer[0] == code, answer
    return json.loads(answer[1])


def statuses(home: Home) -> list[str]:
    return [one.status for one in home.approvals.inbox().proposals]


# -- looking -----------------------------------------------------------------------------------


def test_nothing_waits_at_first(orch):
    code, out, err = orch("approvals", "list")
    assert (code, out) == (0, "")
    assert "nothing waits" in err
    assert parsed(orch("approvals", "list", "--json")) == []


def test_what_waits_is_listed_by_company_and_kind_with_its_evidence(orch, ask):
    ask("cart", facts={"commits": 3, "masked": {"name": 2}}, asks=BOTH)
    ask("other", kind="sync", company="empresa-b", asks=[("empresa-b", "import")])
    _, out, _ = orch("approvals", "list")
    for words in (
        *("empresa-a: share_export", "empresa-b: sync", "Kiwi platypus"),
        *("commits 3, masked (name 2)", "empresa-a (export), empresa-b (import)"),
    ):
        assert words in out
    assert [one["number"] for one in parsed(orch("approvals", "list", "--json"))] == [1, 2]
    only = parsed(orch("approvals", "list", "--kind", "sync", "--json"))
    assert [one["subject"] for one in only] == ["other"]
    asked = parsed(orch("approvals", "list", "--company", "empresa-a", "--json"))
    assert [one["number"] for one in asked] == [1]


def test_a_list_for_a_company_that_is_only_asked_holds_no_words_of_the_owner(orch, ask):
    ask("cart", asks=BOTH)
    assert "Kiwi" in orch("approvals", "list", "--company", "empresa-a")[1]
    _, out, _ = orch("approvals", "list", "--company", "empresa-b")
    assert "cart" in out
    assert "Kiwi" not in out


def test_a_list_as_json_holds_no_words_of_anybody(orch, ask):
    ask("cart")
    assert "Kiwi" not in orch("approvals", "list", "--all", "--json")[1]


def test_what_was_decided_is_listed_when_asked_for(orch, ask):
    ask("cart")
    orch("reject", "1", "--reason", "no")
    assert parsed(orch("approvals", "list", "--json")) == []
    (one,) = parsed(orch("approvals", "list", "--all", "--json"))
    assert (one["status"], one["reason"]) == ("rejected", "no")


def test_show_prints_exactly_the_text_its_hash_and_who_said_what(orch, ask):
    made = ask("cart", asks=BOTH)
    orch("approve", "1", by="Bia")
    _, out, _ = orch("approvals", "show", "1")
    for words in (
        *(made.content, "title: Kiwi platypus", "    First line.", "    Second \\x1b[31mline."),
        *("empresa-b (import) by Bia", "waits for  empresa-a (export)"),
    ):
        assert words in out
    assert "\x1b" not in out
    shown = parsed(orch("approvals", "show", "1", "--json"))
    assert shown["text"] == TEXT
    assert shown["decisions"][0]["by"] == "Bia"


def test_a_text_that_would_be_shown_as_less_than_it_is_is_shown_raw(orch, ask):
    twice = '{"title":"harmless","title":"wobblefish"}'
    ask("cart", text=twice)
    assert twice in orch("approvals", "show", "1")[1]


def test_the_text_of_a_purged_proposal_is_said_to_be_gone(home, orch, ask):
    from coordinator.ledger.events import APPROVALS, NewEvent

    made = ask("cart")
    purge = NewEvent("texts_purged", {"texts": [made.content]}, company="empresa-a")
    home.ledger.append(APPROVALS, [purge], expected_version=None)
    code, out, _ = orch("approvals", "show", "1")
    assert code == 0
    assert "was purged" in out
    assert parsed(orch("approvals", "show", "1", "--json"))["text"] is None
    assert orch("approvals", "list")[0] == 0


# -- answering ---------------------------------------------------------------------------------


def test_several_are_approved_by_one_command_and_carried_out(home, orch, ask):
    for subject in ("one", "two", "three"):
        ask(subject)
    code, out, _ = orch("approve", "1", "3")
    assert code == 0
    assert "1: approved: share_export one of empresa-a" in out
    assert "3: carried out: shared three" in out
    assert statuses(home) == ["done", "waiting", "done"]
    events = home.ledger.read(event_type="proposal_decided")
    assert [event.actor for event in events] == ["Ana", "Ana"]


def test_what_still_waits_for_another_company_is_said(home, orch, ask):
    ask("cart", asks=BOTH)
    assert "waits for empresa-b (import)" in orch("approve", "1")[1]
    assert statuses(home) == ["waiting"]
    code, _, err = orch("approve", "1")
    assert code == 1
    assert "nobody answers alone" in err


def test_one_that_is_refused_does_not_stop_the_others(home, orch, ask):
    ask("one")
    ask("two", company="empresa-b", asks=[("empresa-b", "import")])
    code, out, err = orch("approve", "1", "2", "9", by="Bia")
    assert code == 3
    assert "2: approved" in out
    assert "'Bia' may not answer for empresa-a" in err
    assert "there is no proposal 9" in err
    found = parsed(orch("approve", "1", "9", "--json", by="Bia"), code=1)
    assert [one["problem"] != "" for one in found["decided"]] == [True, True]


def test_all_means_all_that_waits_for_whoever_asks(home, orch, ask):
    ask("one", asks=BOTH)
    ask("two")
    ask("three", kind="sync")
    ask("four", company="empresa-b", asks=[("empresa-b", "import")])
    code, _, err = orch("approve", "--all", by="Bia")
    assert code == 0
    assert "2 more wait for somebody else" in err
    assert statuses(home) == ["waiting", "waiting", "waiting", "done"]
    assert orch("approve", "--all", "--kind", "sync")[0] == 0
    assert statuses(home) == ["waiting", "waiting", "approved", "done"]
    assert orch("approve", "--all", "--company", "empresa-a")[0] == 0
    assert statuses(home) == ["done", "done", "approved", "done"]
    code, _, err = orch("approve", "--all")
    assert (code, "nothing waits for you" in err) == (0, True)


def test_a_dry_run_approves_nothing(home, orch, ask):
    ask("cart")
    code, out, _ = orch("approve", "1", "--dry-run")
    assert (code, "1: would approve" in out) == (0, True)
    assert orch("approve", "1", "--dry-run", by="Eve")[0] == 1
    assert "would reject" in orch("reject", "1", "--reason", "no", "--dry-run")[1]
    assert statuses(home) == ["waiting"]


def test_an_approval_of_what_changed_is_refused(home, orch, ask, shop):
    made = ask("cart")
    assert orch("approve", "1", "--seen", "f" * 8)[0] == 1
    assert statuses(home) == ["waiting"]
    shop.texts["cart"] = "other words"
    code, _, err = orch("approve", "1", "--seen", made.content)
    assert code == 1
    assert "its content changed" in err
    assert statuses(home) == ["void"]


def test_what_could_not_be_carried_out_is_said_and_tried_again(home, orch, ask, shop):
    ask("cart")
    shop.problem = OrchError("the disk is full", hint="free some space")
    code, out, err = orch("approve", "1")
    assert code == 3
    assert "1: approved" in out
    assert "not carried out: the disk is full" in err
    assert "free some space" in err
    assert statuses(home) == ["approved"]
    shop.problem = None
    code, out, _ = orch("approve", "--all")
    assert (code, "carried out: shared cart" in out) == (0, True)


def test_a_rejection_needs_its_reason(home, orch, ask):
    ask("cart")
    assert orch("reject", "1")[0] == 2
    assert orch("reject", "1", "--reason", " ")[0] == 1
    assert orch("reject", "1", "--reason", "not ours")[1].startswith("1: rejected")
    assert home.approvals.proposal(1).reason == "not ours"


@pytest.mark.parametrize(
    "arguments",
    [
        ["approve"],
        ["approve", "1", "--all"],
        ["approve", "1", "--kind", "sync"],
        ["approve", "1", "--company", "empresa-a"],
        ["approve", "one"],
        ["approve", "1", "2", "--seen", "abcdefab"],
        ["approve", "--all", "--kind", "everything"],
        ["reject"],
        ["approvals", "show"],
        ["approvals", "show", "x"],
        ["approvals", "grant"],
        ["approvals", "revoke"],
    ],
)
def test_wrong_usage_is_exit_code_2(orch, arguments):
    assert orch(*arguments)[0] == 2


@pytest.mark.parametrize("who", ["x\x1b[31m", "mcp:empresa-a", "", "x" * 1_000])
def test_a_name_nobody_can_have_decides_nothing(home, orch, ask, who):
    ask("cart")
    code, _, err = orch("approve", "1", by=who)
    assert code in (0, 1)
    assert statuses(home) == ["waiting"]
    assert "\x1b" not in err
    assert len(err) < 1_000


# -- taking back, and grants -------------------------------------------------------------------


def test_a_proposal_is_withdrawn(home, orch, ask):
    ask("cart")
    assert orch("approvals", "withdraw", "1", by="Eve")[0] == 1
    assert orch("approvals", "withdraw", "1", "--reason", "too early")[0] == 0
    assert home.approvals.proposal(1).reason == "withdrawn: too early"
    assert orch("approve", "1")[0] == 1


def test_a_grant_is_given_used_listed_and_revoked(home, orch, ask):
    until = f"{datetime.now(UTC) + timedelta(days=90):%Y-%m-%d}"
    given = [
        *("approvals", "grant", "--kind", "share_export", "--company", "empresa-a"),
        *("--role", "export", "--until", until),
    ]
    assert orch(*given, by="Eve")[0] == 1
    assert parsed(orch(*given, "--json"))["number"] == 1
    assert ask("cart").status == "approved"
    assert "by grant 1" in orch("approvals", "show", "1")[1]
    (one,) = parsed(orch("approvals", "grants", "--json"))
    assert (one["by"], one["ask"]) == ("Ana", {"company": "empresa-a", "role": "export"})
    assert "Ana" in orch("approvals", "grants")[1]
    assert orch("approvals", "revoke", "1", "--reason", "enough")[0] == 0
    assert parsed(orch("approvals", "grants", "--json")) == []
    assert parsed(orch("approvals", "grants", "--all", "--json"))[0]["revoked"]
    assert ask("other").status == "waiting"
    assert orch("approvals", "grants")[2].startswith("no standing grants")
    assert orch("approvals", "revoke", "7")[0] == 1
