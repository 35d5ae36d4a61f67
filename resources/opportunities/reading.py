"""Needs and solutions of all companies, as opportunities are made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from coordinator.errors import OrchError
from coordinator.memory import passage
from coordinator.opportunities.matching import dependencies_of
from coordinator.opportunities.records import Told, anchor_of
from coordinator.patterns.components import component_node
from resources.patterns.components import Components
from resources.patterns.reading import Memories, read_texts

if TYPE_CHECKING:
    from resources.home import Home

LEARNING = (
    *("title", "content", "category", "language", "substance"),
    *("evidence_commit", "evidence_path"),
)
IN_REPOSITORY = ("commit", "document", "component")
"""Sources whose evidence is a path of the company's repository."""


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
        libraries=frozenset(dependencies_of(row)),
        licence=row["licence"],
    )


def told_learnings(home: Home, rows: Iterable[str], components: Components) -> dict[str, Told]:
    """The learnings behind `rows` that stand and can be read now.

    The description of a component is told as the component; it is left out where that is gone.
    """
    by_company: dict[str, list[str]] = {}
    for node in rows:
        by_company.setdefault(node.partition("/")[0], []).append(node)
    found: dict[str, Told] = {}
    for nodes in by_company.values():
        try:
            texts = read_texts(home, nodes, LEARNING)
        except OrchError:
            continue  # what is shown of others must not wait for one that cannot be read
        for node, row in texts.items():
            told = _told(node, row, components)
            if told is not None:
                found[node] = told
    return found


def _told(node: str, row: Mapping[str, Any], components: Components) -> Told | None:
    company, _, id = node.partition("/")
    if row["source"] == "component":
        part = components.rows.get(component_node(f"{company}/{row['evidence_path']}"))
        return told_component(part) if part is not None else None
    inside = row["source"] in IN_REPOSITORY
    return Told(
        node=node,
        company=company,
        category=row["category"],
        language=row["language"],
        title=row["title"],
        text=passage(row["title"], row["content"]),
        anchor=anchor_of(id, row),
        substance=float(row["substance"]),
        code=components.language_at(company, row["evidence_path"]) if inside else "",
    )


def category_of(memories: Memories) -> Mapping[str, str]:
    """What each row is; only the description of a component counts as one."""
    facts = memories.facts
    told = zip(memories.ids, facts["category"], facts["source"], strict=True)
    return {
        id: category if category != "component" or source == "component" else "described"
        for id, category, source in told
    }
