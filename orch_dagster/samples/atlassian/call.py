"""One call of the API: who calls, what was asked, and what every operation needs to answer."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from orch_dagster.samples.atlassian.records import Account, Container, Rules
from orch_dagster.samples.atlassian.site import Site
from orch_dagster.samples.atlassian.wire import Request


@dataclass(frozen=True)
class Call:
    """A call that was let in. `now` is the server's clock, `due` when searches see what is written.

    `url` is the site's address, `root` what links to the API start with (the gateway's, behind it).
    """

    site: Site
    rules: Rules
    request: Request
    account: Account
    parts: dict[str, str]
    body: Any
    now: datetime
    real_now: datetime
    url: str
    root: str

    def due(self, record_id: str) -> datetime:
        return self.real_now + self.rules.lag(record_id)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.account.time_zone)

    def one(self, name: str, default: str = "") -> str:
        """A query parameter's value."""
        return self.request.query.get(name, [default])[0]

    def many(self, name: str) -> list[str]:
        """A query parameter's values: given more than once, or split by commas."""
        values = self.request.query.get(name, [])
        return [part.strip() for value in values for part in value.split(",") if part.strip()]

    def may_read(self, container: Container) -> bool:
        return container.read_by(self.account.email)

    def may_write(self, container: Container) -> bool:
        return container.written_by(self.account.email)

    def token(self, after: list[Any], question: str) -> str:
        """A page token: where the last page ended, which question it belongs to, when it ends."""
        ends = (self.now + self.rules.page_token_life).isoformat()
        held = json.dumps({"after": after, "of": question, "ends": ends})
        return base64.urlsafe_b64encode(held.encode()).decode()

    def after(self, token: str, question: str) -> list[Any] | None:
        """Where the page before ended; None when the token is no good for this question now."""
        try:
            held = json.loads(base64.urlsafe_b64decode(token.encode()))
            ends = datetime.fromisoformat(held["ends"])
            after = list(held["after"])
        except (ValueError, KeyError, TypeError):
            return None
        return after if held["of"] == question and self.now < ends else None


def milliseconds(moment: datetime) -> datetime:
    """The moment as the products keep it, to the millisecond."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def jira_time(moment: datetime, zone: ZoneInfo) -> str:
    """A moment as Jira writes it: 2026-01-31T12:00:00.000-0300."""
    local = moment.astimezone(zone)
    return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond // 1000:03}{local:%z}"


def confluence_time(moment: datetime) -> str:
    """A moment as Confluence writes it: 2026-01-31T15:00:00.000Z."""
    utc = moment - (moment.utcoffset() or timedelta())
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03}Z"
