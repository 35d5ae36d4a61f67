"""What a project's issues teach: what was solved, and what is still needed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pandas as pd

from coordinator.learnings.candidate import (
    EPOCH,
    Candidate,
    human,
    moment_of,
    rows_of,
    substance_by_words,
    words_in,
)
from coordinator.learnings.windows import shortened
from coordinator.plain_text import content_id, plain
from coordinator.ports import TokenCounter

DONE = "done"
"""Jira's key of the category of statuses that end an issue."""

# Closed, and nothing was solved: in Jira's own words and as people name resolutions.
_UNSOLVED = re.compile(
    r"won'?t|will not|duplicate|cannot reproduce|can'?t reproduce|incomplete|declined|rejected|"
    r"invalid|not a bug|abandoned|obsolete|cancel|not planned|as designed|known error|"
    r"não será|duplicad|não reproduz|incomplet|recusad|rejeitad|inválid|abandonad|cancelad|"
    r"não é (?:um )?(?:bug|erro)|obsolet",
    re.IGNORECASE,
)
_FEWEST_WORDS = 10


def from_issues(
    issues: pd.DataFrame, count_tokens: TokenCounter, window: int, skipped: Counter[str]
) -> Iterator[Candidate]:
    """Resolved issues as solutions, open ones as needs; `skipped` counts the others by reason."""
    names = ("key", "title", "text", "comments", "history", "state", "resolution")
    for row in rows_of(issues, (*names, "created_at", "resolved_at")):
        key, title, text, comments, history, state, resolution, created, resolved = row
        told = "\n\n".join(filter(None, (plain(title), text, comments, history)))
        if len(words_in(told)) < _FEWEST_WORDS:
            skipped["issue: hardly any text"] += 1
            continue
        if state == DONE and _UNSOLVED.search(resolution):
            skipped["issue: closed without a solution"] += 1
            continue
        content = shortened(told.strip(), window, count_tokens)
        if not content:
            skipped["no room in the model's window"] += 1
            continue
        category = "solution" if state == DONE else "need"
        came = resolved if state == DONE and not pd.isna(resolved) else created
        why = "an issue that was resolved" if state == DONE else "an issue that is open"
        yield Candidate(
            id=content_id(content),
            title=human(title),
            content=content,
            category=category,
            source="jira",
            evidence_commit="",
            evidence_path=key,
            evidence_line=0,
            occurred_at=EPOCH if pd.isna(came) else moment_of(came),
            substance=substance_by_words(content),
            reason=f"{category}: {why}",
        )
