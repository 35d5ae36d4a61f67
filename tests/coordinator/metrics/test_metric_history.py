"""The metrics day by day, as rows and in words."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta, timezone
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest

from coordinator.frames import data_version
from coordinator.metrics import METRICS, Measured, as_frame, history
from coordinator.metrics.wording import with_unit, worded, worded_change

AUTH = "acme/component:a0"
P = "p-000000000001"
G1, G2, G3 = (f"g-{number:016x}" for number in range(1, 4))
BY_NAME = {metric.name: metric for metric in METRICS}


def o(number: int) -> str:
    return f"o-{number:012x}"


def test_an_empty_ledger_has_no_days_and_no_ratio() -> None:
    found = history([], date(2026, 3, 1))
    assert found.days == ()
    ratios = {name for name, one in found.now.values.items() if one.value is None}
    assert ratios == {
        *("reuse_rate", "adopters_per_component", "time_to_adopt", "edits_after_adoption"),
        *("learning_rate", "work_per_change", "copies_seen", "copy_age"),
    }
    assert all(one.value == 0 for name, one in found.now.values.items() if name not in ratios)


def test_no_value_is_ever_not_a_number(told: Any) -> None:
    told.suggest(o(1), 1)
    told.share(AUTH, "beta")
    for day in told.history(today=date(2026, 3, 9)).days:
        values = [one.value for one in day.values.values() if one.value is not None]
        assert all(math.isfinite(value) for value in values)


def test_the_history_holds_every_day_as_it_ended(told: Any) -> None:
    told.publish(G1, "acme", "l1")
    told.day = 0.6  # the same day, 22:24
    told.publish(G2, "acme", "l2")
    told.day = 3
    told.publish(G3, "acme", "l3")
    found = told.history(today=date(2026, 3, 6))
    standing = [(one.day.day, one.values["standing_copies"].value) for one in found.days]
    assert standing == [(1, 2), (2, 2), (3, 2), (4, 3), (5, 3), (6, 3)]
    assert [one.values["copy_age"].value for one in found.days] == [0, 1, 2, 3, 4, 5]
    assert found.now == found.days[-1]
    assert found.before(date(2026, 3, 4)).values["standing_copies"].value == 2
    assert found.before(date(2026, 3, 1)).values["standing_copies"].value == 0
    assert found.before(date(2026, 3, 1)).values["copies_seen"].value is None


def test_days_are_those_of_utc_whatever_zone_a_time_is_told_in(told: Any) -> None:
    told.day = 0.6  # 22:24 in UTC is the next day in Tokyo and the same in São Paulo
    told.publish(G1, "acme", "l1")
    told.day = 1.9
    told.publish(G2, "acme", "l2")
    expected = told.history()
    assert [one.day for one in expected.days] == [
        date(2026, 3, 1),
        date(2026, 3, 2),
        date(2026, 3, 3),
    ]
    for hours in (-3, 9):
        zone = timezone(timedelta(hours=hours))
        moved = [replace(one, occurred_at=one.occurred_at.astimezone(zone)) for one in told.events]
        assert told.history(moved) == expected


def test_a_wrong_clock_turns_no_day_around(told: Any) -> None:
    told.day = 2
    told.publish(G1, "acme", "l1")
    told.day = 0  # an event that says it happened before
    told.publish(G2, "acme", "l2")
    told.day = 30_000  # and one in the next century
    told.publish(G3, "acme", "l3")
    found = told.history(today=date(2026, 3, 5))
    standing = [one.values["standing_copies"].value for one in found.days]
    assert standing == [2, 2, 3]
    assert all(one.values["copy_age"].value >= 0 for one in found.days)
    assert [b.day - a.day for a, b in pairwise(found.days)] == [timedelta(days=1)] * 2


def test_events_of_unknown_companies_and_proposals_are_taken_as_they_are(told: Any) -> None:
    told.tell("proposal_carried_out", "approvals", None, number=7, result="x")
    told.tell(
        "proposal_decided",
        "approvals",
        None,
        number=8,
        decision="approve",
        ask={"company": "nobody", "role": "export"},
        content="0" * 64,
    )
    told.of_company("company_removed", "nobody")
    told.see(G1, "nobody", "nobody-else")
    told.of_memory("learning_retracted", "nobody", id=G1, reason="x")
    told.of_memory("learning_superseded", "nobody", id=G1, by=G2, proposal=1)
    told.of_pattern("pattern_changed", pattern=P, joined=[AUTH])
    told.drift(P, AUTH, 1.0, 0.5)
    told.suggestion_answered(o(1), 1)
    told.need_closed(o(1))
    assert told.history().now.values == history([], told.now.date()).now.values


def test_the_rows_are_one_for_each_day_and_metric_and_the_same_all_day(told: Any) -> None:
    told.share(AUTH, "beta")
    told.publish(G1, "acme", "l1")
    frame = as_frame(told.history(today=date(2026, 3, 2)))
    assert len(frame) == 2 * len(METRICS)
    assert frame["id"].is_unique
    rows = frame.set_index("id")
    assert rows.loc["2026-03-01 reuse_rate", ["value", "part", "whole"]].tolist() == [1.0, 1, 1]
    assert pd.isna(rows.loc["2026-03-02 work_per_change", "value"])
    assert rows.loc["2026-03-02 work_per_change", "whole"] == 0
    assert pd.isna(rows.loc["2026-03-02 sights", "whole"])
    assert data_version(frame) == data_version(as_frame(told.history(today=date(2026, 3, 2))))
    assert as_frame(history([], date(2026, 3, 1))).columns.tolist() == frame.columns.tolist()


# -- in words ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "before", "now", "value", "change"),
    [
        ("reuse_rate", 0.5, 0.25, "25%", "−25 points"),
        ("reuse_rate", None, 0.25, "25%", "new"),
        ("reuse_rate", 0.5, None, "not yet", ""),
        ("sights", 1_000, 1_234, "1,234", "+234"),
        ("sights", 7, 7, "7", ""),
        ("time_to_adopt", 2.0, 1.234, "1.23", "−0.77"),
        ("standing_copies", 0, 100, "100", "+100"),
    ],
)
def test_values_are_worded_with_what_changed(
    metric: str, before: float | None, now: float | None, value: str, change: str
) -> None:
    one = BY_NAME[metric]
    assert worded(one, Measured(now)) == value
    assert worded_change(one, Measured(before), Measured(now)) == change


def test_a_unit_is_named_where_the_title_does_not_say_it() -> None:
    said = {
        ("sights", 1): "1",
        ("copy_age", 1): "1 day",
        ("copy_age", 2.5): "2.5 days",
        ("copy_age", None): "not yet",
        ("reuse_rate", 0.5): "50%",
        ("edits_after_adoption", 0.25): "0.25 per adoption",
    }
    assert {key: with_unit(BY_NAME[key[0]], Measured(key[1])) for key in said} == said
