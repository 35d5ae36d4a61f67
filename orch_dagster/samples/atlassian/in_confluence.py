"""What people do in Confluence, beside what programs do by the API."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from orch_dagster.samples.atlassian.call import milliseconds
from orch_dagster.samples.atlassian.records import (
    Body,
    Container,
    Label,
    Page,
    PageStatus,
    Version,
)
from orch_dagster.samples.atlassian.world import SOMEBODY, World


class InConfluence(World):
    """A site's Confluence as people use it."""

    def add_space(
        self,
        key: str,
        *,
        name: str = "",
        readers: Collection[str] | None = None,
        writers: Collection[str] | None = None,
    ) -> str:
        """Make a space with its homepage, or change who may see it; returns its id.

        `readers` (e-mails) None: every account; `writers` None: every reader. For others it is
        not there.
        """
        with self._lock:
            old = self.site.spaces.get(key)
            made = Container(
                id=old.id if old else self.site.new_id(),
                key=key,
                name=name or (old.name if old else key.title()),
                created=old.created if old else self._now(),
                readers=None if readers is None else frozenset(readers),
                writers=None if writers is None else frozenset(writers),
                homepage=old.homepage if old else self.site.new_id(),
            )
            self.site.spaces[key] = made
            if old is None:
                self._put_new(made, made.homepage, made.name, Body("storage", ""), "", SOMEBODY)
            return made.id

    def add_page(
        self,
        space: str,
        *,
        title: str,
        storage: str | None = None,
        adf: Any = None,
        parent: str = "",
        author: str = SOMEBODY,
        labels: Iterable[str] = (),
        created: datetime | None = None,
        comments: Iterable[Any] = (),
    ) -> str:
        """Make a page from storage format or ADF; returns its id.

        `parent` is a page's id, the space's homepage when empty. `comments` are storage format,
        or (who, storage format).
        """
        with self._lock:
            self.settle()
            place, page_id = self.site.spaces[space], self.site.new_id()
            above = parent or place.homepage
            body = _body(storage or "", adf)
            page = self._put_new(place, page_id, title, body, above, author, created)
            made = tuple(Label(self.site.new_id(), name.lower()) for name in labels)
            rows = tuple(self._comment(row, author, page.created) for row in comments)
            self._put(replace(page, labels=made, comments=rows))
            return page_id

    def edit_page(
        self,
        page_id: str,
        *,
        title: str | None = None,
        storage: str | None = None,
        adf: Any = None,
        message: str = "",
        by: str = SOMEBODY,
    ) -> Page:
        """Put a new version on a page."""
        with self._lock:
            self.settle()
            page = self.site.pages[page_id]
            version = Version(
                number=page.version.number + 1,
                author=self.site.person(by),
                created=self._now(),
                message=message,
                title=page.title if title is None else title,
                body=page.body if storage is None and adf is None else _body(storage, adf),
            )
            return self._put(replace(page, versions=(*page.versions, version)))

    def comment_page(self, page_id: str, storage: str, *, by: str = SOMEBODY) -> None:
        """Comment at the foot of a page."""
        with self._lock:
            self.settle()
            page = self.site.pages[page_id]
            made = self._comment(storage, by, self._now())
            self._put(replace(page, comments=(*page.comments, made)))

    def trash_page(self, page_id: str) -> None:
        """Move a page to the trash: its title is free again."""
        self._set_status(page_id, "trashed")

    def archive_page(self, page_id: str) -> None:
        """Archive a page: it keeps its title."""
        self._set_status(page_id, "archived")

    def restore_page(self, page_id: str) -> None:
        """Bring a trashed or archived page back."""
        self._set_status(page_id, "current")

    def purge_page(self, page_id: str) -> None:
        """Delete a page for good."""
        with self._lock:
            self.settle()
            self.site.remove_page(self.site.pages[page_id])

    def pages(
        self, space: str | None = None, *, status: PageStatus | None = None, homepages: bool = False
    ) -> list[Page]:
        """What stands in a space (or in all), by id, as it is now; homepages only if asked for."""
        with self._lock:
            self.settle()
            homes = {place.homepage for place in self.site.spaces.values()}
            found = [
                page
                for page in self.site.pages.values()
                if space in {None, page.space}
                and status in {None, page.status}
                and (homepages or page.id not in homes)
            ]
            return sorted(found, key=lambda page: int(page.id))

    def page(self, page_id: str) -> Page:
        """One page as it is now; KeyError when there is none."""
        with self._lock:
            self.settle()
            return self.site.pages[page_id]

    def _put_new(
        self,
        space: Container,
        page_id: str,
        title: str,
        body: Body,
        parent: str,
        author: str,
        created: datetime | None = None,
    ) -> Page:
        moment, who = milliseconds(created or self._now()), self.site.person(author)
        return self._put(
            Page(
                id=page_id,
                space=space.key,
                status="current",
                parent=parent,
                position=len(self.site.pages),
                author=who,
                created=moment,
                versions=(Version(1, who, moment, title=title, body=body),),
            )
        )

    def _set_status(self, page_id: str, status: PageStatus) -> None:
        with self._lock:
            self.settle()
            self._put(replace(self.site.pages[page_id], status=status))

    def _put(self, page: Page) -> Page:
        self.site.put_page(page)
        return page


def _body(storage: str | None, adf: Any) -> Body:
    return Body("storage", storage or "") if adf is None else Body("atlas_doc_format", adf)
