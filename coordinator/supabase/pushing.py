"""What is pushed to Supabase: learnings and copies as rows, and which of them differ from there."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from coordinator.plain_text import one_line, visible
from coordinator.supabase.rows import LONGEST_CONTENT, LONGEST_NAME, LONGEST_TITLE
from coordinator.supabase.tables import OURS, WIDTH

PULLED_SOURCE = "supabase"
"""`source` of learnings that came from there: pushed back, each would stand there twice."""

AGREED = frozenset({"evidence", "reason"})
"""The metadata of a copy that its company's people were shown before they said yes."""

Row = dict[str, Any]


@dataclass(frozen=True)
class PushPlan:
    """Rows to write, and ids of rows of ours that stand there and are no longer wanted."""

    upsert: tuple[Row, ...]
    retract: tuple[str, ...]


def plan_push(rows: Iterable[Row], stored: Mapping[str, str]) -> PushPlan:
    """What makes `stored` (id → row_hash of our rows that stand there) equal to `rows`."""
    wanted = {row["id"]: row for row in rows}
    return PushPlan(
        upsert=tuple(
            row for key, row in sorted(wanted.items()) if stored.get(key) != row["row_hash"]
        ),
        retract=tuple(sorted(stored.keys() - wanted.keys())),
    )


def memory_rows(learnings: pd.DataFrame, *, company: str, model: str) -> list[Row]:
    """The rows of `COMPANY` for a company's memory.

    `learnings` has LEARNING_COLUMNS and, where it is embedded, `vector` by the embedding `model`.
    """
    return [
        _row(
            one,
            one.get("vector"),
            model,
            company=company,
            author="",
            source=one["source"],
            created_at=_moment(one["occurred_at"]),
            metadata={
                "evidence": {
                    "commit": one["evidence_commit"],
                    "path": one["evidence_path"],
                    "line": int(one["evidence_line"]),
                },
            },
            deleted_at=None,
        )
        for one in learnings.to_dict("records")
        if one["source"] != PULLED_SOURCE
    ]


def global_rows(copies: pd.DataFrame, *, model: str) -> list[Row]:
    """The rows of `GLOBAL` for the copies in the global memory.

    `copies` has the columns of that table, with `embedding` by the embedding `model`. Of their
    metadata only what everybody agreed to goes there: not who agreed.
    """
    return [
        _row(
            one,
            one.get("embedding"),
            model,
            source_instance=one["source_instance"],
            shared=bool(one["shared"]),
            created_at=_moment(one["created_at"]),
            valid_from=_moment(one["valid_from"]),
            valid_to=_moment(one["valid_to"]),
            superseded_by=one["superseded_by"] if isinstance(one["superseded_by"], str) else "",
            metadata={
                key: value for key, value in json.loads(one["metadata"]).items() if key in AGREED
            },
        )
        for one in copies.to_dict("records")
    ]


def _row(one: Mapping[Any, Any], vector: Any, model: str, **beside: Any) -> Row:
    embedding = _embedding(vector)
    row = {
        "id": one["id"],
        "title": one_line(visible(one["title"]), LONGEST_TITLE),
        "content": visible(one["content"])[:LONGEST_CONTENT],
        "category": one["category"],
        "language": one["language"],
        "written_by": OURS,
        "embedding_model": one_line(visible(model), LONGEST_NAME) if embedding else "",
        **{name: _cleaned(value) for name, value in beside.items()},
    }
    # the vector follows from text and model, and no two machines compute quite the same one
    text = json.dumps(row, sort_keys=True, ensure_ascii=True)
    return row | {
        "embedding": embedding,
        "row_hash": hashlib.sha256(text.encode()).hexdigest()[:32],
    }


def _embedding(vector: Any) -> list[float] | None:
    """The vector as numbers; None where there is none or the table cannot hold it."""
    if not isinstance(vector, np.ndarray | Sequence):  # a missing one is read back as NaN
        return None
    numbers = [float(number) for number in vector]
    fits = len(numbers) == WIDTH and all(map(math.isfinite, numbers))
    return numbers if fits else None


def _moment(value: Any) -> str | None:
    if pd.isna(value):
        return None
    moment: datetime = pd.Timestamp(value).to_pydatetime()
    return moment.isoformat()


def _cleaned(value: Any) -> Any:
    """`value` without what Postgres refuses in text: NUL and lone surrogates."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {visible(name): _cleaned(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_cleaned(inner) for inner in value]
    return value
