"""The inbox in a real ledger: proposed, answered, voided, expired, granted, carried out."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from coordinator.approvals import INBOX, Proposal
from coordinator.errors import (
    ApprovalError,
    CompanyError,
    LedgerError,
    NotPermitted,
    OrchError,
    ProposalClosed,
    SharingRefused,
    VersionConflict,
)
from coordinator.ledger.events import APPROVALS, NewEvent, text_hash
from coordinator.settings import CompanySettings, EmbeddingSettings
from resources.approvals import Approvals, Wanted
from resources.carrying_out import CarriedOut, carry_out
from resources.home import Home

PEOPLE = Path(__file__).with_name("approval_people.py")
START = datetime(2026, 3, 1, tzinfo=UTC)
BOTH = [("empresa-a", "export"), ("empresa-b", "import")]
A = [("empresa-a", "export")]
INJECTIONS = [
    "'; DROP TABLE events; --",
    '"}}, {"number": 1',
    "../../../etc/passwd",
    "{{7*7}}${jndi:ldap://x}",
    "<script>alert(1)</script>",
    "company:empresa-b",
    "%s%n",
]


@dataclass
class Clock:
    """A time that only the test moves."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def pass_days(self, days: float) -> None:
        self.now += timedelta(days=days)


@dataclass
class Shop:
    """The owner of one kind of proposal: what it is about now, and what was carried out."""

    text: str | None = "the text"
    done: list[int] = field(default_factory=list)
    problem: OrchError | None = None

    def current_text(self, proposal: Proposal) -> str | None:
        return self.text

    def closed(self, proposal: Proposal) -> None: ...

    def carry_out(self, proposal: Proposal) -> str:
        if self.problem is not None:
            raise self.problem
        self.done.append(proposal.number)
        return f"shared-{proposal.number}"


def company(name: str, *owners: str, **more: Any) -> CompanySettings:
    git = {"url": "https://example.org/x.git"}
    people = [{"name": one} for one in owners]
    return CompanySettings.model_validate({"name": name, "git": git, "owners": people, **more})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def home(tmp_path: Path, clock: Clock) -> Iterator[Home]:
    with Home.init(tmp_path / "home", embedding=EmbeddingSettings()) as made:
        made.companies.create(company("empresa-a", "Ana"))
        made.companies.create(company("empresa-b", "Bia", "Ana"))
        made.__dict__["approvals"] = Approvals(made, now=clock)
        yield made


@pytest.fixture
def inbox(home: Home) -> Approvals:
    return home.approvals


@pytest.fixture
def shop(inbox: Approvals) -> Shop:
    shop = Shop()
    inbox.owners.set("share_export", shop)
    return shop


@pytest.fixture
def ask(inbox: Approvals) -> Callable[..., Proposal]:
    def propose(text: str = "the text", **given: Any) -> Proposal:
        usual = {"kind": "share_export", "subject": "cart", "company": "empresa-a", "asks": A}
        return inbox.propose(text=text, **(usual | given))

    return propose


def approve(inbox: Approvals, *numbers: int, by: str, **more: Any) -> list[str]:
    """The problem of each, empty where there is none."""
    return [one.problem for one in inbox.decide([Wanted(n, True, **more) for n in numbers], by=by)]


def types(home: Home) -> list[str]:
    return [event.event_type for event in home.ledger.read(stream=APPROVALS)]


# -- proposing ---------------------------------------------------------------------------------


def test_a_proposal_keeps_exactly_its_text_and_says_who_made_it(inbox, ask):
    made = ask("ação\n\x1b[31m{}", by="mcp:empresa-a", facts={"commits": 3})
    assert inbox.shown(made.number) == "ação\n\x1b[31m{}"
    assert (made.number, made.made_by, made.status) == (1, "mcp:empresa-a", "waiting")
    assert made.content == text_hash("ação\n\x1b[31m{}")
    assert made.facts == {"commits": 3}
    assert (made.made_at, made.expires_at) == (START, START + timedelta(days=30))


