"""Patterns as the operator sees them: their members' words, read for the moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from coordinator.memory import passage
from coordinator.patterns.components import is_component
from coordinator.patterns.detection import Pattern
from coordinator.patterns.keywords import keywords
from resources.patterns.components import Components
from resources.patterns.reading import read_texts

if TYPE_CHECKING:
    from resources.home import Home

_LEARNING = (
    *("title", "content", "category", "source", "language"),
    *("evidence_commit", "evidence_path", "evidence_line", "occurred_at"),
)


@dataclass(frozen=True)
class ShownMember:
    """One member: a learning or a component (`kind`), with its evidence.

    `likeness` is to the pattern's medoid, 0 to 1. `says` is what a component does.
    """

    node: str
    company: str
    kind: str
    id: str
    title: str
    text: str
    category: str
    language: str
    evidence_commit: str
    evidence_path: str
    evidence_line: int
    occurred_at: datetime | None
    likeness: float
    says: str = ""


@dataclass(frozen=True)
class Shown:
    """A pattern with the words of its members; `gone` are members that stand no more."""

    pattern: Pattern
    title: str
    keywords: tuple[str, ...]
    categories: tuple[str, ...]
    members: tuple[ShownMember, ...]
    gone: tuple[str, ...] = ()

    @property
    def companies(self) -> tuple[str, ...]:
        """The companies whose members stand now."""
        return tuple(sorted({one.company for one in self.members}))


def show(home: Home, patterns: Sequence[Pattern]) -> list[Shown]:
    """The patterns in their order, each with what stands of its members now."""
    rows = [one for each in patterns for one in each.members if not is_component(one)]
    texts = read_texts(home, rows, _LEARNING)
    components = Components(home).rows
    found = [_members(one, texts, components) for one in patterns]
    words = keywords([[member.text for member in members] for members in found])
    return [
        _shown(one, members, telling)
        for one, members, telling in zip(patterns, found, words, strict=True)
    ]


def members_of(home: Home, nodes: Sequence[str]) -> list[ShownMember]:
    """The members behind `nodes` that stand now, in their order; no other company is read."""
    texts = read_texts(home, [one for one in nodes if not is_component(one)], _LEARNING)
    coded = {one.partition("/")[0] for one in nodes if is_component(one)}
    components = Components(home, {*home.companies.names()} - coded).rows
    found = []
    for node in nodes:
        if node in texts:
            found.append(_learning(node, texts[node], 1.0))
        elif node in components:
            found.append(_component(node, components[node], 1.0))
    return found


def _shown(pattern: Pattern, members: Sequence[ShownMember], telling: Sequence[str]) -> Shown:
    there = {one.node for one in members}
    middle = max(members, key=lambda one: (one.node == pattern.medoid, one.likeness), default=None)
    return Shown(
        pattern=pattern,
        title=middle.title if middle else "",
        keywords=tuple(telling),
        categories=tuple(sorted({one.category for one in members})),
        members=tuple(members),
        gone=tuple(one for one in pattern.members if one not in there),
    )


def _members(
    pattern: Pattern, texts: dict[str, dict[str, Any]], components: dict[str, dict[str, Any]]
) -> list[ShownMember]:
    """The members that stand, the most central first."""
    found = []
    for node, likeness in zip(pattern.members, pattern.likeness, strict=True):
        if node in texts:
            found.append(_learning(node, texts[node], likeness))
        elif node in components:
            found.append(_component(node, components[node], likeness))
    return sorted(found, key=lambda one: (-one.likeness, one.node))


def _learning(node: str, row: dict[str, Any], likeness: float) -> ShownMember:
    company, _, id = node.partition("/")
    return ShownMember(
        node=node,
        company=company,
        kind="learning",
        id=id,
        title=row["title"],
        text=passage(row["title"], row["content"]),
        category=row["category"],
        language=row["language"],
        evidence_commit=row["evidence_commit"],
        evidence_path=row["evidence_path"],
        evidence_line=int(row["evidence_line"]),
        occurred_at=row["occurred_at"],
        likeness=likeness,
    )


def _component(node: str, row: dict[str, Any], likeness: float) -> ShownMember:
    return ShownMember(
        node=node,
        company=row["company"],
        kind="component",
        id=row["id"],
        title=f"{row['name']} ({row['category']}, {row['language'] or 'no code'})",
        text=f"{row['name']}: {row['description']}",
        category="component",
        language="und",
        evidence_commit="",
        evidence_path=row["path"],
        evidence_line=0,
        occurred_at=row["last_changed_at"],
        likeness=likeness,
        says=row["description"],
    )
