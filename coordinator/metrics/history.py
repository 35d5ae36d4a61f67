"""The metrics at the end of each day since the ledger began, from its events alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import pandas as pd

from coordinator.ledger.events import Event
from coordinator.metrics.days import utc_day
from coordinator.metrics.definitions import METRICS, Measured
from coordinator.metrics.tally import Tally

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Day:
    """All metrics by name at the end of a day (UTC); of today, until now."""

    day: date
    values: Mapping[str, Measured]


@dataclass(frozen=True)
class History:
    """The metrics now, and as they were at the end of every day since the first event.

    `days` is empty for a ledger without events, else it ends with today and leaves no day out.
    `adopters` holds how many companies adopted each shared component.
    """

    now: Day
    days: Sequence[Day] = ()
    adopters: Mapping[str, int] = field(default_factory=dict)

    def before(self, day: date) -> Day:
        """The metrics as `day` began; those of an empty ledger where there were none yet."""
        earlier = [one for one in self.days if one.day < day]
        return earlier[-1] if earlier else _measured(Tally(), day)


def history(events: Iterable[Event], today: date) -> History:
    """The metrics of a ledger whose events, of every stream, come in their order.

    An event counts from the day it happened, but never from one before that of an event recorded
    earlier, nor after `today`: a wrong clock must not turn the order around.
    """
    tally = Tally()
    days: list[Day] = []
    day: date | None = None
    for event in events:
        happened = min(utc_day(event.occurred_at), today)
        if day is None:
            day = happened
        while day < happened:
            days.append(_measured(tally, day))
            day += ONE_DAY
        tally.add(event)
    now = _measured(tally, today)
    while day is not None and day < today:
        days.append(_measured(tally, day))
        day += ONE_DAY
    if day is not None:
        days.append(now)
    return History(now=now, days=tuple(days), adopters=tally.figures(today).sharing.adopters)


def as_frame(found: History) -> pd.DataFrame:
    """A row for each day and metric.

    Columns `id` (day and metric), `day` (midnight UTC), `metric`, `value` (NaN for none yet),
    `part` and `whole` (missing where the metric is no ratio).
    """
    rows = [
        (f"{one.day} {name}", one.day, name, measured.value, measured.part, measured.whole)
        for one in found.days
        for name, measured in one.values.items()
    ]
    frame = pd.DataFrame(rows, columns=["id", "day", "metric", "value", "part", "whole"])
    frame["day"] = pd.to_datetime(frame["day"], utc=True).astype("datetime64[us, UTC]")
    frame["value"] = frame["value"].astype("float64")
    return frame.astype({"part": "Int64", "whole": "Int64"})


def _measured(tally: Tally, day: date) -> Day:
    figures = tally.figures(day)
    return Day(day, {metric.name: metric.measure(figures) for metric in METRICS})
