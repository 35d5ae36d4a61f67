"""What a company's history, documents and components teach, as learnings.

Everything here is decided by rules: the same input gives the same learnings with the same ids, on
every machine and in whatever order the rows come. A learning whose text holds a secret is refused.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from pathspec import GitIgnoreSpec

from coordinator.learnings.areas import area_of, common_folder
from coordinator.learnings.categories import (
    category_of_commit,
    category_of_decision,
    category_of_passage,
)
from coordinator.learnings.commit_text import CommitText, commit_text
from coordinator.learnings.documents import Passage, cut_document
from coordinator.learnings.language import language_of
from coordinator.learnings.lexicon import words_of
from coordinator.learnings.substance import skip_unread, substance_of
from coordinator.learnings.windows import shortened
from coordinator.memory import LEARNING_COLUMNS
from coordinator.plain_text import content_id, one_line, plain
from coordinator.ports import TokenCounter
from coordinator.secrets import find_secrets
from coordinator.settings import LearningSettings

LONGEST_TITLE = 100
_SOURCES = ("component", "commit", "document")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_DEPENDENCIES = 12
_FEWEST_DESCRIPTION_WORDS = 4
# Lower case letters and a space begin a word of prose, not a path, an identifier or a scope.
_PLAIN_START = re.compile(r"[^\W\d_A-Z]+(?:-[^\W\d_A-Z]+)?,?\s(?![-–—:|]\s)")


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


@dataclass(frozen=True)
class _Candidate:
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
            _SOURCES.index(self.source),
            self.evidence_commit,
            self.evidence_path,
            self.evidence_line,
            self.title,
        )


def learn(
    *,
    commits: pd.DataFrame,
    documents: pd.DataFrame,
    components: pd.DataFrame,
    rules: LearningSettings,
    count_tokens: TokenCounter,
    window: int,
    known: Collection[str] = (),
) -> Learned:
    """The learnings of one company.

    `window` bounds the tokens of a content as `count_tokens` counts them. `known` are ids of
    learnings these rules accepted before: the same text has the same verdict, so it is not searched
    for secrets again. Of equal contents the oldest evidence is kept.
    """
    skipped: Counter[str] = Counter()
    found = [
        *_from_commits(commits, rules, count_tokens, window, skipped),
        *_from_documents(documents, commits, count_tokens, window, skipped),
        *_from_components(components, count_tokens, window, skipped),
    ]
    oldest: dict[str, _Candidate] = {}
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
    candidates: Iterable[_Candidate], known: frozenset[str]
) -> tuple[list[_Candidate], Counter[str], int]:
    kept: list[_Candidate] = []
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


def _from_commits(
    commits: pd.DataFrame,
    rules: LearningSettings,
    count_tokens: TokenCounter,
    window: int,
    skipped: Counter[str],
) -> Iterator[_Candidate]:
    excluded = GitIgnoreSpec.from_lines(rules.exclude) if rules.exclude else None
    names = ("id", "authored_at", "author", "author_email", "message", "paths", "parents")
    for sha, moment, author, email, message, changed, parents in _rows(commits, names):
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
        yield _Candidate(
            id=content_id(content),
            title=_human(text.title if len(words_of(text.title)) > 1 else text.text),
            content=content,
            category=category,
            source="commit",
            evidence_commit=sha,
            evidence_path=plain(paths[0] if len(paths) == 1 else common_folder(paths)),
            evidence_line=0,
            occurred_at=_moment(moment),
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


def _from_documents(
    documents: pd.DataFrame,
    commits: pd.DataFrame,
    count_tokens: TokenCounter,
    window: int,
    skipped: Counter[str],
) -> Iterator[_Candidate]:
    touched = _last_touched(commits, set(documents["path"]) if len(documents) else set())
    for path, text, head, moment in _rows(documents, ("path", "text", "commit", "changed_at")):
        cut = cut_document(path, text, count_tokens=count_tokens, window=window)
        skipped.update(cut.skipped)
        changed, sha = touched.get(path, (None, head))
        occurred = _moment(moment) if not pd.isna(moment) else changed or _EPOCH
        for position, passage in enumerate(cut.passages):
            category, why = _passage_category(path, passage, position)
            yield _Candidate(
                id=content_id(passage.content),
                title=_human(passage.title),
                content=passage.content,
                category=category,
                source="document",
                evidence_commit=sha,
                evidence_path=plain(path),
                evidence_line=passage.line,
                occurred_at=occurred,
                substance=_passage_substance(passage),
                reason=f"{category}: {why}; a {passage.kind} of a document",
            )


def _passage_category(path: str, passage: Passage, position: int) -> tuple[str, str]:
    if passage.kind == "decision":
        return category_of_decision(passage.content)
    readme = path.rpartition("/")[2].lower().startswith(("readme", "leiame"))
    front = readme and position == 0 and len(passage.headings) <= 1
    return category_of_passage(passage.headings, passage.content, front=front, path=path)


def _passage_substance(passage: Passage) -> float:
    """By the number of different words, 0.5 for 15 to 1.0 for 100: what is written to be read."""
    words = {word for word in words_of(passage.content) if len(word) > 2}
    return round(min(1.0, 0.5 + 0.5 * max(0, len(words) - 15) / 85), 3)


def _last_touched(commits: pd.DataFrame, paths: set[str]) -> dict[str, tuple[datetime, str]]:
    """When and by which commit each of `paths` was last changed, as far as the commits tell."""
    touched: dict[str, tuple[datetime, str]] = {}
    for sha, moment, changed in _rows(commits, ("id", "committed_at", "paths")):
        for path in paths.intersection(changed):
            touched[path] = max(touched.get(path, (_EPOCH, "")), (_moment(moment), sha))
    return touched


def _from_components(
    components: pd.DataFrame, count_tokens: TokenCounter, window: int, skipped: Counter[str]
) -> Iterator[_Candidate]:
    names = (
        "name", "path", "category", "description", "language", "dependencies", "first_seen_at",
        "last_commit", "confidence",
    )  # fmt: skip
    for row in _rows(components, names):
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
            yield _Candidate(
                id=content_id(content),
                title=_human(f"{name}: {told}"),
                content=content,
                category="component",
                source="component",
                evidence_commit=sha,
                evidence_path=plain(path),
                evidence_line=0,
                occurred_at=_EPOCH if pd.isna(moment) else _moment(moment),
                substance=round(float(confidence), 3),
                reason="component: a part of the repository that describes itself",
                prose=told,
            )


def _human(title: str) -> str:
    """`title` with a capital, unless it begins with a name: ``web: ...``, ``libs/x ...``."""
    title = one_line(plain(title), LONGEST_TITLE)
    word = _PLAIN_START.match(title)
    return title[:1].upper() + title[1:] if word else title


def _moment(value: Any) -> datetime:
    moment: datetime = pd.Timestamp(value).to_pydatetime()
    return moment


def _rows(frame: pd.DataFrame, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    if not len(frame):
        return iter(())
    return zip(*(frame[name].tolist() for name in names), strict=True)


def _frame(kept: Sequence[_Candidate]) -> pd.DataFrame:
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
