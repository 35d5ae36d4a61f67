"""Every fault × every call × every number of times × every place to die: one object per key.

Real sockets with a fault server between the real clients and the stand-in, the real machine, and
virtual time: a case ends when nothing is due any more.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from coordinator.ports import Publisher
from coordinator.publishing.keys import publication_key
from coordinator.publishing.records import Wanted
from coordinator.settings import ConfluenceTarget, JiraTarget
from orch_dagster.samples.atlassian import Account, Request, Rules
from resources.atlassian import Site
from resources.http import Lanes
from resources.publishing.delivering import Delivery

EMAIL, TOKEN = "bot@orch.example", "an api token"
SITE_FAULTS = ("late", "status_429", "status_500", "executed_500", "status_503")
"""Faults of the service itself: a call carried out after its connection broke, and statuses."""
OPERATIONS = {
    "jira": ("look", "create", "read", "write", "withdraw", "archive"),
    "confluence": ("look", "create", "mark", "read", "write", "withdraw", "archive"),
}
CALLS = {
    ("jira", "look"): ("POST", "/search/jql"),
    ("jira", "create"): ("POST", "/rest/api/3/issue"),
    ("jira", "read"): ("GET", "/rest/api/3/issue/"),
    ("jira", "write"): ("PUT", "/rest/api/3/issue/"),
    ("jira", "withdraw"): ("PUT", "/rest/api/3/issue/"),
    ("jira", "archive"): ("POST", "/transitions"),
    ("confluence", "look"): ("GET", "/wiki/api/v2/pages"),
    ("confluence", "create"): ("POST", "/wiki/api/v2/pages"),
    ("confluence", "mark"): ("POST", "/label"),
    ("confluence", "read"): ("GET", "/wiki/api/v2/pages/"),
    ("confluence", "write"): ("PUT", "/wiki/api/v2/pages/"),
    ("confluence", "withdraw"): ("PUT", "/wiki/api/v2/pages/"),
    ("confluence", "archive"): ("POST", "/content/archive"),
}
"""The request of each step that a fault strikes: its method, and a part of its path."""
TIMES = (1, 2, 3)
DEATHS = ("", "before", "after", "told")
"""Where the process dies: nowhere, before the call, after it, or once its answer is recorded."""
LONGEST = 60
"""Deliveries until a case must be quiet."""


class Died(BaseException):
    """The process is gone: nothing catches this."""


@dataclass(frozen=True)
class Case:
    service: str
    operation: str
    fault: str
    times: int
    death: str

    def __str__(self) -> str:
        dies = f", dies {self.death}" if self.death else ""
        return f"{self.service} {self.operation}: {self.times} × {self.fault}{dies}"


@dataclass
class Saboteur:
    """Strikes the requests of one step, and kills whoever makes it, as often as it was told."""

    case: Case
    server: Any
    stand_in: Any
    left: int = 0
    deaths: int = 0
    site_fault: str = ""
    struck: int = 0

    def arm(self) -> None:
        self.left, self.deaths = self.case.times, int(bool(self.case.death))

    def upstream(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Any:
        request = Request(method, target, headers, body)
        fault, self.site_fault = self.site_fault, ""
        if fault == "late":
            self.stand_in.handle_later(request, timedelta(seconds=100))
            return 200, {}, b"{}"
        if fault in ("status_429", "status_500", "status_503"):
            return int(fault[-3:]), {"Retry-After": "40"}, b"{}"
        answer = self.stand_in.handle(request)
        if fault == "executed_500":
            return 500, {}, b"{}"
        return answer.status, dict(answer.headers), answer.body

    def strike(self, method: str, path: str) -> None:
        """Before a request: plan its fault."""
        wanted, part = CALLS[self.case.service, self.case.operation]
        hit = method == wanted and part in path and self.left > 0
        exact = self.case.operation == "create" or self.case.operation == "look"
        if hit and exact and not path.endswith(part):
            hit = False
        if not hit:
            self.server.plan()
            return
        self.left -= 1
        self.struck += 1
        if self.case.fault in SITE_FAULTS:
            self.site_fault = self.case.fault
            self.server.plan("executed_then_reset" if self.case.fault == "late" else "")
        else:
            self.server.plan(self.case.fault)

    def dies(self, where: str) -> None:
        if self.deaths and self.case.death == where:
            self.deaths -= 1
            raise Died


class StruckSite(Site):
    """A site whose requests the saboteur sees before they are sent."""

    saboteur: Saboteur

    def call(self, method: str, path: str, **given: Any) -> Any:
        self.saboteur.strike(method, path)
        return super().call(method, path, **given)


@dataclass
class Mortal:
    """A publisher whose process may die around one step."""

    publisher: Publisher
    saboteur: Saboteur

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.publisher, name)
        if name != self.saboteur.case.operation:
            return found

        def call(*given: Any) -> Any:
            self.saboteur.dies("before")
            try:
                return found(*given)
            finally:
                self.saboteur.dies("after")

        return call


@dataclass
class Stage:
    """One service with its fault server, for one case after the other."""

    server: Any
    stand_ins: Callable[..., Any]
    clocks: Callable[[], Any]
    records: Callable[[Any], Any]
    quiet: list[str] = field(default_factory=list)

    def run(self, case: Case) -> tuple[Any, Saboteur, int]:
        """Play `case` to its end; the stand-in, the saboteur and how often was delivered."""
        clock = self.clocks()
        rules = Rules(index_lag=timedelta(seconds=60), archive_delay=timedelta(milliseconds=1))
        stand_in = self.stand_ins(clock, rules)
        stand_in.add_account(Account(EMAIL, TOKEN, "acc-bot", "Bot"))
        stand_in.add_project("ORCH")
        stand_in.add_space("ORCH")
        saboteur = Saboteur(case, self.server, stand_in)
        self.server.upstream = saboteur.upstream
        record = self.records(clock)
        tell = record.tell

        def tell_and_die(events: Any, *, owner: str) -> None:
            tell(events, owner=owner)
            if events[0].event_type in _TOLD[case.operation]:
                saboteur.dies("told")

        record.tell = tell_and_die
        lanes = Lanes(now=clock, sleep=clock.advance, chance=lambda: 0.5)
        done = 0
        for step, wants in _acts(case):
            if step:
                saboteur.arm()
            done += self._until_quiet(case, wants, clock, record, saboteur, lanes)
        clock.advance(600)
        stand_in.settle()  # archiving and late calls take their time
        return stand_in, saboteur, done

    def _until_quiet(
        self, case: Case, wants: Any, clock: Any, record: Any, saboteur: Saboteur, lanes: Lanes
    ) -> int:
        for number in range(1, LONGEST):
            publisher = Mortal(_publisher(case.service, self.server.url, saboteur, lanes), saboteur)
            delivery = Delivery(publisher, record, kind="docs", ask=_nobody, now=clock)
            try:
                report = delivery.run(wants)
            except Died:
                clock.advance(5)
                continue
            if report.due is None:
                return number
            clock.advance(max((report.due - clock()).total_seconds(), 1))
        raise AssertionError(f"{case}: not quiet after {LONGEST} deliveries")


def _acts(case: Case) -> Iterator[tuple[bool, list[Wanted]]]:
    """What is wanted, one after the other; the fault is armed for the act with its step."""
    key = publication_key(case.service, "ORCH", "docs:a")
    first = Wanted(key, "docs:a", "acme", "Alpha", "The first words.")
    second = Wanted(key, "docs:a", "acme", "Alpha", "The second words.")
    early = case.operation in ("look", "create", "mark")
    yield early, [first]
    if not early:
        yield case.operation in ("read", "write"), [second]
    if case.operation in ("withdraw", "archive"):
        yield True, []


_TOLD = {
    "look": ("publication_looked",),
    "create": ("publication_done", "publication_unknown", "publication_refused"),
    "mark": ("publication_marked",),
    "read": ("publication_requested", "publication_done"),
    "write": ("publication_done", "publication_unknown", "publication_refused"),
    "withdraw": ("publication_done", "publication_unknown", "publication_refused"),
    "archive": ("publication_done", "publication_unknown", "publication_refused"),
}


def _nobody(one: Any) -> None:
    raise AssertionError(f"somebody was asked about {one.key}, which nobody else changed")


def _publisher(service: str, url: str, saboteur: Saboteur, lanes: Lanes) -> Publisher:
    account = {"site": url, "email": EMAIL, "token_env": "ORCH_TOKEN", "loopback": True}
    account |= {"timeout_s": 0.25, "requests_per_second": 100}
    settings: Any = (
        JiraTarget(project="ORCH", **account)
        if service == "jira"
        else ConfluenceTarget(space="ORCH", **account)
    )
    environ = {"ORCH_TOKEN": TOKEN}
    site = StruckSite(settings, service, owner="orch", lanes=lanes, environ=environ)  # type: ignore[arg-type]
    site.saboteur = saboteur
    if service == "jira":
        from resources.jira.publishing import JiraPublisher

        return JiraPublisher(site, settings, "en")
    from resources.confluence.publishing import ConfluencePublisher

    return ConfluencePublisher(site, settings, "en", sleep=lambda _: None)


def check(case: Case, stand_in: Any, saboteur: Saboteur) -> None:
    """Exactly one object carries the key, and it says what was wanted last."""
    key = publication_key(case.service, "ORCH", "docs:a")
    gone = case.operation in ("withdraw", "archive")
    said = "took back" if gone else "first words" if _early(case) else "second words"
    if case.service == "jira":
        (issue,) = stand_in.issues("ORCH")
        assert issue.properties["orch"]["key"] == key, case
        assert said in str(issue.description), case
        assert (key in issue.labels) is not gone, case
        assert (issue.status == "Done") is gone, case
    else:
        pages = [page for page in stand_in.pages("ORCH", status=None) if page.title != "Orch"]
        (page,) = pages
        assert said in str(page.versions[-1].body), case
        assert page.status == ("archived" if gone else "current"), case
        assert [label.name for label in page.labels] == [key], case
        assert [one.value for one in page.properties] == [{"key": key}], case
    assert saboteur.struck or saboteur.case.death, case
    assert not saboteur.deaths, f"{case}: nobody died"


def _early(case: Case) -> bool:
    return case.operation in ("look", "create", "mark")


def cases(faults: Any) -> list[Case]:
    return [
        Case(service, operation, fault, times, death)
        for service, operations in OPERATIONS.items()
        for operation, fault, times, death in itertools.product(
            operations, (*faults, *SITE_FAULTS), TIMES, DEATHS
        )
    ]


@pytest.fixture
def stage(
    fault_server: Callable[..., Any], simulated: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stage]:
    from orch_dagster.samples.atlassian import StandIn

    monkeypatch.setattr("resources.confluence.publishing.ARCHIVING", (0.0,))
    with ExitStack() as stack:
        stack.callback(lambda: None)
        server = fault_server(trickle_s=1.0, hang_s=1.0)

        def clocks() -> Any:
            return simulated(0)[0]

        def records(clock: Any) -> Any:
            made = simulated(0)[1]
            made.clock = clock
            return made

        yield Stage(server, StandIn, clocks, records)


def play(stage: Stage, chosen: list[Case]) -> None:
    for case in chosen:
        stand_in, saboteur, _ = stage.run(case)
        check(case, stand_in, saboteur)


def test_a_share_of_the_matrix_leaves_one_object_per_key(stage, fault_servers):
    every = cases(fault_servers.FAULTS)
    chosen = random.Random(20261126).sample(every, 120)
    play(stage, chosen)


@pytest.mark.figures
def test_the_whole_matrix_leaves_one_object_per_key(stage, fault_servers):
    every = cases(fault_servers.FAULTS)
    assert len(every) >= 2_000
    play(stage, every)
    print(f"{len(every)} cases, one object per key")


@pytest.mark.parametrize("guard", ["QUARANTINE", "LOOKS"])
def test_without_its_waits_the_matrix_shows_duplicates(stage, monkeypatch, guard):
    """A control: a call carried out late is made twice by a coordinator that does not wait."""
    from coordinator.publishing import steps

    monkeypatch.setattr(steps, "LOOKS", 0)
    monkeypatch.setattr(steps, "LATE_LOOKS", ())
    if guard == "QUARANTINE":
        monkeypatch.setattr(steps, "QUARANTINE", timedelta(0))
        monkeypatch.setattr(steps, "LOOKS", 1)
        monkeypatch.setattr(steps, "SECOND_LOOK", timedelta(0))
    stand_in, _, _ = stage.run(Case("jira", "create", "late", 1, ""))
    assert len(stand_in.issues("ORCH")) > 1
