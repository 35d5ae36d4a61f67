"""JQL by builders: every value is quoted, every query bounded by a project.

Times in JQL are read in the account's own time zone, to the minute, and so they are written here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

FURTHEST_BEHIND = timedelta(hours=12)
"""No clock on earth is further behind UTC."""


def changed_since(project: str, moment: datetime | None, zone: str | None) -> str:
    """Issues of `project` changed at `moment` or later, oldest change first; None: all of them.

    No upper bound: what is indexed while we read would fall behind it.
    """
    window = f' AND updated >= "{local_minute(moment, zone)}"' if moment else ""
    return f"project = {quoted(project)}{window} ORDER BY updated ASC, key ASC"


def everything(project: str) -> str:
    """All issues of `project`, by key: the census."""
    return f"project = {quoted(project)} ORDER BY key ASC"


def labelled(project: str, label: str) -> str:
    """The issues of `project` that carry `label`, oldest first."""
    return f"project = {quoted(project)} AND labels = {quoted(label)} ORDER BY created ASC, key ASC"


def quoted(text: str) -> str:
    """`text` as a JQL string literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    if any(ord(char) < 32 for char in escaped):
        raise ValueError("a JQL literal cannot hold control characters")
    return f'"{escaped}"'


def local_minute(moment: datetime, zone: str | None) -> str:
    """`moment` as ``yyyy-MM-dd HH:mm`` on the clock of `zone`, never later than it really is.

    In the hour that a clock set back shows twice, Jira may take the later one: then an hour more
    is asked for. Of a zone nobody here knows, as much as any clock may be behind.
    """
    utc = moment.astimezone(UTC)
    try:
        local = utc.astimezone(ZoneInfo(zone or ""))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return f"{utc - FURTHEST_BEHIND:%Y-%m-%d %H:%M}"
    first, second = (local.replace(fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    return f"{local - abs(first - second):%Y-%m-%d %H:%M}"
