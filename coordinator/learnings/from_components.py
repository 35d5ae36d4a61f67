"""What the components of a repository say of themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pandas as pd

from coordinator.learnings.candidate import EPOCH, Candidate, human, moment_of, rows_of
from coordinator.learnings.lexicon import words_of
from coordinator.learnings.windows import shortened
from coordinator.plain_text import content_id, plain
from coordinator.ports import TokenCounter

_MOST_DEPENDENCIES = 12
_FEWEST_DESCRIPTION_WORDS = 4


def from_components(
    components: pd.DataFrame, count_tokens: TokenCounter, window: int, skipped: Counter[str]
) -> Iterator[Candidate]:
    """The components with a description; `skipped` counts those without."""
    names = (
        "name", "path", "category", "description", "language", "dependencies", "first_seen_at",
        "last_commit", "confidence",
    )  # fmt: skip
    for row in rows_of(components, names):
        name, path, kind, description, language, needs, moment, sha, confidence = row
        told = plain(description)
        if len(words_of(told)) < _FEWEST_DESCRIPTION_WORDS:
            skipped["component without a description"] += 1
            continue
        lines = [f"{plain(name)}: {told}", f"{plain(language)} {plain(kind)}".strip()]
        if len(needs):
            lines.append(f"uses {', '.join(sorted(map(plain, needs))[:_MOST_DEPENDENCIES])}")
        content = shortened("\n".join(filter(None, lines)), window, count_tokens)
        if content:
            yield Candidate(
                id=content_id(content),
                title=human(f"{name}: {told}"),
                content=content,
                category="component",
                source="component",
                evidence_commit=sha,
                evidence_path=plain(path),
                evidence_line=0,
                occurred_at=EPOCH if pd.isna(moment) else moment_of(moment),
                substance=round(float(confidence), 3),
                reason="component: a part of the repository that describes itself",
                prose=told,
            )