def test_the_same_question_is_asked_once(home, inbox, ask):
    assert ask() == ask()
    assert types(home) == ["proposal_made"]


def test_another_text_voids_the_question_before(inbox, ask):
    ask(asks=BOTH)
    approve(inbox, 1, by="Ana")
    assert ask("another text", asks=BOTH).number == 2
    assert inbox.proposal(1).status == "void"
    assert "proposal 2" in inbox.proposal(1).reason
    assert approve(inbox, 1, by="Bia") == ["proposal 1 is void"]
    assert inbox.proposal(2).decisions == ()  # nobody said yes to the new text


def test_an_approval_of_the_old_text_is_void_as_well(inbox, ask):
    ask()
    approve(inbox, 1, by="Ana")
    assert inbox.approved() != []
    ask("another text")
    assert inbox.approved() == []


def test_asking_the_same_of_the_same_twice_asks_once(ask):
    assert len(ask(asks=A * 2).asks) == 1


def test_the_least_patient_company_says_how_long_it_waits(home, ask):
    home.companies.create(company("empresa-c", "Caio", approvals={"expire_after_days": 2}))
    made = ask(asks=[*A, ("empresa-c", "import")])
    assert made.expires_at == START + timedelta(days=2)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"text": "x" * 10_000_000}, LedgerError),
        ({"text": "half \ud800"}, LedgerError),
        ({"subject": "x" * 10_000_000}, ApprovalError),
        ({"subject": "two\nlines"}, ApprovalError),
        ({"kind": "x" * 10_000_000}, ApprovalError),
        ({"kind": "'; DROP TABLE events; --"}, ApprovalError),
        ({"company": "x" * 10_000_000}, CompanyError),
        ({"company": "../empresa-a"}, CompanyError),
        ({"company": "nobody"}, CompanyError),
        ({"asks": []}, ApprovalError),
        ({"asks": [("nobody", "export")]}, CompanyError),
        ({"asks": [("empresa-a", "x" * 10_000_000)]}, ApprovalError),
        ({"asks": [("empresa-a", "owner")]}, ApprovalError),
        ({"facts": {"x": "y" * 10_000_000}}, LedgerError),
        ({"facts": {"x" * 10_000: 1}}, ApprovalError),
        ({"facts": {"x": 2**60}}, LedgerError),
        ({"by": "x" * 10_000_000}, LedgerError),
        ({"by": "ana\n"}, LedgerError),
        ({"by": ""}, LedgerError),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_cannot_be_asked_is_refused_and_nothing_recorded(home, ask, given, error):
    with pytest.raises(error) as caught:
        ask(**given)
    assert len(str(caught.value)) < 600
    assert types(home) == []


@pytest.mark.parametrize("text", INJECTIONS)
def test_injection_strings_are_only_text_in_every_field(home, inbox, ask, text):
    made = ask(text, subject=text, by=text.replace(":", ""), facts={text: text})
    assert (inbox.shown(1), made.subject, dict(made.facts)) == (text, text, {text: text})
    assert "may not answer" in approve(inbox, 1, by=text.replace(":", ""))[0]
    assert inbox.decide([Wanted(1, False, text)], by="Ana")[0].problem == ""
    assert inbox.proposal(1).reason == text
    given = inbox.grant("sync", "empresa-a", "export", START + timedelta(days=1), by="Ana")
    inbox.revoke(given.number, by="Ana", reason=text)
    assert inbox.withdraw(ask("x", subject=text).number, by="Ana", reason=text).status == "void"
    assert inbox.waiting(company=text) == inbox.waiting(kind=text) == []
    assert home.ledger.verify().count == len(home.ledger.read())


# -- answering ---------------------------------------------------------------------------------


def test_two_companies_answer_by_two_people(inbox, ask):
    ask(asks=BOTH)
    assert approve(inbox, 1, by="Ana") == [""]
    (again,) = approve(inbox, 1, by="Ana")
    assert "nobody answers alone" in again
    assert inbox.proposal(1).status == "waiting"
    assert approve(inbox, 1, by="bia") == [""]
    assert [one.number for one in inbox.approved()] == [1]


