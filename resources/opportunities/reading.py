"""Needs and solutions of all companies, as opportunities are made of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from coordinator.memory import passage
from coordinator.opportunities.records import NEEDS, Told, anchor_of
from coordinator.patterns.components import component_node
from resources.patterns.reading import Memories, read_texts

if TYPE_CHECKING:
    from resources.home import Home

COMPONENT = (
    *("id", "company", "name", "path", "category", "description", "language", "version"),
    *("licence", "dependencies", "tree_hash"),
)
LEARNING = (
    *("title", "content", "category", "language", "substance"),
    *("evidence_commit", "evidence_path"),
)


class Components:
    """The components of all companies that could be read, by node."""

    def __init__(self, home: Home, unread: Collection[str] = ()) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        for company in home.companies.names():
            if company in unread:
                continue
            frame = home.companies.instance(company).tables().read("company_components")
            for row in frame[list(COMPONENT)].to_dict("records"):
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

    def told(self, node: str) -> Told:
        """A component as a solution, or as what has a need."""
        row = self.rows[node]
        said = f"{row['name']}\n{row['description']}".strip()
        return Told(
            node=node,
            company=row["company"],
            category="component",
            language="und",
            title=row["name"],
            text=said,
            anchor=f"component:{row['path']}",
            code=row["language"],
            licence=row["licence"],
        )


def told_learnings(home: Home, rows: Iterable[str], components: Components) -> dict[str, Told]:
    """The learnings behind `rows` that stand now; the description of a component is told as it."""
    found = {}
    for node, row in read_texts(home, rows, LEARNING).items():
        company, _, id = node.partition("/")
        part = component_node(f"{company}/{row['evidence_path']}")
        if row["source"] == "component" and part in components.rows:
            found[node] = components.told(part)
            continue
        found[node] = Told(
            node=node,
            company=company,
            category=row["category"],
            language=row["language"],
            title=row["title"],
            text=passage(row["title"], row["content"]),
            anchor=anchor_of(id, row),
            substance=float(row["substance"]),
            code=components.language_at(company, row["evidence_path"]),
        )
    return found


def category_of(memories: Memories) -> Mapping[str, str]:
    """What each row is; only the description of a component counts as one."""
    facts = memories.facts
    told = zip(memories.ids, facts["category"], facts["source"], strict=True)
    return {
        id: category if category != "component" or source == "component" else "described"
        for id, category, source in told
    }


def needs_of(memories: Memories, company: str) -> Sequence[str]:
    """The rows of a company's open needs."""
    told = zip(memories.ids, memories.companies, memories.facts["category"], strict=True)
    return [id for id, owner, category in told if owner == company and category in NEEDS]
