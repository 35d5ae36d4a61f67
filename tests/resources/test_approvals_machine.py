"""The inbox against a plain dict: whatever people do, in whatever order, only what everybody asked
said yes to is approved, and only that is carried out."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from coordinator.approvals import Proposal
from coordinator.errors import ApprovalError
from coordinator.settings import CompanySettings, EmbeddingSettings
from resources.approvals import Approvals, Wanted
from resources.carrying_out import carry_out
from resources.home import Home

OWNERS = {"empresa-a": ("Ana", "Caio"), "empresa-b": ("Bia", "Ana")}
PEOPLE = ("Ana", "ana@example.org", "Bia", "Caio", "Eve", "mcp:empresa-a")
SUBJECTS = ("cart", "basket")
ASKS = (("empresa-a",), ("empresa-a", "empresa-b"))
WAIT = timedelta(days=30)


def person(name: str) -> str:
    return "Ana" if name == "ana@example.org" else name


@dataclass
class Asked:
    """One proposal as the dict knows it."""

    subject: str
    text: str
    asks: tuple[str, ...]
    until: datetime
    yes: dict[str, str] = field(default_factory=dict)
    status: str = "waiting"

    @property
    def open(self) -> bool:
        return self.status in ("waiting", "approved")


class Inboxes(RuleBasedStateMachine):
    """People and agents who use one inbox."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.home = Home.init(Path(self._folder.name) / "home", embedding=EmbeddingSettings())
        for name, owners in OWNERS.items():
            git = {"url": "https://example.org/x.git"}
            people = [
                {"name": one, "email": "ana@example.org" if one == "Ana" else ""} for one in owners
            ]
            given = {"name": name, "git": git, "owners": people}
            self.home.companies.create(CompanySettings.model_validate(given))
        self.now = datetime(2026, 3, 1, tzinfo=UTC)
        self.inbox = Approvals(self.home, now=lambda: self.now)
        self.home.__dict__["approvals"] = self.inbox
        self.inbox.owners["share_export"] = self
        self.current: dict[str, str | None] = {}
        self.asked: dict[int, Asked] = {}
        self.grants: dict[int, tuple[str, str, datetime]] = {}
        self.carried_out: list[int] = []

    def teardown(self) -> None:
        self.home.close()
        self._folder.cleanup()

    # -- the owner of the kind -----------------------------------------------------------------

    def current_text(self, proposal: Proposal) -> str | None:
        return self.current[proposal.subject]

    def carry_out(self, proposal: Proposal) -> str:
        self.carried_out.append(proposal.number)
        return "done"

    # -- what people do ------------------------------------------------------------------------

    @rule(subject=st.sampled_from(SUBJECTS), text=st.sampled_from("xy"), asks=st.sampled_from(ASKS))
    def propose(self, subject: str, text: str, asks: tuple[str, ...]) -> None:
        number = self.inbox.propose(
            kind="share_export",
            subject=subject,
            company="empresa-a",
            asks=[(one, "export") for one in asks],
            text=text,
        ).number
        self.current[subject] = text
        same = [n for n, one in self.asked.items() if one.open and one.subject == subject]
        if any((self.asked[n].text, self.asked[n].asks) == (text, asks) for n in same):
            assert number in same
            return
        for n in same:
            self.asked[n].status = "void"
        assert number == len(self.asked) + 1
        self.asked[number] = Asked(subject, text, asks, self.now + WAIT)
        self._granted(number)

    def _granted(self, number: int) -> None:
        """Nobody's grants fill two asks, and as many are filled as can be."""
        new = self.asked[number]
        standing = {
            ask: {who for who, company, until in self.grants.values()
                  if company == ask and self.now < until}
            for ask in new.asks
        }  # fmt: skip
        if len(new.asks) == 2 and len(set().union(*standing.values())) == 1:
            (who,) = set().union(*standing.values())
            recorded = self.inbox.proposal(number).decisions
            assert [person(one.by) for one in recorded] == [who]
            new.yes = {recorded[0].ask.company: who}
        else:
            new.yes = {
                one.ask.company: person(one.by) for one in self.inbox.proposal(number).decisions
            }
            assert len(new.yes) == sum(bool(who) for who in standing.values())
            assert all(who in standing[ask] for ask, who in new.yes.items())
        self._settle(new)

    @rule(
        numbers=st.lists(st.integers(1, 6), min_size=1, max_size=3),
        who=st.sampled_from(PEOPLE),
        approve=st.booleans(),
    )
    def decide(self, numbers: list[int], who: str, approve: bool) -> None:
        outcomes = self.inbox.decide([Wanted(n, approve, "because") for n in numbers], by=who)
        for one in outcomes:
            assert (one.problem == "") == self._expected(one.number, who, approve), one

    def _expected(self, number: int, who: str, approve: bool) -> bool:
        """What the dict says becomes of one answer; it is noted there."""
        one = self.asked.get(number)
        mine = [ask for ask in one.asks if person(who) in OWNERS[ask]] if one else []
        if one is None or one.status != "waiting" or person(who) in one.yes.values():
            return False
        free = [ask for ask in mine if ask not in one.yes]
        if not free:
            return False
        if not approve:
            one.status = "rejected"
            return True
        if self.current[one.subject] != one.text:
            one.status = "void"
            return False
        decided = self.inbox.proposal(number).decisions
        (ask,) = {d.ask.company for d in decided if person(d.by) == person(who)}
        assert ask in free
        one.yes[ask] = person(who)
        self._settle(one)
        return True

    def _settle(self, one: Asked) -> None:
        if set(one.yes) == set(one.asks):
            one.status = "approved"

    @rule(subject=st.sampled_from(SUBJECTS), text=st.sampled_from(["x", "y", None]))
    def change(self, subject: str, text: str | None) -> None:
        self.current[subject] = text

    @rule(number=st.integers(1, 6), who=st.sampled_from(PEOPLE))
    def withdraw(self, number: int, who: str) -> None:
        one = self.asked.get(number)
        asks = one.asks if one else ()
        may = one is not None and one.open and any(person(who) in OWNERS[ask] for ask in asks)
        try:
            self.inbox.withdraw(number, by=who)
            assert may
        except ApprovalError:
            assert not may
        if may and one is not None:
            one.status = "void"

    @rule(who=st.sampled_from(PEOPLE), company=st.sampled_from(list(OWNERS)))
    def grant(self, who: str, company: str) -> None:
        until = self.now + timedelta(days=20)
        try:
            made = self.inbox.grant("share_export", company, "export", until, by=who)
        except ApprovalError:
            assert person(who) not in OWNERS[company]
        else:
            self.grants[made.number] = (person(who), company, until)

    @rule(number=st.integers(1, 4))
    def revoke(self, number: int) -> None:
        if number in self.grants:
            self.inbox.revoke(number, by=self.grants.pop(number)[0])

    @rule(days=st.sampled_from([1, 10, 31]))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)
        for one in self.asked.values():
            if one.status == "waiting" and one.until <= self.now:
                one.status = "expired"

    @rule()
    def carry_out_all(self) -> None:
        carry_out(self.home)
        for one in self.asked.values():
            if one.status == "approved":
                one.status = "done"

    # -- what always holds ---------------------------------------------------------------------

    @invariant()
    def the_inbox_is_what_the_dict_says(self) -> None:
        found = {one.number: one for one in self.inbox.inbox().proposals}
        assert {n: one.status for n, one in found.items()} == {
            n: one.status for n, one in self.asked.items()
        }
        for number, one in found.items():
            assert self.inbox.texts([one]) == {number: self.asked[number].text}
            if one.status in ("approved", "done"):
                people = {person(decision.by) for decision in one.decisions}
                assert len(people) == len(one.asks)
                assert {decision.content for decision in one.decisions} == {one.content}

    @invariant()
    def only_what_was_approved_was_carried_out_and_once(self) -> None:
        done = [n for n, one in self.asked.items() if one.status == "done"]
        assert sorted(self.carried_out) == done


def run(examples: int, steps: int) -> None:
    chosen: dict[str, Any] = {"max_examples": examples, "stateful_step_count": steps}
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        Inboxes, settings=settings(**chosen, deadline=None, suppress_health_check=quiet)
    )


def test_the_inbox_does_what_a_dict_would():
    run(12, 15)


@pytest.mark.figures
def test_the_inbox_does_what_a_dict_would_for_long():
    run(200, 50)
