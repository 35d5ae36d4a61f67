"""An issue the coordinator published: what stands there, and whether anybody else wrote it."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from pydantic import Field

from coordinator.ledger.chain import canonical_json
from coordinator.publishing.records import Remote
from coordinator.reading.answers import Read
from coordinator.rich_text import adf_digest

PROPERTY = "orch"
WITHDRAWN = "orch-withdrawn"
DUPLICATE = "orch-duplicate"
FIELDS = ("summary", "description", "labels", "status")


class Mark(Read):
    """What we keep in the issue's property: key, content's hash, and what the issue said then."""

    key: str = ""
    content: str = ""
    digest: str = ""


class Properties(Read):
    mark: Mark = Field(Mark(), alias=PROPERTY)


class Fields(Read):
    class Status(Read):
        class Category(Read):
            key: str = ""

        category: Category = Field(Category(), alias="statusCategory")

    summary: str | None = None
    description: Any = None
    labels: tuple[str, ...] = ()
    status: Status = Status()


class Changes(Read):
    class Author(Read):
        id: str = Field("", alias="accountId")

    class Item(Read):
        field: str = ""

    author: Author = Author()
    created: datetime
    items: tuple[Item, ...] = ()


class History(Read):
    histories: tuple[Changes, ...] = ()


class PublishedIssue(Read):
    """An issue with the FIELDS, our property, and its changelog where that was asked for."""

    id: str
    key: str
    fields: Fields
    properties: Properties = Properties()
    changelog: History = History()

    def last_author(self) -> str:
        """Who wrote what it says now, by account id; empty: whoever made it."""
        written = [
            one
            for one in self.changelog.histories
            if any(item.field in ("summary", "description") for item in one.items)
        ]
        return max(written, key=lambda one: one.created).author.id if written else ""

    def remote(self) -> Remote:
        """The issue as the outbox sees it."""
        digest = issue_digest(self.fields.summary or "", self.fields.description)
        mark = self.properties.mark
        withdrawn = WITHDRAWN in self.fields.labels and self.fields.status.category.key == "done"
        ours = mark.digest == digest
        return Remote(
            id=self.id,
            name=self.key,
            stamp=digest,
            ours=ours,
            content=mark.content if ours else "",
            title=self.fields.summary or "",
            state="archived" if withdrawn else "standing",
        )


def issue_digest(summary: str, description: Any) -> str:
    """What an issue says, whatever form the service gave it: 32 hex digits."""
    said = canonical_json([" ".join(summary.split()), adf_digest(description)])
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def mark(key: str, content: str, digest: str) -> dict[str, str]:
    """The value of our property."""
    return {"key": key, "content": content, "digest": digest}
