"""What a company's sources teach, as learnings: its history, documents, components, issues, pages.

Everything here is decided by rules: the same input gives the same learnings with the same ids, on
every machine and in whatever order the rows come. A learning whose text holds a secret is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import pandas as pd

from coordinator.learnings.candidate import Candidate
from coordinator.learnings.from_commits import from_commits
from coordinator.learnings.from_components import from_components
from coordinator.learnings.from_documents import from_documents, from_pages
from coordinator.learnings.from_issues import from_issues
from coordinator.learnings.from_memories import from_memories
from coordinator.learnings.language import language_of
from coordinator.memory import LEARNING_COLUMNS
from coordinator.ports import TokenCounter
from coordinator.secrets import find_secrets
from coordinator.settings import LearningSettings

NOTHING = pd.DataFrame()


@dataclass(frozen=True)
class Learned:
    """The learnings (rows of LEARNING_COLUMNS, by time and id) and what became of everything else.

    `skipped` counts by named reason, `refused` are learnings with a secret and `refused_by_kind`
    the kinds found in them, `duplicates` are rows whose normalised content was there already.
    """

    learnings: pd.DataFrame
    skipped: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    refused_by_kind: dict[str, int] = field(default_factory=dict)
    duplicates: int = 0


def learn(
    *,
    commits: pd.DataFrame,
    documents: pd.DataFrame,
    components: pd.DataFrame,
    issues: pd.DataFrame = NOTHING,
    pages: pd.DataFrame = NOTHING,
    memories: pd.DataFrame = NOTHING,
    rules: LearningSettings,
    count_tokens: TokenCounter,
    window: int,
    known: Collection[str] = (),
) -> Learned:
    """The learnings of one company; frames have the shapes of its tables.

    `window` bounds the tokens of a content as `count_tokens` counts them. `known` are ids of
    learnings these rules accepted before: the same text has the same verdict, so it is not searched
    for secrets again. Of equal contents the oldest evidence is kept.
    """
    skipped: Counter[str] = Counter()
    found = [
        *from_commits(commits, rules, count_tokens, window, skipped),
        *from_documents(documents, commits, count_tokens, window, skipped),
        *from_components(components, count_tokens, window, skipped),
        *from_issues(issues, count_tokens, window, skipped),
        *from_pages(pages, count_tokens, window, skipped),
        *from_memories(memories, count_tokens, window, skipped),
    ]
    oldest: dict[str, Candidate] = {}
    for candidate in found:
        held = oldest.get(candidate.id)
        if held is None or candidate.age < held.age:
            oldest[candidate.id] = candidate
    kept, kinds, refused = _without_secrets(oldest.values(), frozenset(known))
    return Learned(
        learnings=_frame(sorted(kept, key=lambda one: (one.occurred_at, one.id))),
        skipped=dict(sorted(skipped.items())),
        refused=refused,
        refused_by_kind=dict(sorted(kinds.items())),
        duplicates=len(found) - len(oldest),
    )


def _without_secrets(
    candidates: Iterable[Candidate], known: frozenset[str]
) -> tuple[list[Candidate], Counter[str], int]:
    kept: list[Candidate] = []
    kinds: Counter[str] = Counter()
    refused = 0
    for one in candidates:
        secrets = (
            set()
            if one.id in known
            else {
                finding.kind
                for finding in find_secrets(f"{one.title}\n{one.content}\n{one.evidence_path}")
            }
        )
        if secrets:
            refused += 1
            kinds.update(secrets)
        else:
            kept.append(one)
    return kept, kinds, refused


def _frame(kept: Sequence[Candidate]) -> pd.DataFrame:
    rows = [
        tuple(
            language_of(one.prose or one.content) if name == "language" else getattr(one, name)
            for name in LEARNING_COLUMNS
        )
        for one in kept
    ]
    frame = pd.DataFrame(rows, columns=list(LEARNING_COLUMNS))
    frame["occurred_at"] = pd.to_datetime(frame["occurred_at"], utc=True).astype(
        "datetime64[us, UTC]"
    )
    return frame.astype({"evidence_line": "int64", "substance": "float64"})