def test_several_answers_are_one_append_and_one_event_each(home, inbox, ask):
    for subject in ("one", "two", "three"):
        ask(subject=subject)
    before = home.ledger.head()[0]
    wanted = [Wanted(1, True), Wanted(2, False, "not now"), Wanted(9, True), Wanted(3, True)]
    outcomes = inbox.decide(wanted, by="Ana")
    assert [bool(one.problem) for one in outcomes] == [False, False, True, False]
    statuses = [one.proposal.status if one.proposal else None for one in outcomes]
    assert statuses == ["approved", "rejected", None, "approved"]
    new = home.ledger.read(after=before)
    assert [event.event_type for event in new] == ["proposal_decided"] * 3
    assert {event.actor for event in new} == {"Ana"}
    # one transaction: one moment
    assert len({event.recorded_at for event in new}) <= 3
    assert [one.proposal for one in outcomes if one.proposal] == [
        inbox.proposal(number) for number in (1, 2, 3)
    ]


def test_one_number_twice_in_a_batch_counts_once(home, inbox, ask):
    ask()
    problems = approve(inbox, 1, 1, by="Ana")
    assert problems[0] == ""
    assert "approved already" in problems[1]
    assert types(home).count("proposal_decided") == 1


def test_what_changed_since_it_was_shown_is_void_and_not_approved(home, inbox, ask, shop):
    ask()
    shop.text = "other words"
    assert approve(inbox, 1, by="Ana") == ["proposal 1 is void: its content changed"]
    assert inbox.proposal(1).status == "void"
    assert types(home) == ["proposal_made", "proposal_voided"]


def test_what_is_gone_is_void_and_not_approved(inbox, ask, shop):
    ask()
    shop.text = None
    assert "gone" in approve(inbox, 1, by="Ana")[0]
    assert inbox.proposal(1).status == "void"


def test_what_changed_can_still_be_rejected(inbox, ask, shop):
    ask()
    shop.text = "other words"
    assert inbox.decide([Wanted(1, False, "no")], by="Ana")[0].problem == ""


def test_whoever_may_not_answer_does_not_void_either(home, inbox, ask, shop):
    ask()
    shop.text = "other words"
    assert "may not answer" in approve(inbox, 1, by="Eve")[0]
    assert types(home) == ["proposal_made"]


def test_an_owner_who_refuses_keeps_it_waiting(inbox, ask, shop, monkeypatch):
    ask()

    def refuse(_: Proposal) -> str:
        raise SharingRefused("it holds a secret", hint="take it out")

    monkeypatch.setattr(shop, "current_text", refuse)
    (outcome,) = inbox.decide([Wanted(1, True)], by="Ana")
    assert (outcome.problem, outcome.hint) == ("it holds a secret", "take it out")
    assert inbox.proposal(1).status == "waiting"


def test_a_preview_says_what_would_be_and_records_nothing(home, inbox, ask):
    ask()
    (outcome,) = inbox.preview([Wanted(1, True)], by="Ana")
    assert (outcome.problem, outcome.proposal.status) == ("", "approved")
    assert "may not answer" in inbox.preview([Wanted(1, True)], by="Eve")[0].problem
    assert types(home) == ["proposal_made"]


def test_a_role_taken_away_counts_at_once(home, inbox, ask):
    ask()
    home.companies.instance("empresa-a").write_settings(company("empresa-a", "Caio"))
    assert "may not answer" in approve(inbox, 1, by="Ana")[0]
    assert approve(inbox, 1, by="caio") == [""]


def test_broken_settings_of_one_company_stop_its_answers_and_no_others(home, inbox, ask):
    ask()
    ask(subject="other", company="empresa-b", asks=[("empresa-b", "import")])
    home.companies.instance("empresa-a").settings_file.write_text("nonsense: [", encoding="utf-8")
    problems = approve(inbox, 1, 2, by="Ana")
    assert "company.yaml" in problems[0]
    assert problems[1] == ""


