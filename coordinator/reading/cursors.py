"""From when on a source is read: a moment of the server's clock, and the rules it was read by.

The moment is the start of the last successful read less an overlap, never the newest change seen:
a search index runs behind, so what was changed before that may be found only later. A failed read
moves nothing. What the overlap shows again is known already and costs no write.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from coordinator import rules
from coordinator.ledger.chain import canonical_json
from coordinator.ledger.company_events import Source
from coordinator.ledger.company_state import CompanyState
from coordinator.settings import Remote
from coordinator.versions import source_version

OVERLAP = timedelta(minutes=15)
"""Search indexes are seconds to minutes behind; late commits in Postgres as long as they took."""

READ_BY: dict[str, frozenset[str]] = {
    "jira": frozenset({"site", "cloud_id", "project", "comments", "changelog"}),
    "confluence": frozenset({"site", "cloud_id", "space", "comments"}),
    "supabase": frozenset({"url", "database_url_env", "db_schema"}),
}
"""The settings that decide what is read: another value means reading everything again."""


@dataclass(frozen=True)
class ReadCursor:
    """Everything that changed at `since` (UTC) or later is still to be read, by `read_by`."""

    since: datetime
    read_by: str

    def text(self) -> str:
        """The cursor as the ledger keeps it."""
        return f"{self.since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}+{self.read_by}"


def read_by(source: Source, settings: Remote) -> str:
    """A digest of the settings and rules that decide what is read of a source, and how."""
    chosen = settings.model_dump(mode="json", include=set(READ_BY[source]))
    text = canonical_json([rules.READING, source, chosen])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def after_reading(began: datetime, by: str) -> ReadCursor:
    """The cursor of a read that began when the server's clock stood at `began`."""
    return ReadCursor((began - OVERLAP).replace(microsecond=0), by)


def since(source: Source, by: str, state: CompanyState) -> datetime | None:
    """From when on `source` must be read; None: everything, as at first or by other rules."""
    at, _, known = source_version(source, state).rpartition("+")
    return datetime.fromisoformat(at) if at and known == by else None


def news(source: Source, by: str, state: CompanyState, found: Iterable[Collection[str]]) -> str:
    """What a poll has to say: empty when there is nothing to do for a source.

    `found` are what is new there, each as what identifies it. A source that was never read, or by
    other rules, or whose last read did not come to its end, has something to do whatever is new:
    then `found` is not looked at.
    """
    version = source_version(source, state)
    cursor = state.cursors.get(source)
    if since(source, by, state) is None:
        return f"all:{by}"
    if cursor is None or cursor.cursor != version:
        return f"unfinished:{version}"
    new = sorted(canonical_json(list(one)) for one in found)
    return hashlib.sha256("\n".join(new).encode()).hexdigest()[:16] if new else ""
