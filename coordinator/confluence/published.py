"""A page the coordinator published: what stands there, and whether anybody else wrote it.

Every version we write carries its content's hash in its message, but for the first one, which the
service makes without one: that is ours as long as the page has no second.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from coordinator.publishing.keys import marker_in
from coordinator.publishing.records import Remote
from coordinator.reading.answers import Read

PROPERTY = "orch"
FIRST = 1
_MESSAGE = re.compile(r"orch_dagster ([0-9a-f]{32})")
_STATES: dict[str, Literal["standing", "archived"]] = {
    "current": "standing",
    "archived": "archived",
}


class Version(Read):
    number: int
    message: str | None = None
    author: str | None = Field(None, alias="authorId")


class Adf(Read):
    value: str = ""


class Body(Read):
    adf: Adf | None = Field(None, alias="atlas_doc_format")


class PublishedPage(Read):
    """A page with its body as ADF."""

    id: str
    status: str = "current"
    title: str = ""
    space: str = Field("", alias="spaceId")
    author: str | None = Field(None, alias="authorId")
    created: datetime | None = Field(None, alias="createdAt")
    version: Version
    body: Body = Body()

    @property
    def document(self) -> Any:
        """Its body as an ADF document; None when it cannot be read."""
        try:
            return json.loads(self.body.adf.value) if self.body.adf else None
        except (ValueError, RecursionError):
            return None

    @property
    def key(self) -> str:
        """The key its body carries; empty when it carries none."""
        return marker_in(self.body.adf.value) if self.body.adf else ""

    def remote(self, me: str) -> Remote:
        """The page as the outbox sees it; `me` is the account we write as."""
        message = _MESSAGE.fullmatch(self.version.message or "")
        first = self.version.number == FIRST and self.author == me
        return Remote(
            id=self.id,
            name=self.id,
            stamp=str(self.version.number),
            ours=bool(message) or first,
            content=message[1] if message else "",
            title=self.title,
            state=_STATES.get(self.status, "gone"),
        )


def message_of(content: str) -> str:
    """The message of a version that says `content`."""
    return f"orch_dagster {content}"


def with_marker(document: dict[str, Any], key: str) -> dict[str, Any]:
    """`document` with its key on a last line of its own."""
    text = {"type": "text", "text": key, "marks": [{"type": "code"}]}
    content = [*document["content"], {"type": "paragraph", "content": [text]}]
    return {**document, "content": content}
