"""A learning before it is accepted: its text, its evidence, and why it is one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from coordinator.learnings.lexicon import words_of
from coordinator.plain_text import one_line, plain

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_TITLE = 100
SOURCES = ("component", "commit", "document", "jira", "confluence", "supabase")
# Lower case letters and a space begin a word of prose, not a path, an identifier or a scope.
_PLAIN_START = re.compile(r"[^\W\d_A-Z]+(?:-[^\W\d_A-Z]+)?,?\s(?![-–—:|]\s)")


@dataclass(frozen=True)
class Candidate:
    id: str
    title: str
    content: str
    category: str
    source: str
    evidence_commit: str
    evidence_path: str
    evidence_line: int
    occurred_at: datetime
    substance: float
    reason: str
    prose: str = ""
    """What tells the language, where that is not the whole content."""

    @property
    def age(self) -> tuple[Any, ...]:
        """What the oldest evidence is the smallest of."""
        return (
            self.occurred_at,
            SOURCES.index(self.source),
            self.evidence_commit,
            self.evidence_path,
            self.evidence_line,
            self.title,
        )


def human(title: str) -> str:
    """`title` with a capital, unless it begins with a name: ``web: ...``, ``libs/x ...``."""
    title = one_line(plain(title), LONGEST_TITLE)
    word = _PLAIN_START.match(title)
    return title[:1].upper() + title[1:] if word else title


def moment_of(value: Any) -> datetime:
    moment: datetime = pd.Timestamp(value).to_pydatetime()
    return moment


def rows_of(frame: pd.DataFrame, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    if not len(frame):
        return iter(())
    return zip(*(frame[name].tolist() for name in names), strict=True)


def words_in(text: str) -> set[str]:
    """The different words of `text` that are longer than two letters."""
    return {word for word in words_of(text) if len(word) > 2}


def substance_by_words(text: str) -> float:
    """By the number of different words, 0.5 for 15 to 1.0 for 100: what is written to be read."""
    return round(min(1.0, 0.5 + 0.5 * max(0, len(words_in(text)) - 15) / 85), 3)
