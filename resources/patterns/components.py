"""The components of all companies as they stand, read for the moment they are needed."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from coordinator.patterns.components import component_node

if TYPE_CHECKING:
    from resources.home import Home

TABLE = "company_components"
COLUMNS = (
    *("id", "company", "name", "path", "category", "description", "language", "version"),
    *("licence", "dependencies", "tree_hash", "last_changed_at"),
)


class Components:
    """Rows of `COLUMNS` of all companies but those in `unread`, by node."""

    def __init__(self, home: Home, unread: Collection[str] = ()) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        for company in home.companies.names():
            if company in unread:
                continue
            frame = home.companies.instance(company).tables().read(TABLE, list(COLUMNS))
            for row in frame.to_dict("records"):
                self.rows[component_node(row["id"])] = {str(k): v for k, v in row.items()}

    def code_of(self, company: str) -> set[str]:
        """The programming languages a company writes its components in."""
        return {
            row["language"]
            for row in self.rows.values()
            if row["company"] == company and row["language"]
        }

    def language_at(self, company: str, path: str) -> str:
        """The programming language of the innermost component around a path; '' for none."""
        around = [
            row
            for row in self.rows.values()
            if row["company"] == company and f"{path}/".startswith(f"{row['path']}/")
        ]
        return max(around, key=lambda row: len(row["path"]))["language"] if around else ""
