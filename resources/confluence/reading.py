"""A company's Confluence space, read little by little: what changed, and by census what is gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from coordinator.confluence.pages import LONGEST_PAGE, Page, Stamp, pages_frame
from coordinator.errors import SourceAbsent
from coordinator.ports import Progress
from coordinator.reading.cursors import after_reading
from coordinator.settings import ConfluenceSettings
from resources.confluence.client import ConfluenceClient
from resources.sources.reader import Changes

if TYPE_CHECKING:
    from resources.atlassian import Site


class ConfluenceReader:
    """Reads the space a company's settings name.

    Pages are listed from the database, newest change first, until the window's beginning: no search
    index is asked. A page that came with an old date, moved or restored, is found by the census.
    """

    source = "confluence"
    table = "confluence_pages"
    stamped = ("version",)

    def __init__(self, site: Site, settings: ConfluenceSettings) -> None:
        self._client = ConfluenceClient(site)
        self.settings = settings

    def changed(self, since: datetime) -> Iterator[tuple[str, int]]:
        """Id and version of every page changed at `since` or later."""
        space, _ = self._client.space(self.settings.space)
        yield from ((one.id, one.version.number) for one in self._since(space.id, since))

    def read(
        self,
        since: datetime | None,
        known: Mapping[str, tuple[object, ...]],
        *,
        by: str,
        census: bool,
        ours: frozenset[str],
        progress: Progress,
    ) -> Changes:
        """What changed at `since` or later (None: everything), and by census what is gone.

        `known` are the stored pages, `ours` the ids of those the coordinator published itself.
        """
        space, at = self._client.space(self.settings.space)
        began = at or datetime.now(UTC)
        everything = census or since is None
        listed = list(self._since(space.id, None if everything else since))
        # a comment leaves its page's version as it was: only a census sees new ones
        anew = since is None or (census and self.settings.comments)
        wanted = [
            one.id
            for one in listed
            if one.id not in ours and (anew or known.get(one.id) != (one.version.number,))
        ]
        pages, too_large = self._pages(wanted, progress)
        own = {page.id for page in pages if page.is_ours} | (ours & {one.id for one in listed})
        kept = [page for page in pages if page.id not in own]
        large = {page.id for page in kept if len(page.storage) > LONGEST_PAGE} | set(too_large)
        doubtful = known.keys() - {one.id for one in listed} if everything else set()
        gone = self._gone(doubtful, space.id)
        rows = pages_frame(
            (page, tuple(self._client.comments(page.id)) if self.settings.comments else ())
            for page in kept
            if page.id not in large
        )
        return Changes(
            rows=rows,
            removed=tuple(sorted((gone | own | large) & known.keys())),
            version=after_reading(began, by).text(),
            counts={"read": len(pages), "own": len(own), "too_large": len(large)},
            notes=(f"{len(large)} pages are over 5 MB and were left out",) if large else (),
        )

    def _since(self, space: str, since: datetime | None) -> Iterator[Stamp]:
        for page in self._client.listed(space):
            for one in page:
                if since is not None and one.version.created < since:
                    return
                yield one

    def _pages(self, ids: list[str], progress: Progress) -> tuple[list[Page], list[str]]:
        progress.start("reading pages", len(ids))
        found, too_large = [], []
        for start in range(0, len(ids), 25):
            some, large = self._client.pages(ids[start : start + 25])
            found += some
            too_large += large
            progress.advance(len(some) + len(large))
        progress.finish()
        return found, too_large

    def _gone(self, doubtful: set[str], space: str) -> set[str]:
        """Those of `doubtful` that are no current pages of `space` when asked for by id."""
        gone = set()
        for id in sorted(doubtful):
            try:
                page = self._client.page(id, body="storage")
            except SourceAbsent:
                gone.add(id)
                continue
            if (page.get("status"), page.get("spaceId")) != ("current", space):
                gone.add(id)
        return gone
