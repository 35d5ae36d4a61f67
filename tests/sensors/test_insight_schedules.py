"""When patterns are looked for, and when the pages about them are published."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pytest

from orch_dagster.definitions import defs
from resources.dagster_resources import HomeResource
from sensors.schedules import publication_schedule
from tests.resources.insights.conftest import CONFLUENCE, JIRA, fair, met

__all__ = ["fair", "met"]

pytestmark = pytest.mark.filterwarnings("ignore:Parameter `data_version` of initializer")


@pytest.fixture
def dagster() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def is_requested(home: Any, instance: dg.DagsterInstance) -> bool:
    with dg.build_schedule_context(
        instance=instance,
        scheduled_execution_time=datetime(2026, 3, 1, 3, tzinfo=UTC),
        resources={"home": HomeResource(path=str(home.path))},
    ) as context:
        return isinstance(publication_schedule(context), dg.RunRequest)


def test_patterns_are_looked_for_by_the_clock() -> None:
    (schedule,) = [one for one in defs.schedules or [] if one.name == "patterns_schedule"]
    assert schedule.job_name == "detect_patterns"
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING


def test_a_publication_is_asked_for_when_only_an_insight_is_due(
    met: Any,
    dagster: dg.DagsterInstance,
) -> None:
    assert not is_requested(met.home, dagster)
    met.says("acme")
    publishing = met.home.publishing
    for target in (JIRA, CONFLUENCE):
        assert not publishing.is_due(target, "copy")
        assert publishing.is_due(target, "insight")
    assert is_requested(met.home, dagster)
    met.deliver()
    assert not is_requested(met.home, dagster)


def test_a_lost_table_of_patterns_asks_for_nothing_and_fails_no_tick(
    met: Any,
    dagster: dg.DagsterInstance,
) -> None:
    met.says("acme")
    met.home.global_tables().drop("cross_company_patterns")
    assert not is_requested(met.home, dagster)
