"""What Markdown teaches: the documents of a repository, and the pages of a space."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

import pandas as pd

from coordinator.learnings.candidate import (
    EPOCH,
    Candidate,
    human,
    moment_of,
    rows_of,
    substance_by_words,
)
from coordinator.learnings.categories import category_of_decision, category_of_passage
from coordinator.learnings.documents import Passage, cut_document
from coordinator.plain_text import content_id, plain
from coordinator.ports import TokenCounter


def from_documents(
    documents: pd.DataFrame,
    commits: pd.DataFrame,
    count_tokens: TokenCounter,
    window: int,
    skipped: Counter[str],
) -> Iterator[Candidate]:
    """The passages of the documents; `skipped` counts what was left out by reason."""
    touched = _last_touched(commits, set(documents["path"]) if len(documents) else set())
    for path, text, head, moment in rows_of(documents, ("path", "text", "commit", "changed_at")):
        cut = cut_document(path, text, count_tokens=count_tokens, window=window)
        skipped.update(cut.skipped)
        changed, sha = touched.get(path, (None, head))
        occurred = moment_of(moment) if not pd.isna(moment) else changed or EPOCH
        for position, passage in enumerate(cut.passages):
            category, why = _passage_category(path, passage, position)
            yield Candidate(
                id=content_id(passage.content),
                title=human(passage.title),
                content=passage.content,
                category=category,
                source="document",
                evidence_commit=sha,
                evidence_path=plain(path),
                evidence_line=passage.line,
                occurred_at=occurred,
                substance=substance_by_words(passage.content),
                reason=f"{category}: {why}; a {passage.kind} of a document",
            )


def from_pages(
    pages: pd.DataFrame, count_tokens: TokenCounter, window: int, skipped: Counter[str]
) -> Iterator[Candidate]:
    """The passages of a space's pages; the evidence is the page's id and the line in it."""
    for id, title, text, comments, moment in rows_of(
        pages, ("id", "title", "text", "comments", "updated_at")
    ):
        path = f"{title.replace('/', '-')}.md"
        told = f"{text}\n\n## Comments\n\n{comments}" if comments else text
        cut = cut_document(path, told, count_tokens=count_tokens, window=window)
        for reason, count in cut.skipped.items():
            skipped[reason.replace("document", "page", 1)] += count
        for position, passage in enumerate(cut.passages):
            category, why = _passage_category(path, passage, position)
            yield Candidate(
                id=content_id(passage.content),
                title=human(passage.title),
                content=passage.content,
                category=category,
                source="confluence",
                evidence_commit="",
                evidence_path=f"page {id}",
                evidence_line=passage.line,
                occurred_at=moment_of(moment),
                substance=substance_by_words(passage.content),
                reason=f"{category}: {why}; a {passage.kind} of a page",
            )


def _passage_category(path: str, passage: Passage, position: int) -> tuple[str, str]:
    if passage.kind == "decision":
        return category_of_decision(passage.content)
    readme = path.rpartition("/")[2].lower().startswith(("readme", "leiame"))
    front = readme and position == 0 and len(passage.headings) <= 1
    return category_of_passage(passage.headings, passage.content, front=front, path=path)


def _last_touched(commits: pd.DataFrame, paths: set[str]) -> dict[str, tuple[datetime, str]]:
    """When and by which commit each of `paths` was last changed, as far as the commits tell."""
    touched: dict[str, tuple[datetime, str]] = {}
    for sha, moment, changed in rows_of(commits, ("id", "committed_at", "paths")):
        for path in paths.intersection(changed):
            touched[path] = max(touched.get(path, (EPOCH, "")), (moment_of(moment), sha))
    return touched
