"""Memories that others wrote into the company's Supabase project."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pandas as pd

from coordinator.learnings.candidate import (
    Candidate,
    human,
    moment_of,
    rows_of,
    substance_by_words,
)
from coordinator.learnings.categories import CATEGORIES
from coordinator.learnings.windows import shortened
from coordinator.plain_text import content_id, plain
from coordinator.ports import TokenCounter

_UNTOLD = "insight"


def from_memories(
    memories: pd.DataFrame, count_tokens: TokenCounter, window: int, skipped: Counter[str]
) -> Iterator[Candidate]:
    """Each memory as its writer meant it: written to be remembered, it needs no more substance."""
    names = ("id", "title", "content", "category", "occurred_at")
    for id, title, text, category, moment in rows_of(memories, names):
        content = shortened(plain(text), window, count_tokens)
        if not content:
            skipped["memory: no text"] += 1
            continue
        kind = category if category in CATEGORIES else _UNTOLD
        yield Candidate(
            id=content_id(content),
            title=human(title or content.split("\n", 1)[0]),
            content=content,
            category=kind,
            source="supabase",
            evidence_commit="",
            evidence_path=id,
            evidence_line=0,
            occurred_at=moment_of(moment),
            substance=substance_by_words(content),
            reason=f"{kind}: as whoever wrote it said",
        )
