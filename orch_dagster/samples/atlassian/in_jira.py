"""What people do in Jira, beside what programs do by the API."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from orch_dagster.samples.atlassian.call import milliseconds
from orch_dagster.samples.atlassian.jira_json import category
from orch_dagster.samples.atlassian.jira_writes import history_items
from orch_dagster.samples.atlassian.records import Change, Container, Issue
from orch_dagster.samples.atlassian.world import SOMEBODY, World, document


class InJira(World):
    """A site's Jira as people use it."""

    def add_project(
        self,
        key: str,
        *,
        name: str = "",
        readers: Collection[str] | None = None,
        writers: Collection[str] | None = None,
        issue_types: Iterable[str] = ("Task", "Bug", "Story"),
        statuses: Iterable[str] = ("To Do", "In Progress", "Done"),
    ) -> str:
        """Make a project, or change who may see it; returns its id. E-mails name people.

        `readers` None: every account; `writers` None: every reader. For others it is not there.
        """
        with self._lock:
            old = self.site.projects.get(key)
            made = Container(
                id=old.id if old else self.site.new_id(),
                key=key,
                name=name or (old.name if old else key.title()),
                created=old.created if old else self._now(),
                readers=None if readers is None else frozenset(readers),
                writers=None if writers is None else frozenset(writers),
                issue_types=tuple(issue_types),
                statuses=tuple(statuses),
            )
            self.site.projects[key] = made
            return made.id

    def add_issue(
        self,
        project: str,
        *,
        summary: str,
        description: Any = None,
        status: str = "To Do",
        resolution: str | None = None,
        resolved: datetime | None = None,
        labels: Iterable[str] = (),
        issue_type: str = "Task",
        created: datetime | None = None,
        updated: datetime | None = None,
        reporter: str = SOMEBODY,
        comments: Iterable[Any] = (),
        properties: Mapping[str, Any] | None = None,
        indexed_after: timedelta | None = None,
    ) -> str:
        """Make an issue; returns its key.

        `description` is ADF (or plain text), each of `comments` ADF, text or (who, ADF or text).
        A done status without `resolution` is resolved as Done. `indexed_after`: how long searches
        do not see it, when that is another time than `rules.index_lag`.
        """
        with self._lock:
            self.settle()
            moment = milliseconds(created or self._now())
            last = milliseconds(updated) if updated else moment
            done = resolution or ("Done" if category(status) == "done" else None)
            issue = Issue(
                id=self.site.new_id(),
                key=self.site.new_key(self.site.projects[project].key),
                project=project,
                summary=summary,
                description=document(description),
                issue_type=issue_type,
                status=status,
                resolution=done,
                resolved=(resolved or last) if done else None,
                labels=tuple(sorted(labels)),
                reporter=self.site.person(reporter),
                created=moment,
                updated=last,
                properties=dict(properties or {}),
                comments=tuple(self._adf_comment(row, reporter, moment) for row in comments),
            )
            self.site.put_issue(issue, self._due(issue.id, indexed_after))
            return issue.key

    def edit_issue(
        self,
        id_or_key: str,
        *,
        by: str = SOMEBODY,
        comment: Any = None,
        indexed_after: timedelta | None = None,
        **fields: Any,
    ) -> Issue:
        """Change summary, description, status, resolution or labels, or add a comment.

        A done status resolves the issue. It was updated now, by `by`.
        """
        with self._lock:
            self.settle()
            old, now = self._issue(id_or_key), self._now()
            if "description" in fields:
                fields["description"] = document(fields["description"])
            if "labels" in fields:
                fields["labels"] = tuple(sorted(fields["labels"]))
            if "status" in fields:
                done = category(fields["status"]) == "done"
                fields.setdefault("resolution", "Done" if done else None)
                fields["resolved"] = now if done else None
            new = replace(old, **fields, updated=now)
            if comment is not None:
                new = replace(new, comments=(*new.comments, self._adf_comment(comment, by, now)))
            if items := history_items(old, new):
                change = Change(self.site.new_id(), self.site.person(by), now, items)
                new = replace(new, changes=(*new.changes, change))
            self.site.put_issue(new, self._due(new.id, indexed_after))
            return new

    def delete_issue(self, id_or_key: str) -> None:
        """Delete an issue: no search and no read finds it again."""
        with self._lock:
            self.settle()
            issue = self._issue(id_or_key)
            self.site.remove_issue(issue, self._due(issue.id))

    def move_issue(self, id_or_key: str, project: str) -> str:
        """Move an issue to another project: it keeps its id, and its old key still finds it."""
        with self._lock:
            self.settle()
            issue = self._issue(id_or_key)
            key = self.site.new_key(self.site.projects[project].key)
            moved = replace(issue, key=key, project=project, updated=self._now())
            self.site.put_issue(moved, self._due(issue.id))
            return key

    def issues(self, project: str | None = None) -> list[Issue]:
        """What stands in a project (or in all), by id, as it is now."""
        with self._lock:
            self.settle()
            found = [row for row in self.site.issues.values() if project in {None, row.project}]
            return sorted(found, key=lambda issue: int(issue.id))

    def issue(self, id_or_key: str) -> Issue:
        """One issue as it is now; KeyError when there is none."""
        with self._lock:
            self.settle()
            return self._issue(id_or_key)

    def _issue(self, id_or_key: str) -> Issue:
        issue = self.site.issue(id_or_key)
        if issue is None:
            raise KeyError(id_or_key)
        return issue

    def _adf_comment(self, given: Any, who: str, moment: datetime) -> Any:
        comment = self._comment(given, who, moment)
        return replace(comment, body=document(comment.body))
