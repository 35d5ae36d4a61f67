"""The components of all companies as they stand, read for the moment they are needed."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from coordinator.errors import OrchError
from coordinator.patterns.components import component_node

if TYPE_CHECKING:
    from resources.home import Home

TABLE = "company_components"
ROOT = "."
"""The path of a component that is the whole repository."""
COLUMNS = (
    *("id", "company", "name", "path", "category", "description", "language", "version"),
    *("licence", "dependencies", "tree_hash", "last_changed_at"),
)


class Components:
    """Rows of `COLUMNS` of all companies but those in `unread`, by node.

    A company that cannot be read is an OrchError; where `problems` is given it is noted there, by
    company, and stops no other.
    """

    def __init__(
        self,
        home: Home,
        unread: Collection[str] = (),
        *,
        problems: dict[str, str] | None = None,
    ) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self._languages: dict[str, dict[str, str]] = {}
        for company in home.companies.names():
            if company in unread:
                continue
            try:
                frame = home.companies.instance(company).tables().read(TABLE, list(COLUMNS))
            except OrchError as error:
                if problems is None:
                    raise
                problems[company] = str(error)
                continue
            for row in frame.to_dict("records"):
                self.rows[component_node(row["id"])] = {str(k): v for k, v in row.items()}
                self._languages.setdefault(company, {})[row["path"]] = row["language"]

    def code_of(self, company: str) -> set[str]:
        """The programming languages a company writes its components in."""
        return {*self._languages.get(company, {}).values()} - {""}

    def language_at(self, company: str, path: str) -> str:
        """The programming language of the innermost component around a path; '' for none."""
        languages = self._languages.get(company, {})
        while path:
            if path in languages:
                return languages[path]
            path = path.rpartition("/")[0]
        return languages.get(ROOT, "")
