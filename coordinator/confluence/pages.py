"""Confluence's pages as rows of the table `confluence_pages`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pandas as pd
from pydantic import Field

from coordinator.plain_text import one_line, plain
from coordinator.publishing.keys import marker_in
from coordinator.reading.answers import Read
from coordinator.rich_text import markdown_of_storage

COLUMNS = (
    "id",
    "title",
    "text",
    "comments",
    "parent",
    "version",
    "created_at",
    "updated_at",
)
MOMENTS = ("created_at", "updated_at")
LONGEST_TITLE = 500
LONGEST_PAGE = 5_000_000
"""Characters of storage format: a larger page is left out and counted."""
LONGEST_TEXT = 1_000_000


class Version(Read):
    number: int
    created: datetime = Field(alias="createdAt")
    message: str | None = None


class Storage(Read):
    value: str = ""


class Body(Read):
    storage: Storage | None = None


class Stamp(Read):
    """A page as it is listed, without its body."""

    id: str
    status: str = "current"
    title: str = ""
    parent: str | None = Field(None, alias="parentId")
    created: datetime = Field(alias="createdAt")
    version: Version


class Page(Stamp):
    """A page with its body in storage format."""

    body: Body = Body()

    @property
    def storage(self) -> str:
        return self.body.storage.value if self.body.storage else ""

    @property
    def is_ours(self) -> bool:
        """Whether the coordinator published it: it must not be read back as the company's own."""
        return bool(marker_in(self.storage))


class FooterComment(Read):
    id: str
    version: Version
    body: Body = Body()


def pages_frame(pages: Iterable[tuple[Page, tuple[FooterComment, ...]]]) -> pd.DataFrame:
    """Pages with their comments as rows of COLUMNS, in the order of their ids."""
    newest: dict[str, tuple[Page, tuple[FooterComment, ...]]] = {}
    for page, comments in pages:
        held = newest.get(page.id)
        if held is None or page.version.number >= held[0].version.number:
            newest[page.id] = (page, comments)
    rows = [_row(*newest[key]) for key in sorted(newest)]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    for name in MOMENTS:
        frame[name] = pd.to_datetime(frame[name], utc=True).astype("datetime64[us, UTC]")
    return frame.astype({"version": "int64"})


def _row(page: Page, comments: tuple[FooterComment, ...]) -> dict[str, Any]:
    bodies = [one.body.storage.value if one.body.storage else "" for one in comments]
    texts = filter(None, (markdown_of_storage(body).strip() for body in bodies))
    return {
        "id": page.id,
        "title": one_line(plain(page.title), LONGEST_TITLE),
        "text": markdown_of_storage(page.storage)[:LONGEST_TEXT],
        "comments": "\n\n".join(texts)[:LONGEST_TEXT],
        "parent": page.parent or "",
        "version": page.version.number,
        "created_at": page.created,
        "updated_at": page.version.created,
    }
