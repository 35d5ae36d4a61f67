"""Days as metrics count them: from midnight to midnight in UTC, wherever this runs."""

from __future__ import annotations

from datetime import UTC, date, datetime


def utc_day(moment: datetime) -> date:
    """The day of `moment`, which has a time zone, in UTC."""
    return moment.astimezone(UTC).date()