def test_what_waits_is_found_by_company_kind_and_who_could_answer(inbox, ask):
    ask(asks=BOTH)
    ask(subject="b", kind="sync", company="empresa-b", asks=[("empresa-b", "publication")])

    def numbers(*given: Any, **named: Any) -> list[int]:
        return [one.number for one in inbox.waiting(*given, **named)]

    assert numbers() == [1, 2]
    assert numbers("empresa-a") == [1]
    assert numbers("empresa-b") == [1, 2]
    assert numbers(kind="sync") == [2]
    assert numbers(by="Bia") == [1, 2]
    assert numbers(by="Eve") == []
    approve(inbox, 1, by="Bia")
    assert numbers(by="Bia") == [2]


@pytest.mark.parametrize("number", [0, -1, 2**62, 2**70])
def test_a_number_nobody_was_given_is_refused(home, inbox, number):
    (outcome,) = inbox.decide([Wanted(number, True)], by="Ana")
    assert "there is no proposal" in outcome.problem
    for call in (inbox.proposal, inbox.shown, inbox.withdraw, inbox.revoke):
        with pytest.raises(ApprovalError):
            call(number)
    assert types(home) == []


# -- time --------------------------------------------------------------------------------------


def test_nobody_answers_what_is_expired_and_it_is_recorded(home, inbox, ask, clock):
    ask()
    clock.pass_days(30)
    assert inbox.waiting() == []
    assert inbox.proposal(1).status == "expired"
    assert types(home) == ["proposal_made"]
    assert approve(inbox, 1, by="Ana") == ["proposal 1 is expired"]
    assert types(home) == ["proposal_made", "proposal_expired"]


def test_what_is_due_is_recorded_once(home, inbox, ask, clock):
    ask()
    ask(subject="other")
    clock.pass_days(29)
    assert inbox.expire_due() == []
    clock.pass_days(1)
    assert [(one.number, one.status) for one in inbox.expire_due()] == [
        (1, "expired"),
        (2, "expired"),
    ]
    assert inbox.expire_due() == []
    assert types(home).count("proposal_expired") == 2


def test_what_is_expired_is_asked_anew(inbox, ask, clock):
    ask()
    clock.pass_days(31)
    assert ask().number == 2
    assert approve(inbox, 2, by="Ana") == [""]


def test_what_is_approved_waits_for_ever_to_be_carried_out(inbox, ask, clock):
    ask()
    approve(inbox, 1, by="Ana")
    clock.pass_days(400)
    assert [one.number for one in inbox.approved()] == [1]


# -- closing -----------------------------------------------------------------------------------


def test_withdrawing_takes_back_what_is_open(inbox, ask):
    ask(by="eve")
    with pytest.raises(NotPermitted):
        inbox.withdraw(1, by="Mallory")
    taken = inbox.withdraw(1, by="eve", reason="wrong numbers")
    assert (taken.status, taken.reason) == ("void", "withdrawn: wrong numbers")
    with pytest.raises(ProposalClosed):
        inbox.withdraw(1, by="eve")


def test_voiding_closes_what_is_open_and_nothing_else(home, inbox, ask, shop):
    ask()
    approve(inbox, 1, by="Ana")
    assert inbox.void(1, "the company left").status == "void"
    assert inbox.void(1, "again").reason == "the company left"
    ask("second")
    shop.text = "second"
    approve(inbox, 2, by="Ana")
    carry_out(home)
    assert inbox.void(2, "too late").status == "done"


def test_a_purged_text_is_not_shown_and_the_hash_stays(home, inbox, ask):
    made = ask()
    purge = NewEvent("texts_purged", {"texts": [made.content]}, company="empresa-a")
    home.ledger.append(APPROVALS, [purge], expected_version=None)
    with pytest.raises(ApprovalError, match="purged") as caught:
        inbox.shown(1)
    assert made.content in caught.value.hint
    assert inbox.proposal(1) == made


# -- grants ------------------------------------------------------------------------------------


