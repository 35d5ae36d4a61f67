"""A company's Jira project, read little by little: what changed, and by census what is gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from coordinator.errors import SourceAbsent
from coordinator.jira import jql
from coordinator.jira.issues import FIELDS, Issue, Placed, Stamp, Stub, issues_frame
from coordinator.ports import Progress
from coordinator.reading.cursors import after_reading
from coordinator.settings import JiraSettings
from resources.jira.client import CENSUS_PAGE, JiraClient
from resources.sources.reader import Changes

if TYPE_CHECKING:
    from resources.atlassian import Site


class JiraReader:
    """Reads the project a company's settings name."""

    source = "jira"
    table = "jira_issues"
    stamped = ("updated_at",)

    def __init__(self, site: Site, settings: JiraSettings) -> None:
        self._client = JiraClient(site)
        self.settings = settings

    def changed(self, since: datetime) -> Iterator[tuple[str, datetime]]:
        """Id and last change of every issue people changed at `since` or later."""
        account, _ = self._client.myself()
        query = jql.changed_since(self.settings.project, since, account.zone)
        for page in self._client.search(query, Stamp, fields=["updated", "labels"]):
            yield from ((one.id, one.fields.updated) for one in page if not one.is_ours)

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

        `known` are the stored issues, `ours` the ids of those the coordinator published itself.
        """
        account, at = self._client.myself()
        began = at or datetime.now(UTC)
        project = self.settings.project
        self._client.check_browsable(project)
        query = jql.changed_since(project, since, account.zone)
        found = list(self._issues(query, progress))
        gone: set[str] = set()
        if census or since is None:
            read = {one.id for one in found} | ours
            missing, gone = self._census(known, read, progress)
            found += missing
        own = {one.id for one in found if one.is_ours or one.id in ours}
        kept = [one for one in found if one.id not in own]
        return Changes(
            rows=issues_frame(kept),
            removed=tuple(sorted((gone | own) & known.keys())),
            version=after_reading(began, by).text(),
            counts={"read": len(found), "own": len(own)},
        )

    def _issues(self, query: str, progress: Progress) -> Iterator[Issue]:
        progress.start("reading issues", None)
        for page in self._client.search(query, Issue, fields=self._fields, expand=self._expand):
            yield from self._with_comments(page)
            progress.advance(len(page))
        progress.finish()

    @property
    def _fields(self) -> list[str]:
        return [*FIELDS, *(["comment"] if self.settings.comments else [])]

    @property
    def _expand(self) -> str | None:
        return "changelog" if self.settings.changelog else None

    def _with_comments(self, issues: Iterable[Issue]) -> Iterator[Issue]:
        """A search gives only an issue's first comments: the rest is asked for."""
        for issue in issues:
            told = issue.fields.comment
            if not self.settings.comments or len(told.comments) >= told.total:
                yield issue
                continue
            every = told.model_copy(update={"comments": tuple(self._client.comments(issue.id))})
            fields = issue.fields.model_copy(update={"comment": every})
            yield issue.model_copy(update={"fields": fields})

    def _census(
        self, known: Mapping[str, object], read: set[str], progress: Progress
    ) -> tuple[list[Issue], set[str]]:
        """Issues that are there and not stored, and the ids of stored ones that are gone or moved.

        What the search does not find is asked for by its id before it counts as gone: the index
        may only be behind.
        """
        standing: set[str] = set()
        progress.start("counting issues", None)
        query = jql.everything(self.settings.project)
        for page in self._client.search(query, Stub, fields=["id"], page=CENSUS_PAGE):
            standing.update(one.id for one in page)
            progress.advance(len(page))
        progress.finish()
        doubtful = sorted(known.keys() - standing - read)
        found = self._client.fetch(doubtful, Placed, fields=["id"])
        there = {one.id for one in found if one.project == self.settings.project}
        moved = {one.id for one in found} - there
        absent = set(doubtful) - there - moved
        gone = moved | {id for id in absent if self._is_gone(id)}
        wanted = sorted(standing - known.keys() - read)
        missing = self._client.fetch(wanted, Issue, fields=self._fields, expand=self._expand)
        return list(self._with_comments(missing)), gone

    def _is_gone(self, id: str) -> bool:
        """Whether the issue itself says so: a bulk fetch leaves out what it could not read, too."""
        try:
            issue = self._client.issue(id, Placed, fields=["id"])
        except SourceAbsent:
            return True
        return issue.project != self.settings.project
