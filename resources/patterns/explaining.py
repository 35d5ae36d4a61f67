"""Why a pattern is one: the threshold, the parts of its score, its edges, its history."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING, Any

from coordinator.ledger.events import PATTERNS as STREAM
from coordinator.ledger.events import Event
from coordinator.ledger.pattern_events import PatternChanged, PatternFound, PatternMerged
from coordinator.patterns.components import edges_of
from coordinator.patterns.detection import Pattern
from coordinator.patterns.neighbours import mutual
from coordinator.patterns.state import PatternsState
from resources.patterns import stored

if TYPE_CHECKING:
    from resources.home import Home


def explain(home: Home, pattern: Pattern, state: PatternsState) -> dict[str, Any]:
    """`threshold`, `score`, `edges` and `history` of a standing pattern, ids and numbers only."""
    settings = home.settings.detection.patterns
    calibration = state.calibration
    parts = {
        "cohesion": (pattern.cohesion, settings.cohesion_weight),
        "coverage": (pattern.coverage, settings.coverage_weight),
        "substance": (pattern.substance, settings.substance_weight),
    }
    least = settings.min_similarity or (calibration.least if calibration else 0.0)
    return {
        "threshold": {
            "least": least,
            "mean": calibration.mean if calibration else 0.0,
            "deviation": calibration.deviation if calibration else 0.0,
            "model": calibration.model if calibration else "",
        },
        "score": {
            name: {"value": value, "weight": weight} for name, (value, weight) in parts.items()
        },
        "edges": _edges(home, pattern, least),
        "history": list(_history(home, pattern.id)),
    }


def _edges(home: Home, pattern: Pattern, least: float) -> list[dict[str, Any]]:
    """Which members are neighbours of each other, by their texts or by their code."""
    tables, inside = home.global_tables(), set(pattern.members)
    lists = stored.read_known(tables).lists
    near = {id: lists[id] for id in inside if id in lists}
    by_text = [
        {"left": left, "right": right, "likeness": cosine, "by": "text"}
        for left, right, cosine in mutual(near)
        if right in inside
    ]
    pairs = tables.read("component_pairs", ["left", "right", "similarity"])
    code = {
        (one.left, one.right): one.strength
        for one in edges_of(pairs, tables.read("component_groups"), least=least)
    }
    by_code = [
        {"left": left, "right": right, "likeness": code[left, right], "by": "code"}
        for left, right in combinations(sorted(inside), 2)
        if (left, right) in code
    ]
    found = [*by_text, *by_code]
    return sorted(found, key=lambda one: (-float(one["likeness"]), one["left"], one["right"]))


def _history(home: Home, id: str) -> Iterator[dict[str, Any]]:
    for event in home.ledger.read(stream=STREAM):
        payload = event.payload
        named = (getattr(payload, "pattern", None), getattr(payload, "into", None))
        if id in named:
            yield {
                "position": event.position,
                "at": event.occurred_at,
                "what": event.event_type.removeprefix("pattern_"),
                "members": _told(event, id),
            }


def _told(event: Event, id: str) -> str:
    payload = event.payload
    if isinstance(payload, PatternFound):
        split = f", split from {payload.split_from}" if payload.split_from else ""
        return f"{len(payload.members)}{split}"
    if isinstance(payload, PatternChanged):
        return f"+{len(payload.joined)} -{len(payload.left)}"
    if isinstance(payload, PatternMerged):
        return f"took in {payload.pattern}" if payload.into == id else f"into {payload.into}"
    return ""
