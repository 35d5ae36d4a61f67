"""What stands on the stand-in's site: people, issues, pages, and what happened to them.

All moments are aware and in UTC, as the server's clock showed them. An issue or page is never
changed: a write puts a new record in the old one's place, so that an index may still hold the old.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

Json = Any
Edition = Literal["free", "standard", "premium"]
PageStatus = Literal["current", "archived", "trashed"]


@dataclass(frozen=True)
class Account:
    """Somebody who may call: an API token belongs to an e-mail and, when `scoped`, to the gateway.

    A scoped token works under `/ex/{product}/{cloud id}` only, any other on the site only.
    """

    email: str
    token: str
    account_id: str
    display_name: str
    time_zone: str = "America/Sao_Paulo"
    expires: datetime | None = None
    scoped: bool = False


@dataclass(frozen=True)
class Person:
    """Somebody who wrote something; every account is one."""

    account_id: str
    display_name: str
    email: str = ""
    time_zone: str = "UTC"


@dataclass(frozen=True)
class RateLimit:
    """A token bucket: `burst` calls at once, `per_second` more as time passes."""

    burst: int
    per_second: float


@dataclass
class Rules:
    """How the site behaves; may be changed at any time and holds for what comes after.

    `index_lag` is how far searches are behind (a function is asked with the id of what was
    written), `late_commit` how long a write takes whose connection was dropped, `archive_delay`
    how long an archiving task takes, `skew` what the server's clock is ahead of the real one.
    `issue_writes`: an issue takes 20 writes within two seconds and no more.
    `normalise`: documents are kept as Atlassian keeps them, not byte for byte.
    """

    index_lag: timedelta | Callable[[str], timedelta] = timedelta()
    late_commit: timedelta = timedelta(seconds=30)
    archive_delay: timedelta = timedelta(seconds=5)
    skew: timedelta = timedelta()
    rate: RateLimit | None = None
    issue_writes: bool = True
    retry_after: bool = True
    normalise: bool = True
    page_token_life: timedelta = timedelta(days=7)
    edition: Edition = "premium"

    def lag(self, record_id: str) -> timedelta:
        """How long what was just written to `record_id` stays unseen by searches."""
        return self.index_lag(record_id) if callable(self.index_lag) else self.index_lag


@dataclass(frozen=True)
class Container:
    """A Jira project or a Confluence space, for whom (e-mails) it is there and who may write.

    `readers` None: every account; `writers` None: every reader. A writer always reads.
    """

    id: str
    key: str
    name: str
    created: datetime
    readers: frozenset[str] | None = None
    writers: frozenset[str] | None = None
    homepage: str = ""
    issue_types: tuple[str, ...] = ("Task", "Bug", "Story")
    statuses: tuple[str, ...] = ("To Do", "In Progress", "Done")

    def read_by(self, email: str) -> bool:
        return self.readers is None or email in self.readers or email in (self.writers or ())

    def written_by(self, email: str) -> bool:
        return self.read_by(email) and (self.writers is None or email in self.writers)


@dataclass(frozen=True)
class Comment:
    """A comment: `body` is ADF on an issue and storage format on a page."""

    id: str
    author: str
    body: Json
    created: datetime


@dataclass(frozen=True)
class Change:
    """One entry of an issue's history: per field its name, the old and the new value."""

    id: str
    author: str
    created: datetime
    items: tuple[tuple[str, str | None, str | None], ...]


@dataclass(frozen=True)
class Issue:
    """An issue; people are account ids, `description` is ADF."""

    id: str
    key: str
    project: str
    summary: str
    description: Json
    issue_type: str
    status: str
    resolution: str | None
    resolved: datetime | None
    labels: tuple[str, ...]
    reporter: str
    created: datetime
    updated: datetime
    properties: dict[str, Json] = field(default_factory=dict)
    comments: tuple[Comment, ...] = ()
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Body:
    """A document as it was written: `value` is XHTML (storage) or a dict (atlas_doc_format)."""

    representation: Literal["storage", "atlas_doc_format"]
    value: Json


@dataclass(frozen=True)
class Version:
    """One version of a page, or (without title and body) of a property."""

    number: int
    author: str
    created: datetime
    message: str = ""
    title: str = ""
    body: Body = Body("storage", "")


@dataclass(frozen=True)
class Label:
    """A page's label."""

    id: str
    name: str
    prefix: str = "global"


@dataclass(frozen=True)
class Property:
    """A page's content property; its key is unique on the page."""

    id: str
    key: str
    value: Json
    version: Version


@dataclass(frozen=True)
class Page:
    """A page with all its versions, oldest first; `parent` is a page's id, empty at the root."""

    id: str
    space: str
    status: PageStatus
    parent: str
    position: int
    author: str
    created: datetime
    versions: tuple[Version, ...]
    labels: tuple[Label, ...] = ()
    properties: tuple[Property, ...] = ()
    comments: tuple[Comment, ...] = ()

    @property
    def version(self) -> Version:
        return self.versions[-1]

    @property
    def title(self) -> str:
        return self.version.title

    @property
    def body(self) -> Body:
        return self.version.body


@dataclass(frozen=True)
class Later:
    """What will happen once the clock shows `due`: a late request, or the end of an archiving."""

    due: datetime
    kind: Literal["request", "archive"]
    what: dict[str, Json]
