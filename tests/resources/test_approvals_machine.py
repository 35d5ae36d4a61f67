"""The inbox against a plain dict: whatever people do, in whatever order, only what everybody asked
said yes to is approved, and only that is carried out."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from coordinator.approvals import Inbox, Proposal, Roles
from coordinator.approvals.roles import folded
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


class Office:
    """People and agents who use one inbox, and a dict that knows what must come of it."""

    def __init__(self, home: Home, seed: int) -> None:
        self.home, self.dice = home, random.Random(seed)
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
        self.inbox.owners.set("share_export", self)
        self.current: dict[str, str | None] = {}
        self.asked: dict[int, Asked] = {}
        self.grants: dict[int, tuple[str, str, datetime]] = {}
        self.carried_out: list[int] = []

    def step(self) -> None:
        """One thing somebody does; then everything must be as the dict says."""
        pick = self.dice.choice
        who, subject = pick(PEOPLE), pick(SUBJECTS)
        one = self.dice.choices(
            [
                lambda: self.propose(subject, pick("xy"), pick(ASKS)),
                lambda: self.decide(self._some(), who, self.dice.random() < 0.8),
                lambda: self.change(subject, pick(["x", "y", None])),
                lambda: self.withdraw(self._some()[0], who),
                lambda: self.grant(who, pick(list(OWNERS))),
                lambda: self.revoke(self.dice.randint(1, 4)),
                lambda: self.wait(pick([1, 10, 31])),
                self.carry_out_all,
            ],
            [6, 12, 3, 1, 1, 1, 1, 2],
        )[0]
        one()
        self.the_inbox_is_what_the_dict_says()
        self.only_what_was_approved_was_carried_out_and_once()

    def _some(self) -> list[int]:
        """Numbers near the latest, one that nobody was given among them."""
        return [len(self.asked) - self.dice.choice([-1, 0, 0, 0, 1, 1, 2]) for _ in range(2)]

    # -- the owner of the kind -----------------------------------------------------------------

    def current_text(self, proposal: Proposal) -> str | None:
        return self.current[proposal.subject]

    def closed(self, proposal: Proposal) -> None: ...

    def carry_out(self, proposal: Proposal) -> str:
        self.carried_out.append(proposal.number)
        return "done"

    # -- what people do ------------------------------------------------------------------------

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

    def change(self, subject: str, text: str | None) -> None:
        self.current[subject] = text

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

    def grant(self, who: str, company: str) -> None:
        until = self.now + timedelta(days=20)
        try:
            made = self.inbox.grant("share_export", company, "export", until, by=who)
        except ApprovalError:
            assert person(who) not in OWNERS[company]
        else:
            self.grants[made.number] = (person(who), company, until)

    def revoke(self, number: int) -> None:
        if number in self.grants:
            self.inbox.revoke(number, by=self.grants.pop(number)[0])

    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)
        for one in self.asked.values():
            if one.status == "waiting" and one.until <= self.now:
                one.status = "expired"

    def carry_out_all(self) -> None:
        carry_out(self.home)
        for one in self.asked.values():
            if one.status == "approved":
                one.status = "done"

    # -- what always holds ---------------------------------------------------------------------

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

    def only_what_was_approved_was_carried_out_and_once(self) -> None:
        done = [n for n, one in self.asked.items() if one.status == "done"]
        assert sorted(self.carried_out) == done


def play(folder: Path, lives: int, steps: int) -> None:
    """Play that many lives; what fails names its seed and step."""
    for seed in range(lives):
        with Home.init(folder / f"home-{seed}", embedding=EmbeddingSettings()) as home:
            office = Office(home, seed)
            for number in range(steps):
                try:
                    office.step()
                except AssertionError as error:
                    raise AssertionError(f"life {seed}, step {number}: {error}") from error


def test_the_inbox_does_what_a_dict_would(tmp_path):
    play(tmp_path, 4, 50)


@pytest.mark.figures
def test_the_inbox_does_what_a_dict_would_for_long(tmp_path):
    play(tmp_path, 200, 50)


# -- the guards, each taken away ---------------------------------------------------------------


def names_are_people(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Roles, "person", lambda _, actor: folded(actor))


def content_is_not_read_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Approvals, "_changed", lambda *_: "")


def nothing_expires(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Inbox, "due", lambda *_: ())


def everybody_may(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Roles, "may", lambda *_: True)


def one_yes_is_enough(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Proposal, "missing", property(lambda one: () if one.decisions else one.asks))


def what_was_done_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Approvals, "mark_carried_out", lambda *_: None)


@pytest.mark.parametrize(
    "without",
    [
        names_are_people,
        content_is_not_read_again,
        nothing_expires,
        everybody_may,
        one_yes_is_enough,
        what_was_done_is_forgotten,
    ],
)
def test_without_this_guard_the_dict_knows_better(without, tmp_path, monkeypatch):
    without(monkeypatch)
    with pytest.raises(AssertionError, match=r"^life \d+, step \d+"):
        play(tmp_path, 20, 50)
