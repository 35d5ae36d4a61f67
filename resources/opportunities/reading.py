"""Needs and solutions of all companies, as opportunities are made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from coordinator.memory import passage
from coordinator.opportunities.records import NEEDS, Told, anchor_of
from coordinator.patterns.components import component_node
from resources.patterns.components import Components
from resources.patterns.reading import Memories, read_texts

if TYPE_CHECKING:
    from resources.home import Home

LEARNING = (
    *("title", "content", "category", "language", "substance"),
    *("evidence_commit", "evidence_path"),
)


def told_component(row: Mapping[str, Any]) -> Told:
    """A component as a solution, or as what has a need."""
    return Told(
        node=component_node(row["id"]),
        company=row["company"],
        category="component",
        language="und",
        title=row["name"],
        text=f"{row['name']}\n{row['description']}".strip(),
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
            found[node] = told_component(components.rows[part])
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
