"""Jira's issues as rows of the table `jira_issues`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import pandas as pd
from pydantic import Field

from coordinator.plain_text import one_line, plain, visible
from coordinator.publishing.keys import is_label
from coordinator.reading.answers import Read
from coordinator.rich_text import markdown_of_adf, mentioned_people

FIELDS = (
    "summary",
    "description",
    "status",
    "resolution",
    "issuetype",
    "labels",
    "created",
    "updated",
    "resolutiondate",
    "reporter",
    "assignee",
    "creator",
)
"""What is asked for of an issue; attachments and custom fields are not."""

COLUMNS = (
    "id",
    "key",
    "title",
    "text",
    "comments",
    "history",
    "status",
    "state",
    "resolution",
    "kind",
    "labels",
    "people",
    "created_at",
    "updated_at",
    "resolved_at",
)
MOMENTS = ("created_at", "updated_at", "resolved_at")
LONGEST_TITLE = 500
LONGEST_TEXT = 100_000
"""Characters; Jira's own limit for one text field is 32,767."""


class Category(Read):
    key: str = ""


class Named(Read):
    name: str = ""
    category: Category = Field(Category(), alias="statusCategory")


class Person(Read):
    name: str = Field("", alias="displayName")
    email: str = Field("", alias="emailAddress")


class Comment(Read):
    id: str
    author: Person | None = None
    body: Any = None
    created: datetime


class Comments(Read):
    comments: tuple[Comment, ...] = ()
    total: int = 0


class Change(Read):
    field: str = ""
    before: str | None = Field(None, alias="fromString")
    after: str | None = Field(None, alias="toString")


class Changes(Read):
    created: datetime
    items: tuple[Change, ...] = ()


class History(Read):
    histories: tuple[Changes, ...] = ()


class Fields(Read):
    updated: datetime
    created: datetime | None = None
    summary: str | None = None
    description: Any = None
    status: Named = Named()
    resolution: Named | None = None
    kind: Named = Field(Named(), alias="issuetype")
    labels: tuple[str, ...] = ()
    resolved: datetime | None = Field(None, alias="resolutiondate")
    reporter: Person | None = None
    assignee: Person | None = None
    creator: Person | None = None
    comment: Comments = Comments()


class Issue(Read):
    """An issue with the fields that were asked for."""

    id: str
    key: str
    fields: Fields
    changelog: History = History()

    @property
    def is_ours(self) -> bool:
        """Whether the coordinator published it: it must not be read back as the company's own."""
        return any(is_label(label) for label in self.fields.labels)


class Stub(Read):
    """An issue of which only the id is asked."""

    id: str


class Placed(Read):
    """An issue of which only the place is asked."""

    id: str
    key: str

    @property
    def project(self) -> str:
        """The key of the project it stands in now."""
        return self.key.rpartition("-")[0]


class Moved(Read):
    updated: datetime
    labels: tuple[str, ...] = ()


class Stamp(Read):
    """An issue of which only the last change is asked."""

    id: str
    fields: Moved

    @property
    def is_ours(self) -> bool:
        return any(is_label(label) for label in self.fields.labels)


def issues_frame(issues: Iterable[Issue]) -> pd.DataFrame:
    """Issues as rows of COLUMNS; of one id the one changed last stays."""
    newest: dict[str, Issue] = {}
    for issue in issues:
        held = newest.get(issue.id)
        if held is None or issue.fields.updated >= held.fields.updated:
            newest[issue.id] = issue
    rows = [_row(issue) for _, issue in sorted(newest.items())]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    for name in MOMENTS:
        frame[name] = pd.to_datetime(frame[name], utc=True).astype("datetime64[us, UTC]")
    return frame


def _row(issue: Issue) -> dict[str, Any]:
    fields = issue.fields
    return {
        "id": issue.id,
        "key": visible(issue.key),
        "title": one_line(plain(fields.summary or ""), LONGEST_TITLE),
        "text": markdown_of_adf(fields.description)[:LONGEST_TEXT],
        "comments": "\n\n".join(_comments(fields.comment.comments))[:LONGEST_TEXT],
        "history": "\n".join(_statuses(issue.changelog))[:LONGEST_TEXT],
        "status": plain(fields.status.name),
        "state": fields.status.category.key,
        "resolution": plain(fields.resolution.name) if fields.resolution else "",
        "kind": plain(fields.kind.name),
        "labels": sorted(visible(label) for label in fields.labels),
        "people": sorted(set(_people(fields))),
        "created_at": fields.created,
        "updated_at": fields.updated,
        "resolved_at": fields.resolved,
    }


def _comments(comments: Iterable[Comment]) -> Iterator[str]:
    for comment in sorted(comments, key=lambda one: (one.created, one.id)):
        text = markdown_of_adf(comment.body).strip()
        if text:
            yield text


def _statuses(history: History) -> Iterator[str]:
    """One line for each change of the status, oldest first."""
    for changes in sorted(history.histories, key=lambda one: one.created):
        for change in changes.items:
            if change.field == "status":
                before, after = plain(change.before or ""), plain(change.after or "")
                yield f"{changes.created:%Y-%m-%d}: {before} → {after}"


def _people(fields: Fields) -> Iterator[str]:
    """Everybody an issue names: whoever shares a learning of it must not give their names away."""
    people = [fields.reporter, fields.assignee, fields.creator]
    people += [comment.author for comment in fields.comment.comments]
    for person in people:
        if person is not None:
            yield from filter(None, (plain(person.name), plain(person.email)))
    yield from mentioned_people(fields.description)
    for comment in fields.comment.comments:
        yield from mentioned_people(comment.body)
