"""What the pictures of learnings and exchanges are made of; the words for the operator's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coordinator.patterns.components import component_node, told_by
from coordinator.patterns.rows import Rows, distinct
from coordinator.patterns.space import measured, placed
from coordinator.pictures.exchange import Exchange, exchanged
from coordinator.pictures.learning_map import LearningMap, mapped
from coordinator.pictures.positions import MOST_POINTS
from resources.patterns import stored
from resources.patterns.reading import Memories, read_memories, read_texts

if TYPE_CHECKING:
    from coordinator.patterns.detection import Pattern
    from coordinator.ports import Progress
    from resources.home import Home


@dataclass(frozen=True)
class Gathered:
    """The map of learnings; `nodes` holds by node of a pattern its place on the map.

    `problems` says by company why its memory could not be read.
    """

    map: LearningMap
    nodes: Mapping[str, int]
    problems: Mapping[str, str]


def gather_map(
    home: Home,
    patterns: Sequence[Pattern] | None = None,
    *,
    most: int = MOST_POINTS,
    progress: Progress | None = None,
) -> Gathered:
    """The places of all companies' learnings and of `patterns` (those that stand), without words.

    A component's place is that of the learning which describes it.
    """
    memories = read_memories(home, progress)
    row_of = _rows_of_components(home, memories)
    shown = home.patterns.standing() if patterns is None else patterns
    members = {one.id: [row_of.get(node, node) for node in one.members] for one in shown}
    rows = _compared(home, memories)
    found = mapped(rows.ids, rows.companies, rows.vectors, members, most=most)
    place = {row: at for at, row in enumerate(found.rows)}
    told = {node: row_of.get(node, node) for one in shown for node in one.members}
    nodes = {node: place[row] for node, row in told.items() if row in place}
    return Gathered(found, nodes, memories.problems)


def gather_exchange(home: Home) -> Exchange:
    """Who has what from whom: groups of copies and the standing copies of the global memory."""
    groups = home.global_tables().read("component_groups")
    copies = home.global_memory.state().copies.values()
    return exchanged(groups, copies, home.companies.names())


def words_of(home: Home, rows: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Title, content and category of learnings by row, read for the moment they are shown."""
    return read_texts(home, rows, ("title", "content", "category"))


def names_of(home: Home, exchange: Exchange) -> dict[str, dict[str, str]]:
    """Name and category of what was exchanged, by its id; what has none any more is left out."""
    groups = home.global_tables().read("component_groups", ["id", "name", "origin"])
    named = {
        str(row["id"]): {"name": _said(row), "category": "component"}
        for row in groups.to_dict("records")
    }
    shared = home.global_memory.rows()
    for row in shared.to_dict("records"):
        named[str(row["id"])] = {"name": str(row["title"]), "category": str(row["category"])}
    wanted = {one.id for one in exchange.things}
    return {id: words for id, words in named.items() if id in wanted}


def _said(row: Mapping[Any, Any]) -> str:
    path = str(row["origin"]).partition("/")[2]
    return str(row["name"] or path or "component")


def _compared(home: Home, memories: Memories) -> Rows:
    """The rows where patterns compare them: texts of two languages that say the same are near."""
    if memories.vectors is None:
        raise AssertionError("memories are read with their vectors")
    rows = Rows(memories.ids, memories.companies, memories.vectors)
    spoken = [str(one) for one in memories.facts["language"]]
    space = stored.read_space(home.global_tables())
    if space is None:
        usable = distinct(rows)
        language = dict(zip(rows.ids, spoken, strict=True))
        space = measured(
            usable,
            [language[id] for id in usable.ids],
            model=home.settings.embedding.model,
        )
    return placed(rows, spoken, space)


def _rows_of_components(home: Home, memories: Memories) -> dict[str, str]:
    """The learning that describes each component, by the component's node."""
    components = home.global_tables().read("component_catalog", ["id"])["id"]
    evidence = dict(
        zip(
            memories.ids,
            zip(memories.facts["source"], memories.facts["evidence_path"], strict=True),
            strict=True,
        )
    )
    told = told_by(evidence, [component_node(str(one)) for one in components])
    return {node: row for row, node in told.items()}
