"""What the approval sensor records and starts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from coordinator.settings import CompanySettings, EmbeddingSettings
from orch_dagster.definitions import defs
from resources.approvals import Approvals, Wanted
from resources.dagster_resources import HomeResource
from resources.home import Home
from sensors import approvals
from sensors.approvals import approval_sensor
from sensors.companies import UNFINISHED

# Dagster's word for a parameter that may still change; the version is pinned
pytestmark = pytest.mark.filterwarnings("ignore:Parameter `data_version` of initializer")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home.init(tmp_path / "home", embedding=EmbeddingSettings()) as made:
        git = {"url": "https://example.org/x.git"}
        given = {"name": "empresa-a", "git": git, "owners": [{"name": "Ana"}]}
        made.companies.create(CompanySettings.model_validate(given))
        yield made


@pytest.fixture
def dagster() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def ask(inbox: Approvals, subject: str, kind: Any = "publish_learning") -> int:
    asks = [("empresa-a", "export")]
    return inbox.propose(
        kind=kind, subject=subject, company="empresa-a", asks=asks, text=subject
    ).number


def approve(home: Home, subject: str, kind: Any = "publish_learning") -> int:
    number = ask(home.approvals, subject, kind)
    home.approvals.owners = {}  # nothing is held against what it is about now
    assert home.approvals.decide([Wanted(number, True)], by="Ana")[0].problem == ""
    return number


def tick(home: Home, dagster: dg.DagsterInstance, cursor: str | None = None) -> Any:
    with dg.build_sensor_context(
        instance=dagster,
        cursor=cursor,
        resources={"home": HomeResource(path=str(home.path))},
        definitions=defs,
    ) as context:
        return approval_sensor(context)


def keys(answer: Any) -> list[str]:
    return [one.run_key for one in getattr(answer, "run_requests", None) or []]


def test_what_waits_starts_nothing(home, dagster):
    ask(home.approvals, "one")
    assert keys(tick(home, dagster)) == []


def test_what_is_approved_starts_one_run_and_what_is_approved_later_another(home, dagster):
    approve(home, "one")
    first = tick(home, dagster)
    assert len(keys(first)) == 1
    assert keys(tick(home, dagster, first.cursor)) == []
    approve(home, "two")
    second = tick(home, dagster, first.cursor)
    assert len(keys(second)) == 1
    assert keys(second) != keys(first)


def test_what_is_still_approved_is_tried_again_later(home, dagster, monkeypatch):
    approve(home, "one")
    first = tick(home, dagster)
    later = datetime.now(UTC) + timedelta(minutes=2)
    monkeypatch.setattr(approvals, "datetime", Later(later))
    again = tick(home, dagster, first.cursor)
    assert len({*keys(first), *keys(again)}) == 2


class Later:
    """Stands for the module's clock."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def now(self, _: Any) -> datetime:
        return self._moment

    @staticmethod
    def fromisoformat(text: str) -> datetime:
        return datetime.fromisoformat(text)


# a queued run cannot be made without a daemon's origin: its status is only looked up
@pytest.mark.parametrize(
    "status", [one for one in UNFINISHED if one is not dg.DagsterRunStatus.QUEUED]
)
def test_no_second_run_starts_beside_one_that_is_going(home, dagster, status):
    approve(home, "one")
    dagster.add_run(dg.DagsterRun(job_name="refresh_global_memory", status=status))
    assert keys(tick(home, dagster)) == []


def test_a_run_whose_process_died_does_not_stop_the_next_for_long(home, dagster, monkeypatch):
    approve(home, "one")
    going = dg.DagsterRunStatus.STARTED
    dagster.add_run(dg.DagsterRun(job_name="refresh_global_memory", status=going))
    assert keys(tick(home, dagster)) == []
    monkeypatch.setattr(approvals, "datetime", Later(datetime.now(UTC) + timedelta(minutes=16)))
    assert len(keys(tick(home, dagster))) == 1


def test_a_kind_that_nobody_here_carries_out_starts_nothing(home, dagster):
    approve(home, "gate", "feature_gate")
    assert keys(tick(home, dagster)) == []


def test_what_nobody_decided_in_time_is_recorded_as_expired(home, dagster):
    long_ago = datetime.now(UTC) - timedelta(days=31)
    ask(Approvals(home, now=lambda: long_ago), "old")
    ask(home.approvals, "new")
    tick(home, dagster)
    tick(home, dagster)
    expired = home.ledger.read(event_type="proposal_expired")
    assert [event.payload.number for event in expired] == [1]
