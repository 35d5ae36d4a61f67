"""What the commits of a repository teach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pandas as pd
from pathspec import GitIgnoreSpec

from coordinator.learnings.areas import area_of, common_folder
from coordinator.learnings.candidate import Candidate, human, moment_of, rows_of
from coordinator.learnings.categories import category_of_commit
from coordinator.learnings.commit_text import CommitText, commit_text
from coordinator.learnings.lexicon import words_of
from coordinator.learnings.substance import skip_unread, substance_of
from coordinator.learnings.windows import shortened
from coordinator.plain_text import content_id, plain
from coordinator.ports import TokenCounter
from coordinator.settings import LearningSettings


def from_commits(
    commits: pd.DataFrame,
    rules: LearningSettings,
    count_tokens: TokenCounter,
    window: int,
    skipped: Counter[str],
) -> Iterator[Candidate]:
    """The commits with enough substance; `skipped` counts the others by reason."""
    excluded = GitIgnoreSpec.from_lines(rules.exclude) if rules.exclude else None
    names = ("id", "authored_at", "author", "author_email", "message", "paths", "parents")
    for sha, moment, author, email, message, changed, parents in rows_of(commits, names):
        paths = list(changed)  # stored lists come back as arrays
        reason = skip_unread(message, author=author, author_email=email, parents=len(parents))
        if not reason and excluded and paths and all(map(excluded.match_file, paths)):
            reason = "only excluded paths"
        if reason:
            skipped[reason] += 1
            continue
        text = commit_text(message)
        judged = substance_of(text, paths)
        if judged.skip or judged.score < rules.min_substance:
            skipped[judged.skip or "little substance"] += 1
            continue
        content = _commit_content(text, area_of(paths, text.title), count_tokens, window)
        if not content:
            skipped["no room in the model's window"] += 1
            continue
        category, why = category_of_commit(text)
        yield Candidate(
            id=content_id(content),
            title=human(text.title if len(words_of(text.title)) > 1 else text.text),
            content=content,
            category=category,
            source="commit",
            evidence_commit=sha,
            evidence_path=plain(paths[0] if len(paths) == 1 else common_folder(paths)),
            evidence_line=0,
            occurred_at=moment_of(moment),
            substance=judged.score,
            reason=f"{category}: {why}; kept because it {_as_clause(judged.reason)}",
        )


def _commit_content(text: CommitText, area: str, count_tokens: TokenCounter, window: int) -> str:
    """Title and body within the window: of a long body the beginning, whole sentences, then '…'."""
    lead = f"[{area}] {text.title}" if area else text.title
    whole = f"{lead}\n\n{text.body}" if text.body else lead
    return shortened(whole.strip(), window, count_tokens)


def _as_clause(reason: str) -> str:
    return reason if reason.split(" ", 1)[0].endswith("s") else f"is {reason}"
