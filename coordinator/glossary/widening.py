"""Words of the other language for a query, so that a search finds what was written in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from coordinator.glossary.terms import TERMS
from coordinator.learnings.language import STOP_WORDS
from coordinator.memory import strip_accents

Side = Literal["pt", "en"]
Phrase = tuple[str, ...]
"""One form of a term: its folded words."""

# A query of more words is a text of its own, with words enough to be found by. It was no worse
# left as it is (SeaMonkey's reports), and embedding it twice costs a second.
MOST_WORDS = 32

_STOPS = frozenset(strip_accents(word) for word in STOP_WORDS)


@dataclass(frozen=True)
class Widening:
    """What the glossary knows of a query.

    `terms` are words of the other language and the query's words each stands for. `translation` is
    the query in the other language, word for word, without stop words; what the glossary does not
    know stays. All are empty when it knows nothing.
    """

    terms: Mapping[str, str] = field(default_factory=dict)
    translation: str = ""
    language: Side | Literal[""] = ""
    """The language of both."""


NOTHING = Widening()


def widen(words: Sequence[str], language: str) -> Widening:
    """The glossary's words for a query of folded `words` in `language`.

    An undetermined language is the one whose side of the glossary knows more of the words.
    """
    if len(words) > MOST_WORDS:
        return NOTHING
    side, found = max(
        ((side, list(_known(words, side))) for side in _sides(language)),
        key=lambda one: sum(bool(others) for _, others in one[1]),
    )
    terms: dict[str, str] = {}
    translation: list[str] = []
    for phrase, others in found:
        said = " ".join(phrase)
        for word in (word for other in others for word in other):
            if word not in words and word not in _STOPS:
                terms.setdefault(word, said)
        if others:
            translation += others[0]
        elif said not in _STOPS:
            translation.append(said)
    if not terms:
        return NOTHING
    return Widening(terms, " ".join(translation), "en" if side == "pt" else "pt")


def _sides(language: str) -> tuple[Side, ...]:
    if language == "en":
        return ("en",)
    # what was taken for Spanish is as often a short Portuguese query
    return ("pt",) if language in {"pt", "es"} else ("pt", "en")


def _known(words: Sequence[str], side: Side) -> Iterator[tuple[Phrase, list[Phrase]]]:
    """`words` cut into phrases, the longest known ones first, with their forms on the other side.

    A word the glossary does not know comes alone and has none.
    """
    forms = _forms()[side]
    keys = [_key(word) for word in words]
    longest = max(map(len, forms))
    start = 0
    while start < len(words):
        for length in range(min(longest, len(words) - start), 0, -1):
            others = forms.get(tuple(keys[start : start + length]), [])
            if others or length == 1:
                yield tuple(words[start : start + length]), others
                start += length
                break


@cache
def _forms() -> dict[Side, dict[Phrase, list[Phrase]]]:
    """Per side the keys of every form, and what it is called on the other side."""
    forms: dict[Side, dict[Phrase, list[Phrase]]] = {"pt": {}, "en": {}}
    for line in TERMS.strip().splitlines():
        left, right = ([_phrase(form) for form in side.split(",")] for side in line.split(" = "))
        _learn(forms["pt"], left, right)
        _learn(forms["en"], right, left)
    return forms


def _learn(forms: dict[Phrase, list[Phrase]], these: list[Phrase], others: list[Phrase]) -> None:
    for form in these:
        known = forms.setdefault(tuple(map(_key, form)), [])
        known += [other for other in others if other not in known]


def _phrase(form: str) -> Phrase:
    return tuple(strip_accents(form).lower().replace("-", " ").split())


def _key(word: str) -> str:
    """A word without the -s of its plural."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
