"""Publishing to a Confluence space: a page for each publication, found again by its key.

A title stands once in a space, and the key stands in the page's body from its first moment: so a
page is found without asking the search index. Label and property follow in calls of their own. Of
what is withdrawn the words and the title go, then the page is archived; it is never deleted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from coordinator.confluence.pages import Stamp
from coordinator.confluence.published import (
    PROPERTY,
    PublishedPage,
    message_of,
    with_marker,
)
from coordinator.errors import SourceAbsent, SourceError, SourceRefused
from coordinator.publishing.keys import marker_in
from coordinator.publishing.records import Draft, Remote, Wanted
from coordinator.publishing.words import WORDS
from coordinator.reading.answers import parsed
from coordinator.rich_text import adf_of
from coordinator.settings import ConfluenceTarget
from resources.atlassian import Site
from resources.confluence.client import ConfluenceClient

LONGEST_TITLE = 255
LONGEST_BODY = 1_000_000
CLOCKS = timedelta(minutes=10)
"""Server and coordinator may disagree about the time by so much."""
ARCHIVING = (0.5, 1.0, 2.0, 4.0)
"""Seconds between looks whether a page is archived."""
LATE = timedelta(hours=2)
"""A lost call is carried out within that time: a page made later is somebody's copy of ours."""


class ConfluencePublisher:
    """Answers `coordinator.ports.Publisher` for one space."""

    def __init__(
        self,
        site: Site,
        settings: ConfluenceTarget,
        language: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sleep = sleep
        self._client = ConfluenceClient(site)
        self._settings = settings
        self._words = WORDS[language]
        self.within_s = settings.timeout_s

    def draft(self, wanted: Wanted, parent: str | None) -> Draft:
        document = with_marker(adf_of(wanted.body[:LONGEST_BODY]), wanted.key)
        title = wanted.title[:LONGEST_TITLE]
        return Draft(wanted.key, title, document, wanted.content, parent, wanted.labels)

    def look(self, key: str, title: str | None, since: datetime | None) -> Sequence[Remote]:
        found = {one.id: one for one in self._titled(title, key)} if title else {}
        if since is not None:
            found |= {one.id: one for one in self._made_since(since - CLOCKS, key)}
        return [one.remote(self._me) for one in sorted(found.values(), key=lambda one: int(one.id))]

    def read(self, id: str) -> Remote | None:
        page = self._page(id)
        if page is None or page.space != self._space:
            return None
        return page.remote(self._me)

    def document(self, id: str) -> tuple[str, Any] | None:
        page = self._page(id)
        return (page.title, page.document) if page is not None else None

    def create(self, draft: Draft) -> Remote:
        made = self._client.create(
            space=self._space, title=draft.title, document=draft.document, parent=draft.parent
        )
        stamp = str(made.version.number)
        return Remote(made.id, made.id, stamp, ours=True, content=draft.content)

    def write(self, remote: Remote, draft: Draft) -> Remote:
        made = self._client.update(
            remote.id,
            title=draft.title,
            document=draft.document,
            version=int(remote.stamp) + 1,
            message=message_of(draft.content),
        )
        stamp = str(made.version.number)
        return Remote(made.id, made.id, stamp, ours=True, content=draft.content)

    def withdraw(self, remote: Remote, key: str, content: str) -> Remote:
        # an archived page keeps its title: this one must not stand in the way of the next
        made = self._client.update(
            remote.id,
            title=f"{self._words['withdrawn']} {key} {remote.id}",
            document=adf_of(self._words["withdrawn_text"]),
            version=int(remote.stamp) + 1,
            message=message_of(content),
        )
        return Remote(made.id, made.id, str(made.version.number), ours=True, content=content)

    def mark(self, id: str, key: str, content: str) -> None:
        self._client.add_label(id, key)
        self._client.set_property(id, PROPERTY, {"key": key})

    def archive(self, remote: Remote) -> Remote:
        self._client.archive(remote.id)
        self._await_archived(remote.id)
        return Remote(remote.id, remote.name, remote.stamp, ours=True, state="archived")

    def close(self, id: str, key: str) -> None:
        page = self._page(id)
        if page is not None and page.status == "current":
            self._client.archive(id)

    def _await_archived(self, id: str) -> None:
        """Wait a little until it is done: a site archives one page after the other.

        It was accepted, so nothing that goes wrong here takes that back.
        """
        for pause in ARCHIVING:
            self._sleep(pause)
            try:
                page = self._page(id)
            except SourceError:
                return
            if page is None or page.status != "current":
                return

    def _titled(self, title: str, key: str) -> Iterator[PublishedPage]:
        """Our page of that title; SourceRefused when the title is taken by another."""
        statuses = ("current", "archived")
        for listed in self._client.listed(self._space, title=title, statuses=statuses):
            for one in listed:
                page = self._page(one.id)
                if page is None:
                    continue
                if page.key != key:
                    raise SourceRefused(
                        f"confluence of {self._client.site.owner}: page {one.id} ({one.status}) "
                        "has the title already and is not ours",
                        status=400,
                        hint="rename that page, or the document",
                    )
                yield page

    def _made_since(self, moment: datetime, key: str) -> Iterator[PublishedPage]:
        """Pages we made then that carry the key, whatever they are called."""
        made = [one.id for one in self._created_from(moment) if one.created < moment + LATE]
        pages, _ = self._client.pages(made)
        for one in pages:
            page = self._page(one.id) if marker_in(one.storage) == key else None
            if page is not None and page.author == self._me:
                yield page

    def _created_from(self, moment: datetime) -> Iterator[Stamp]:
        for listed in self._client.listed(self._space, sort="-created-date"):
            for one in listed:
                if one.created < moment:
                    return
                yield one

    def _page(self, id: str) -> PublishedPage | None:
        try:
            return parsed(PublishedPage, self._client.page(id), "a page")
        except SourceAbsent:
            return None

    @cached_property
    def _space(self) -> str:
        return self._client.space(self._settings.space)[0].id

    @cached_property
    def _me(self) -> str:
        return self._client.me()
