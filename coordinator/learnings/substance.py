"""How much a commit tells a stranger: a score with its reasons.

A learning must tell somebody of another company something he can use: a problem with its cause, a
technique with its object, a decision with its reason. The score is a sum of named factors, clipped
to 0..1; the weights were set on hand-judged commits of real repositories (docs/quality.md).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from coordinator.generated import is_generated
from coordinator.learnings import lexicon
from coordinator.learnings.commit_text import CommitText, commit_text
from coordinator.learnings.noise import noise_in

BASE = 0.15
_FEW_NEWS, _SOME_NEWS, _MUCH_NEWS = 3, 6, 12
_MANY_STEPS = 3
_MANY_FILES = 60
_CHORES = frozenset(("chore", "ci", "build", "test", "tests", "style", "docs"))

_BOT = re.compile(
    r"\[bot\]|(?:^|[\s._-])bot(?:$|[\s@._-])|dependabot|renovate|greenkeeper|snyk-bot|mergify|"
    r"semantic-release|release-please|github-actions|github actions|travis ci|circleci|pyup|"
    r"codecov|imgbot|allcontributors|weblate|crowdin|transifex|pre-commit-ci|web-flow",
    re.IGNORECASE,
)
_REVERT = re.compile(r"(?:revert|reverte|desfaz)\w*\b", re.IGNORECASE)
MEASURED = re.compile(
    r"\d(?:[.,]\d+)?\s?(?:%|ms\b|µs\b|x\b|[KMG]i?B\b|[kmg]b\b|seconds?\b|minutes?\b|times\b|segundos?\b)"
)
_CODE = re.compile(
    r"`[^`\n]+`|\b\w+\(\)|(?<!\w)--?[a-z][\w-]+|\b[a-z]+[A-Z]\w+|\b[A-Z][a-z]+[A-Z]\w+|\b\w+_\w+"
    r"|\b[A-Z]{2,}_[A-Z_]+\b"
)
_DOC_PATH = re.compile(r"\.(?:md|markdown|rst|adoc|txt|png|jpe?g|svg|gif|ico|puml)$", re.IGNORECASE)
_CI_PATH = re.compile(
    r"^(?:\.github|\.circleci|\.gitlab|\.travis|\.ci)(?:/|[.-])|(?:^|/)(?:jenkinsfile|codecov\.yml)$"
    r"|^\.\w+(?:ignore|rc|\.ya?ml|\.json)?$",
    re.IGNORECASE,
)
_TEST_PATH = re.compile(r"(?:^|/)(?:tests?|specs?|__tests__|testdata|cypress)/|[._]test\.|test_")


@dataclass(frozen=True)
class Substance:
    """The score of a commit, 0..1, its `factors` as (name, weight), and a one-line `reason`.

    `skip` names the noise a commit is (``merge``, ``bot``, ``typo``, ...): the score is then 0.
    """

    score: float
    factors: tuple[tuple[str, float], ...]
    reason: str
    skip: str = ""


def substance(
    message: str,
    *,
    author: str = "",
    author_email: str = "",
    paths: Sequence[str] = (),
    parents: int = 1,
) -> Substance:
    """The substance of one commit; `parents` is the number of its parents."""
    skip = skip_unread(message, author=author, author_email=author_email, parents=parents)
    if skip:
        return _skipped(skip)
    return substance_of(commit_text(message), paths)


def skip_unread(message: str, *, author: str, author_email: str, parents: int) -> str:
    """The noise a commit is by its envelope alone ('' for none): merges, robots, empty ones."""
    if parents > 1:
        return "merge"
    if _BOT.search(author) or _BOT.search(author_email):
        return "bot"
    return "" if message.strip() else "empty message"


def substance_of(text: CommitText, paths: Sequence[str] = ()) -> Substance:
    """The substance of a message that `commit_text` has cleaned."""
    read = _read(text)
    noise = noise_in(text.title)
    if noise and _excused(noise, read):
        noise = ""
    if not noise and _REVERT.match(text.title) and not read.why:
        noise = "revert without explanation"
    if noise:
        return _skipped(noise)
    factors = (*_word_factors(text, read), *_path_factors(text, paths))
    score = BASE + sum(weight for _, weight in factors)
    return Substance(round(min(max(score, 0.0), 1.0), 3), factors, _reason(factors))


@dataclass(frozen=True)
class _Read:
    """A message cut into words once.

    `found` are the words and pairs of title and prose, `listed_found` those of a squash merge's
    sub-commits, `news` how many new words the prose adds to the title.
    """

    title_words: list[str]
    found: frozenset[str]
    title_found: frozenset[str]
    listed_found: frozenset[str]
    news: int
    steps: int
    why: bool
    fault: bool
    problem: bool

    @property
    def explains(self) -> bool:
        """Whether the body makes up for any title: at length, with a cause or a fault in it."""
        return self.news >= _MUCH_NEWS and (self.why or self.fault or self.problem)


def _read(text: CommitText) -> _Read:
    title_words = lexicon.words_of(text.title)
    lines = text.body.split("\n") if text.body else []
    prose = lexicon.words_of("\n".join(line for line in lines if not line.startswith("- ")))
    steps = [line for line in lines if line.startswith("- ")]
    # a body that says the title again tells nothing new
    news = {word for word in prose if len(word) > 3}.difference(title_words, lexicon.ADDITION)
    title_found = lexicon.terms(title_words)
    # "Avoid X", "Garante X": the first word says what was done, not why and not what went wrong
    prose_found = lexicon.terms(prose)
    later = lexicon.terms(title_words[1:]) | prose_found
    return _Read(
        title_words=title_words,
        found=title_found | prose_found,
        title_found=title_found,
        listed_found=lexicon.terms(lexicon.words_of("\n".join(steps))),
        news=len(news),
        steps=len(steps),
        why=not lexicon.CAUSE.isdisjoint(later),
        fault=not lexicon.FAULT.isdisjoint(later) or lexicon.went_wrong(prose),
        problem=not lexicon.PROBLEM.isdisjoint(prose_found),
    )


def _excused(noise: str, read: _Read) -> bool:
    """Whether a title that is noise has a body that is none."""
    if noise in ("too short", "too vague"):
        return read.news >= _SOME_NEWS or read.steps >= _MANY_STEPS
    return read.explains or (read.why and read.news >= _FEW_NEWS)


def _skipped(noise: str) -> Substance:
    return Substance(0.0, (), f"skipped: {noise}", noise)


def _word_factors(text: CommitText, read: _Read) -> tuple[tuple[str, float], ...]:
    found = read.found
    said = [
        word
        for word in read.title_words
        if len(word) > 3 and word not in lexicon.ADDITION and word not in lexicon.HEDGE
    ]
    whole = text.text
    told = read.news >= _SOME_NEWS and (read.why or read.fault)
    judged = (
        ("says why", read.why, 0.35),
        ("says what did not work", read.fault, 0.15),
        ("says instead of what", bool(found & lexicon.CONTRAST), 0.1),
        ("names a problem", bool(found & lexicon.PROBLEM), 0.1),
        ("names a technique", bool(found & lexicon.TECHNIQUE), 0.1),
        ("says when", bool(found & lexicon.CONDITION), 0.1),
        ("gives a figure", bool(MEASURED.search(whole)), 0.1),
        ("names code", bool(_CODE.search(whole)), 0.1),
        ("a title of many words", len(said) >= 6, 0.1),
        ("a title of hardly a word", len(said) < 2 and not read.explains, -0.2),
        ("explained at length", read.news >= _MUCH_NEWS, 0.3),
        ("explained", _SOME_NEWS <= read.news < _MUCH_NEWS, 0.25),
        ("a step says why", bool(read.listed_found & lexicon.CAUSE), 0.1),
        ("a short title alone", not text.body and len(said) < 5, -0.15),
        ("a title alone", not text.body and len(said) >= 5, -0.05),
        ("lists its steps", read.steps >= _MANY_STEPS, 0.1),
        ("cosmetic words", bool(read.title_found & lexicon.HEDGE) and not told, -0.15),
        ("only adds or changes", _only_adds(read), -0.05),
        ("a chore", text.kind in _CHORES, -0.1),
    )
    return tuple((name, weight) for name, holds, weight in judged if holds)


def _only_adds(read: _Read) -> bool:
    """`Add X`, `Remove X` with nothing said about X."""
    return any(word in lexicon.ADDITION for word in read.title_words[:2]) and not (
        read.why or read.fault or read.title_found & (lexicon.PROBLEM | lexicon.CONDITION)
    )


def _path_factors(text: CommitText, paths: Sequence[str]) -> tuple[tuple[str, float], ...]:
    if not paths:
        return ()
    if len(paths) <= _MANY_FILES and all(is_generated(path) for path in paths):
        return (("only generated files", -0.3),)
    some = paths[:20]
    judged = (
        ("only documents", all(_DOC_PATH.search(path) for path in some), -0.2),
        ("only build and CI files", all(_CI_PATH.search(path) for path in some), -0.1),
        ("only tests", all(_TEST_PATH.search(path) for path in some), -0.1),
        ("touches very many files", len(paths) > _MANY_FILES and not text.body, -0.1),
    )
    return tuple((name, weight) for name, holds, weight in judged if holds)


def _reason(factors: tuple[tuple[str, float], ...]) -> str:
    good = [name for name, weight in factors if weight > 0]
    bad = [name for name, weight in factors if weight < 0]
    told = ", ".join(good) or "says little"
    return f"{told}; but {', '.join(bad)}" if bad else told