def test_a_grant_answers_at_once_and_is_recorded_as_the_approver(home, inbox, ask):
    inbox.grant("share_export", "empresa-a", "export", START + timedelta(days=90), by="Ana")
    made = ask(asks=BOTH)
    assert [(one.by, one.grant) for one in made.decisions] == [("Ana", 1)]
    assert home.ledger.read(event_type="proposal_decided")[0].actor == "grant:1"
    assert "nobody answers alone" in approve(inbox, 1, by="Ana")[0]
    assert approve(inbox, 1, by="Bia") == [""]


def test_a_grant_ends_by_time_or_by_word(inbox, ask, clock):
    inbox.grant("share_export", "empresa-a", "export", START + timedelta(days=5), by="Ana")
    clock.pass_days(5)
    assert ask().status == "waiting"
    inbox.grant("share_export", "empresa-a", "export", START + timedelta(days=50), by="Ana")
    with pytest.raises(NotPermitted):
        inbox.revoke(2, by="Eve")
    assert inbox.revoke(2, by="Ana", reason="enough").revoked
    assert inbox.revoke(2, by="Ana").revoked
    assert ask("new text").status == "waiting"
    assert [one.revoked for one in inbox.grants()] == [False, True]


def test_whoever_gave_a_grant_may_end_it_without_the_role(home, inbox):
    inbox.grant("sync", "empresa-a", "export", START + timedelta(days=5), by="Ana")
    home.companies.instance("empresa-a").write_settings(company("empresa-a", "Caio"))
    assert inbox.revoke(1, by="Ana").revoked


def test_a_grant_whose_giver_lost_the_role_answers_nothing(home, inbox, ask):
    inbox.grant("share_export", "empresa-a", "export", START + timedelta(days=90), by="Ana")
    home.companies.instance("empresa-a").write_settings(company("empresa-a", "Caio"))
    assert ask().decisions == ()


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"by": "Eve"}, NotPermitted),
        ({"by": "mcp:empresa-a"}, NotPermitted),
        ({"company": "nobody"}, CompanyError),
        ({"role": "owner"}, ApprovalError),
        ({"kind": "everything"}, ApprovalError),
        ({"until": START}, ApprovalError),
        ({"until": datetime(2027, 1, 1)}, OrchError),
    ],
)
def test_a_grant_that_cannot_be_given_is_refused(home, inbox, given, error):
    usual = {
        "kind": "sync",
        "company": "empresa-a",
        "role": "export",
        "until": START + timedelta(days=1),
        "by": "Ana",
    }
    with pytest.raises(error):
        inbox.grant(**(usual | given))
    assert types(home) == []


# -- carrying out ------------------------------------------------------------------------------


def test_what_is_approved_is_carried_out_once(home, inbox, ask, shop):
    ask()
    assert carry_out(home) == []
    approve(inbox, 1, by="Ana")
    begun: list[int] = []
    done = carry_out(home, begun=lambda proposal: begun.append(proposal.number))
    assert (begun, done) == ([1], [CarriedOut(1, result="shared-1")])
    assert (inbox.proposal(1).status, inbox.proposal(1).result) == ("done", "shared-1")
    assert carry_out(home) == []
    assert shop.done == [1]


def test_one_that_fails_stays_approved_and_does_not_stop_the_others(home, inbox, ask, shop):
    other = Shop()
    inbox.owners.set("sync", other)
    ask()
    ask(subject="other", kind="sync")
    approve(inbox, 1, 2, by="Ana")
    shop.problem = OrchError("the disk is full", hint="free some space")
    assert carry_out(home) == [
        CarriedOut(1, problem="the disk is full", hint="free some space"),
        CarriedOut(2, result="shared-2"),
    ]
    assert [one.number for one in inbox.approved()] == [1]
    shop.problem = None
    assert carry_out(home) == [CarriedOut(1, result="shared-1")]


