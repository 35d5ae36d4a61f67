"""The site's whole state: who may call, what stands there, what searches see of it."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orch_dagster.samples.atlassian.index import LaggingIndex, Term
from orch_dagster.samples.atlassian.records import (
    Account,
    Container,
    Issue,
    Later,
    Page,
    Person,
)
from orch_dagster.samples.atlassian.wire import Request


def issue_terms(issue: Issue) -> Iterable[Term]:
    """What an issue is found by."""
    yield ("project", issue.project)
    yield ("key", issue.key)
    yield from (("labels", label) for label in issue.labels)


@dataclass
class Site:
    """Everything that stands on a site; the stand-in reads and writes it under its lock."""

    accounts: dict[tuple[str, str], Account] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    projects: dict[str, Container] = field(default_factory=dict)
    spaces: dict[str, Container] = field(default_factory=dict)
    issues: dict[str, Issue] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    pages: dict[str, Page] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    last_id: int = 10_000
    later: list[Later] = field(default_factory=list)
    issue_index: LaggingIndex[Issue] = field(default_factory=lambda: LaggingIndex(issue_terms))
    answers: dict[Hashable, Any] = field(default_factory=dict)
    unexpected: list[Request] = field(default_factory=list)
    _titles: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)
    _in_space: dict[str, dict[str, None]] = field(default_factory=dict)

    def new_id(self) -> str:
        self.last_id += 1
        return str(self.last_id)

    def new_key(self, project: str) -> str:
        self.numbers[project] = self.numbers.get(project, 0) + 1
        return f"{project}-{self.numbers[project]}"

    def person(self, name: str) -> str:
        """The account id of somebody named by e-mail, account id or name; strangers are kept."""
        for person in self.people.values():
            if name in {person.account_id, person.email, person.display_name}:
                return person.account_id
        made = Person(hashlib.sha256(name.encode()).hexdigest()[:24], name)
        self.people[made.account_id] = made
        return made.account_id

    def issue(self, id_or_key: str) -> Issue | None:
        """The issue of that id or key; a key it had before it was moved finds it too."""
        found = self.issues.get(id_or_key)
        return found or self.issues.get(self.keys.get(id_or_key.upper(), ""))

    def put_issue(self, issue: Issue, due: datetime) -> None:
        """Put an issue where its predecessor was; searches see it from `due` on."""
        self.issues[issue.id] = issue
        self.keys[issue.key] = issue.id
        self.issue_index.put(issue.id, issue, due)

    def remove_issue(self, issue: Issue, due: datetime) -> None:
        del self.issues[issue.id]
        self.issue_index.put(issue.id, None, due)

    def put_page(self, page: Page) -> None:
        """Put a page where its predecessor was."""
        self._forget_title(page.id)
        self.pages[page.id] = page
        self._in_space.setdefault(page.space, {})[page.id] = None
        self._titles.setdefault((page.space, page.title.casefold()), {})[page.id] = None

    def remove_page(self, page: Page) -> None:
        self._forget_title(page.id)
        del self.pages[page.id]
        del self._in_space[page.space][page.id]

    def _forget_title(self, page_id: str) -> None:
        if (old := self.pages.get(page_id)) is not None:
            del self._titles[old.space, old.title.casefold()][page_id]

    def pages_in(self, space: str) -> list[Page]:
        """All pages of a space, whatever their status."""
        return [self.pages[page_id] for page_id in self._in_space.get(space, ())]

    def titled(self, space: str, title: str) -> list[Page]:
        """The pages of a space with that title, compared without case."""
        return [self.pages[page_id] for page_id in self._titles.get((space, title.casefold()), ())]

    def title_taken(self, space: str, title: str, *, but: str = "") -> bool:
        """Whether another page holds the title: archived ones keep it, trashed ones do not."""
        return any(
            page.id != but and page.status != "trashed" for page in self.titled(space, title)
        )

    def space_by_id(self, space_id: str) -> Container | None:
        return next((space for space in self.spaces.values() if space.id == space_id), None)
