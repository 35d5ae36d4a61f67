"""The coordinator's tables of neighbours and patterns: ids and numbers, made anew when lost."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING

from coordinator.errors import MemoryUnavailable
from coordinator.patterns.detection import Known, Pattern
from coordinator.patterns.space import Space
from coordinator.patterns.state import PatternsState
from resources.tables import Tables, Written, schemas

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

NEIGHBOURS = "pattern_neighbours"
PATTERNS = "cross_company_patterns"
MODEL, LEAST, SPACE = "orch:model", "orch:least", "orch:space"


def read_known(tables: Tables) -> Known:
    """The neighbours of the last detection; none when there was none or they cannot be read."""
    try:
        schema = tables.schema(NEIGHBOURS)
        if schema is None or not schema.metadata:
            return Known()
        told = {key.decode(): value.decode() for key, value in schema.metadata.items()}
        rows = tables.read(NEIGHBOURS)
    except MemoryUnavailable:
        return Known()  # an index: everything is compared again
    lists = {
        id: tuple(zip(near, cosines, strict=True))
        for id, near, cosines in zip(rows["id"], rows["neighbours"], rows["cosines"], strict=True)
    }
    texts = dict(zip(rows["id"], rows["text"], strict=True))
    return Known(lists, texts, told.get(MODEL, ""), float(told.get(LEAST, 0)), _space(told))


def read_space(tables: Tables) -> Space | None:
    """The space of the last detection; None when there was none or it cannot be read."""
    try:
        schema = tables.schema(NEIGHBOURS)
    except MemoryUnavailable:
        return None
    metadata = schema.metadata if schema is not None else None
    return _space({key.decode(): value.decode() for key, value in (metadata or {}).items()})


def _space(told: Mapping[str, str]) -> Space | None:
    if SPACE not in told:
        return None
    found = json.loads(told[SPACE])
    means = {language: tuple(mean) for language, mean in found["means"].items()}
    return Space(means, found["stretch"])


def write_known(tables: Tables, known: Known, *, before: Known) -> None:
    """Make the table hold exactly these neighbours; `before` is what it was read as."""
    recorded = {MODEL: known.model, LEAST: repr(known.least)}
    if known.space is not None:
        recorded[SPACE] = json.dumps(asdict(known.space), sort_keys=True)
    schema = schemas.pattern_neighbours(recorded)
    if not before.lists or replace(before, lists={}, texts={}) != replace(
        known, lists={}, texts={}
    ):
        _put(tables, NEIGHBOURS, _known_frame(known, sorted(known.lists)), schema)
        return
    changed = [
        id
        for id in sorted(known.lists)
        if known.lists[id] != before.lists.get(id) or known.texts[id] != before.texts[id]
    ]
    if changed:
        tables.upsert(NEIGHBOURS, _known_frame(known, changed), schema=schema)
    # after it: a row that is gone stands in no list any more
    tables.delete(NEIGHBOURS, before.lists.keys() - known.lists.keys())


def _known_frame(known: Known, ids: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "id": ids,
            "company": [id.partition("/")[0] for id in ids],
            "text": [known.texts[id] for id in ids],
            "neighbours": [[one for one, _ in known.lists[id]] for id in ids],
            "cosines": [[cosine for _, cosine in known.lists[id]] for id in ids],
        }
    )


def write_patterns(tables: Tables, patterns: Sequence[Pattern], state: PatternsState) -> None:
    """Make the table hold exactly these patterns."""
    _put(tables, PATTERNS, pattern_frame(patterns, state), schemas.cross_company_patterns())


def _put(tables: Tables, name: str, frame: pd.DataFrame, schema: pa.Schema) -> Written:
    """An index that cannot be read is made anew: what it held can be found again.

    So is one whose schema says other things of itself: a table of the same columns would keep them.
    """
    try:
        held = tables.schema(name)
        if held is not None and (held.metadata or {}) != (schema.metadata or {}):
            tables.drop(name)
        return tables.reconcile(name, frame, schema=schema)
    except MemoryUnavailable:
        tables.drop(name)
        return tables.reconcile(name, frame, schema=schema)


def pattern_frame(patterns: Sequence[Pattern], state: PatternsState) -> pd.DataFrame:
    """The patterns as rows of their table, with when each was found and changed."""
    import pandas as pd

    rows = [
        {
            **{name: getattr(one, name) for name in _COLUMNS},
            **_moments(state, one.id),
        }
        for one in patterns
    ]
    frame = pd.DataFrame(rows, columns=[*_COLUMNS, "found_at", "changed_at"])
    for name in ("members", "companies", "likeness"):
        frame[name] = [list(one) for one in frame[name]]
    for name in ("found_at", "changed_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    return frame


def patterns_in(frame: pd.DataFrame) -> list[Pattern]:
    """The patterns in rows of their table, by falling score."""
    found = [
        Pattern(**{name: _plain(row[name]) for name in _COLUMNS})
        for row in frame.to_dict("records")
    ]
    return sorted(found, key=lambda one: (-one.score, one.id))


_COLUMNS = (
    *("id", "members", "companies", "medoid", "likeness"),
    *("cohesion", "coverage", "substance", "score"),
)


def _moments(state: PatternsState, id: str) -> Mapping[str, datetime]:
    known = state.patterns[id]
    return {"found_at": known.found_at, "changed_at": known.changed_at}


def _plain(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
