"""Services: what one sick company costs the others, what a window saves, what publishing costs."""

from __future__ import annotations

import importlib.util
import os
import statistics
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

from benchmarks.measuring import Row, in_turn, shown
from coordinator.publishing.keys import publication_key
from coordinator.publishing.records import Target, Wanted
from coordinator.settings import (
    CompanySettings,
    CoordinatorJira,
    CoordinatorSettings,
    EmbeddingSettings,
    GitSettings,
    JiraSettings,
    dump,
)
from orch_dagster.samples.atlassian import Account, Rules, StandIn
from resources.home import Home
from resources.http import Lanes
from resources.progress import Silence
from resources.publishing.delivering import Delivery
from resources.publishing.record import LedgerRecord
from resources.sources.readers import reader_of
from resources.sources.sources import WORKERS

EMAIL, TOKEN = "bot@acme.example", "an api token"
TESTS = Path(__file__).parents[1] / "tests"
ROUNDS = 5
ISSUES, CHANGED, COPIES = 3_000, 3, 40


def rows() -> Iterator[Row]:
    """Everything against the stand-in for Atlassian, over HTTP on this machine."""
    with TemporaryDirectory() as folder:
        yield from _sick(Path(folder) / "street")
        yield from _window(Path(folder) / "window")
        yield from _publishing(Path(folder) / "publishing")


def _sick(folder: Path) -> Iterator[Row]:
    streets, servers = _beside("system/street"), _beside("resources/fault_server")
    os.environ["ORCH_TOKEN"] = streets.TOKEN
    with (
        servers.FaultServer(trickle_s=4.0, hang_s=4.0) as server,
        streets.opened(folder, server) as street,
    ):
        for way in streets.WAYS:
            pairs = [(_p95(street, streets, ""), _p95(street, streets, way)) for _ in range(ROUNDS)]
            healthy, sick = (statistics.median(one) for one in zip(*pairs, strict=True))
            yield Row(
                f"49 of 50 companies polled and read while one {way}, 95th percentile",
                f"{shown(sick)} = {sick / healthy:.2f} ×",
                f"all 50 well, {shown(healthy)}",
                "≤ 1.2 ×",
            )


def _p95(street: Any, streets: ModuleType, way: str) -> float:
    """Seconds from the start until 95 of 100 of the others are polled and read, 16 at a time."""
    street.change_all("News")
    street.open_lanes()
    if way:
        street.make_sick(way)
    home, states = street.home, {}
    for name in home.companies.names():
        states[name] = home.ledger.state(name)
    began = time.perf_counter()

    def visit(name: str) -> float:
        [found] = home.sources.poll("jira", [name], states)
        if found.news:
            home.sources.read(name, "jira", states[name], census=False, progress=Silence())
        elif name != streets.SICK:
            raise SystemExit(f"{name} was not read: {found.error}")
        return time.perf_counter() - began

    with ThreadPoolExecutor(WORKERS) as pool:
        names = list(states)
        done = dict(zip(names, pool.map(visit, names), strict=True))
    street.heal()
    others = sorted(took for name, took in done.items() if name != streets.SICK)
    return others[int(len(others) * 0.95)]


class Clock:
    """The time of the desk and its site: whoever waits is through at once."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Desk:
    """A coordinator and a company with one project on a stand-in's site."""

    home: Home
    site: StandIn
    url: str
    clock: Clock


def _window(folder: Path) -> Iterator[Row]:
    with _desk(folder) as desk:
        for number in range(ISSUES):
            desk.site.add_issue("PAY", summary=f"Case {number}", description=f"Story {number}.")
        desk.clock.now += timedelta(days=1)
        for number in range(CHANGED):
            desk.site.edit_issue(f"PAY-{number + 1}", summary="Another")
        since = desk.clock.now - timedelta(minutes=1)
        desk.clock.now += timedelta(minutes=5)
        settings = desk.home.companies.instance("acme").settings

        def read(since: datetime | None, count: int) -> None:
            with reader_of(desk.home, settings, "jira") as reader:
                found = reader.read(
                    since, {}, by="", census=False, ours=frozenset(), progress=Silence()
                )
            assert len(found.rows) == count, len(found.rows)

        window, everything = in_turn(
            lambda: read(since, CHANGED), lambda: read(None, ISSUES), rounds=3
        )
        yield Row(
            f"reading {CHANGED} changed issues of {ISSUES:,}",
            f"{shown(window)} = {window / everything:.3f} ×",
            f"reading all of them, {shown(everything)}",
        )


def _publishing(folder: Path) -> Iterator[Row]:
    import httpx

    with _desk(folder) as desk:
        rounds = count()
        place = desk.home.publishing.places.named(Target("jira"))
        publisher = desk.home.publishing.places.publisher(place)
        record = LedgerRecord(desk.home.ledger, place.target, desk.clock)
        delivery = Delivery(publisher, record, kind="copy", ask=lambda _: None, now=desk.clock)

        def wanted() -> list[Wanted]:
            subjects = [f"copy:{next(rounds)}" for _ in range(COPIES)]
            return [
                Wanted(publication_key("jira", "PAY", one), one, "acme", "A title", "Some words.")
                for one in subjects
            ]

        def through_the_outbox() -> None:
            assert delivery.run(wanted()).counts["create"] == COPIES

        with httpx.Client(base_url=desk.url, auth=(EMAIL, TOKEN)) as bare:

            def blindly() -> None:
                for one in wanted():
                    draft = publisher.draft(one, None)
                    fields = {
                        "project": {"key": "PAY"},
                        "issuetype": {"name": "Task"},
                        "summary": draft.title,
                        "description": draft.document,
                    }
                    made = bare.post("/rest/api/3/issue", json={"fields": fields})
                    assert made.status_code == 201, made.text

            ours, theirs = in_turn(through_the_outbox, blindly, rounds=3)
        yield Row(
            f"publishing {COPIES} issues, looked for first, recorded and marked",
            f"{shown(ours / COPIES)} each = {ours / theirs:.1f} ×",
            f"{COPIES} bare POSTs that nobody can repeat, {shown(theirs / COPIES)} each",
        )


@contextmanager
def _desk(folder: Path) -> Iterator[Desk]:
    os.environ["ORCH_TOKEN"] = TOKEN
    clock = Clock()
    site = StandIn(clock, Rules())
    site.add_account(Account(EMAIL, TOKEN, "acc-bot", "Bot"))
    site.add_project("PAY", readers={EMAIL}, writers={EMAIL})
    with Home.init(folder, embedding=EmbeddingSettings()) as home, site.serving() as url:
        account = {"site": url, "email": EMAIL, "token_env": "ORCH_TOKEN", "project": "PAY"}
        account |= {"loopback": True, "requests_per_second": 100}
        own = CoordinatorSettings(jira=CoordinatorJira.model_validate(account))
        (home.path / "orch.yaml").write_text(dump(own))
        git = GitSettings(url="https://example.org/shop.git")
        jira = JiraSettings.model_validate(account)
        home.companies.create(CompanySettings(name="acme", git=git, jira=jira))
        home.__dict__["lanes"] = Lanes(now=clock, sleep=clock.sleep)
        yield Desk(home, site, url, clock)


def _beside(name: str) -> ModuleType:
    """A module of helpers that stands among the tests."""
    path = TESTS / f"{name}.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
