"""How long to wait before a call is tried again: as the server says, else longer each time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 8.0
LONGEST_TOLD_S = 86_400.0
"""A day: a server that says more is wrong, or wants the lane to stand still for ever."""
ONE_ISSUE = "jira-per-issue-on-write"


@dataclass(frozen=True)
class Told:
    """What an answer says about coming again.

    `wait_s` is None when it says nothing usable; `whole_lane` is False when only this one call is
    meant, as with Jira's limit on writes to one issue.
    """

    wait_s: float | None
    whole_lane: bool = True


def told(headers: Mapping[str, str], now: datetime) -> Told:
    """What ``Retry-After``, else Jira's ``X-RateLimit-Reset``, and ``RateLimit-Reason`` say.

    Moments are counted from the answer's own ``Date``, `now` only without one: the two clocks may
    differ by hours. `headers` is asked by lower-case name.
    """
    whole_lane = headers.get("ratelimit-reason", "").strip().lower() != ONE_ISSUE
    sent = _http_date(headers.get("date", "")) or now
    retry_after = headers.get("retry-after", "").strip()
    wait = _seconds(retry_after)
    if wait is None:
        moment = _http_date(retry_after) or _iso_date(headers.get("x-ratelimit-reset", "").strip())
        wait = None if moment is None else (moment - sent).total_seconds()
    return Told(None if wait is None else min(max(wait, 0.0), LONGEST_TOLD_S), whole_lane)


def growing_wait(attempt: int, chance: float) -> float:
    """Seconds to wait after the `attempt`-th try (from 1): doubling, half of it by `chance` (0..1).

    Without chance, all that failed together come again together.
    """
    longest = min(FIRST_WAIT_S * 2.0 ** (attempt - 1), LONGEST_WAIT_S)
    return longest * (0.5 + 0.5 * chance)


def _seconds(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None


def _http_date(text: str) -> datetime | None:
    try:
        return _aware(parsedate_to_datetime(text)) if text else None
    except (ValueError, OverflowError):
        return None


def _iso_date(text: str) -> datetime | None:
    try:
        return _aware(datetime.fromisoformat(text))
    except ValueError:
        return None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
