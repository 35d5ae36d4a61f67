"""Rate limits: a token bucket per account, and a window per issue that is written to."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from orch_dagster.samples.atlassian.records import RateLimit


@dataclass
class Refusal:
    """A call too many: why, and how long to wait."""

    reason: str
    limit: int
    wait_s: float

    def headers(self, now: datetime, *, retry_after: bool) -> dict[str, str]:
        """The headers of a 429; a server may leave Retry-After out."""
        wait = max(1, math.ceil(self.wait_s))
        reset = (now + timedelta(seconds=wait)).strftime("%Y-%m-%dT%H:%M:%SZ")
        headers = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": reset,
            "RateLimit-Reason": self.reason,
        }
        return headers | ({"Retry-After": str(wait)} if retry_after else {})


class Buckets:
    """Token buckets by name; a bucket nobody used yet is full."""

    def __init__(self) -> None:
        self._levels: dict[str, tuple[float, datetime]] = {}

    def take(self, name: str, limit: RateLimit, now: datetime, reason: str) -> Refusal | int:
        """Take one token; the tokens that are left, or why there is none."""
        level, since = self._levels.get(name, (float(limit.burst), now))
        passed = max(0.0, (now - since).total_seconds())
        level = min(float(limit.burst), level + passed * limit.per_second)
        if level < 1:
            self._levels[name] = (level, now)
            return Refusal(reason, limit.burst, (1 - level) / limit.per_second)
        self._levels[name] = (level - 1, now)
        return int(level - 1)


WRITES = 20
WRITES_WITHIN = timedelta(seconds=2)


class IssueWrites:
    """At most 20 writes to one issue within two seconds, as Jira has it."""

    def __init__(self) -> None:
        self._writes: dict[str, deque[datetime]] = {}

    def take(self, issue: str, now: datetime) -> Refusal | None:
        """Count a write; None when it may go on."""
        writes = self._writes.setdefault(issue, deque())
        while writes and writes[0] <= now - WRITES_WITHIN:
            writes.popleft()
        if len(writes) >= WRITES:
            wait = (writes[0] + WRITES_WITHIN - now).total_seconds()
            return Refusal("jira-per-issue-on-write", WRITES, wait)
        writes.append(now)
        return None
