"""Publishing to a Jira project: an issue for each publication, found again by its label.

The label and a property stand on the issue from its first moment: both are set when it is made. The
property holds what we wrote, so that somebody else's change shows. Of what is withdrawn the words
go, the label too, and the issue is ended; it is never deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from coordinator.errors import SourceAbsent
from coordinator.jira import jql
from coordinator.jira.published import (
    DUPLICATE,
    FIELDS,
    PROPERTY,
    WITHDRAWN,
    PublishedIssue,
    issue_digest,
    mark,
)
from coordinator.publishing.records import Draft, Remote, Wanted
from coordinator.publishing.words import WORDS
from coordinator.rich_text import adf_of
from coordinator.settings import JiraTarget
from resources.atlassian import Site
from resources.jira.client import JiraClient

LONGEST_SUMMARY = 255
LONGEST_BODY = 30_000
"""Characters of Markdown: Jira takes 32,767 in one field."""


class JiraPublisher:
    """Answers `coordinator.ports.Publisher` for one project."""

    def __init__(self, site: Site, settings: JiraTarget, language: str) -> None:
        self._client = JiraClient(site)
        self._settings = settings
        self._words = WORDS[language]
        self.within_s = settings.timeout_s

    def draft(self, wanted: Wanted, parent: str | None) -> Draft:
        body = wanted.body
        if len(body) > LONGEST_BODY:
            body = f"{body[:LONGEST_BODY].rpartition(' ')[0]} …"
        return Draft(
            key=wanted.key,
            title=wanted.title[:LONGEST_SUMMARY],
            document=adf_of(body),
            content=wanted.content,
            labels=wanted.labels,
        )

    def look(self, key: str, title: str | None, since: datetime | None) -> Sequence[Remote]:
        query = jql.labelled(self._settings.project, key)
        found = [
            issue
            for page in self._client.search(
                query, PublishedIssue, fields=FIELDS, properties=[PROPERTY]
            )
            for issue in page
            # a label alone may have been put there by anybody
            if issue.properties.mark.key == key
        ]
        return [one.remote() for one in sorted(found, key=lambda one: int(one.id))]

    def read(self, id: str) -> Remote | None:
        try:
            issue = self._client.issue(id, PublishedIssue, fields=FIELDS, properties=[PROPERTY])
        except SourceAbsent:
            return None
        return issue.remote()

    def document(self, id: str) -> tuple[str, Any] | None:
        try:
            found = self._client.issue(id, PublishedIssue, fields=FIELDS).fields
        except SourceAbsent:
            return None
        return found.summary or "", found.description

    def create(self, draft: Draft) -> Remote:
        fields, digest = self._fields(draft.title, draft.document)
        fields |= {
            "project": {"key": self._settings.project},
            "issuetype": {"name": self._settings.issue_type},
            "labels": [draft.key, *draft.labels],
        }
        made = self._client.create(fields, {PROPERTY: mark(draft.key, draft.content, digest)})
        return Remote(made.id, made.key, digest, ours=True, content=draft.content)

    def write(self, remote: Remote, draft: Draft) -> Remote:
        fields, digest = self._fields(draft.title, draft.document)
        property = {PROPERTY: mark(draft.key, draft.content, digest)}
        self._client.edit(remote.id, fields, property, add_labels=[draft.key, *draft.labels])
        return Remote(remote.id, remote.name, digest, ours=True, content=draft.content)

    def withdraw(self, remote: Remote, key: str, content: str) -> Remote:
        document = adf_of(self._words["withdrawn_text"])
        fields, digest = self._fields(self._words["withdrawn"], document)
        self._client.edit(
            remote.id,
            fields,
            {PROPERTY: mark(key, content, digest)},
            add_labels=[WITHDRAWN],
            remove_labels=[key],
        )
        return Remote(remote.id, remote.name, digest, ours=True, content=content)

    def mark(self, id: str, key: str, content: str) -> None:
        """Hold in the property what the issue says now, if nobody else wrote it.

        A service may write a document in a form of its own: that is no change by a person.
        """
        issue = self._client.issue(
            id, PublishedIssue, fields=FIELDS, properties=[PROPERTY], expand="changelog"
        )
        remote = issue.remote()
        if not remote.ours and issue.last_author() in ("", self._me):
            self._client.edit(id, {}, {PROPERTY: mark(key, content, remote.stamp)})

    def archive(self, remote: Remote) -> Remote:
        self._end(remote.id)
        return Remote(remote.id, remote.name, remote.stamp, ours=True, state="archived")

    def close(self, id: str, key: str) -> None:
        self._client.edit(id, {}, {}, add_labels=[DUPLICATE], remove_labels=[key])
        self._end(id)

    @cached_property
    def _me(self) -> str:
        return self._client.myself()[0].id

    def _end(self, id: str) -> None:
        """End the issue, where its workflow lets anybody."""
        transition = self._client.ending_transition(id)
        if transition is not None:
            self._client.transition(id, transition)

    def _fields(self, title: str, document: Any) -> tuple[dict[str, Any], str]:
        digest = issue_digest(title, document)
        return {"summary": title, "description": document}, digest