def test_a_kind_nobody_here_carries_out_stays_for_whoever_reads_it(home, inbox, ask):
    ask(kind="feature_gate")
    approve(inbox, 1, by="Ana")
    assert carry_out(home) == []
    assert [one.kind for one in inbox.approved()] == ["feature_gate"]


def test_only_the_kinds_that_are_named_are_carried_out(home, inbox, ask, shop):
    ask()
    approve(inbox, 1, by="Ana")
    assert carry_out(home, kinds=["sync"]) == []
    assert carry_out(home, kinds=["share_export"]) == [CarriedOut(1, result="shared-1")]


def test_a_crash_between_doing_and_remembering_is_healed_by_the_next_call(
    home, inbox, ask, shop, monkeypatch
):
    ask()
    approve(inbox, 1, by="Ana")
    with monkeypatch.context() as crash:
        crash.setattr(Approvals, "mark_carried_out", lambda *_: (_ for _ in ()).throw(Crash()))
        with pytest.raises(Crash):
            carry_out(home)
    assert carry_out(home) == [CarriedOut(1, result="shared-1")]
    assert inbox.proposal(1).status == "done"


class Crash(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("status", ["waiting", "rejected", "void"])
def test_only_what_is_approved_is_marked(home, inbox, ask, status):
    ask()
    if status == "rejected":
        inbox.decide([Wanted(1, False, "no")], by="Ana")
    if status == "void":
        inbox.void(1, "gone")
    with pytest.raises(ProposalClosed):
        inbox.mark_carried_out(1, "done")


# -- two at once -------------------------------------------------------------------------------


def test_an_answer_that_lost_the_race_is_decided_anew(home, inbox, ask, monkeypatch):
    ask()
    real, calls = home.ledger.append, []

    def append(stream: str, events: Any, **given: Any) -> Any:
        calls.append(given["expected_version"])
        if len(calls) == 1:  # somebody rejects between the reading and the writing
            Approvals(home, now=lambda: START).decide([Wanted(1, False, "no")], by="Ana")
        return real(stream, events, **given)

    monkeypatch.setattr(home.ledger, "append", append)
    (problem,) = approve(inbox, 1, by="Ana")
    assert "rejected already" in problem
    assert calls == [1, 1]
    assert types(home).count("proposal_decided") == 1


def test_a_stale_expected_version_is_refused_by_the_ledger(home, ask):
    ask()
    ask(subject="other")
    voided = NewEvent("proposal_voided", {"number": 1, "reason": "x"}, company="empresa-a")
    with pytest.raises(VersionConflict):
        home.ledger.append(APPROVALS, [voided], expected_version=1)


def together(*commands: list[str]) -> list[Any]:
    """What each process printed; all begin when all are ready."""
    started = [
        subprocess.Popen(
            [sys.executable, str(PEOPLE), *command],
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for command in commands
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=120)[0] for process in started]
    assert [process.returncode for process in started] == [0] * len(started)
    return [json.loads(answer) for answer in answers]


def test_two_operators_at_once_answer_each_proposal_once(home, inbox, ask, clock):
    clock.now = datetime.now(UTC)
    numbers = [ask(f"text {n}", subject=f"s{n}").number for n in range(8)]
    listed = ",".join(map(str, numbers))
    path = str(home.path)
    answers = together(["decide", path, "Ana", listed], ["decide", path, "ana", listed])
    for number in numbers:
        won = sorted(answer[str(number)] == "" for answer in answers)
        assert won == [False, True], number
    assert types(home).count("proposal_decided") == len(numbers)
    assert home.ledger.fold(APPROVALS, INBOX) == inbox.inbox()
    home.ledger.verify()


def test_two_who_propose_at_once_leave_one_question_open(home, inbox, clock):
    path = str(home.path)
    numbers = together(["propose", path, "text one", "6"], ["propose", path, "text two", "6"])
    clock.now = datetime.now(UTC)
    assert [one.number for one in inbox.waiting()] == [max(map(max, numbers))]
    made = [one.number for one in inbox.inbox().proposals]
    assert made == list(range(1, len(made) + 1))
    home.ledger.verify()
