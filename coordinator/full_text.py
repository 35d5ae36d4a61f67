"""What the full-text index holds of a text, and what a query asks of it.

The index stems by the rules of English, which leave ``conexão`` and ``conexões`` two words and
``validar`` and ``validação`` too. A Portuguese text has its stems beside its words, marked, so
that no English word is taken for one; with the stems in the words' place English queries fell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from coordinator import glossary, memory
from coordinator.glossary import Widening
from coordinator.learnings.language import STOP_WORDS, language_of
from coordinator.portuguese import stem

STEM_MARK = "q"
STEM_SHARE = 0.5
"""What a stem counts of its word; in a Portuguese query the word as it stands has the rest."""

_STOPS = frozenset(memory.strip_accents(word) for word in STOP_WORDS)
_SHORTEST_STEM = 3


def index_text(text: str, language: str) -> str:
    """`text` as the full-text index takes it: folded, a Portuguese one with its stems behind."""
    folded = memory.fold(text)
    if language != "pt":
        return folded
    return " ".join((folded, *(marked for _, marked in _stems(memory.words_of(folded)))))


@dataclass(frozen=True)
class Asked:
    """A query in words: its own, distinct and folded, and what the glossary knows for them.

    `stems` are those of its Portuguese words, own or the glossary's, marked as in the index, each
    with the query's words it stands for. `stem_share` is their weight, `own_share` that of the
    words as they stand, where 1 is the whole of a word.
    """

    language: str
    words: tuple[str, ...]
    wider: Widening
    stems: Mapping[str, str] = field(default_factory=dict)
    own_share: float = 1.0
    stem_share: float = 0.0


def asked(query: str, *, glossary_weight: float) -> Asked:
    """The words of a `query`; the glossary's words and stems count `glossary_weight` of its own."""
    language, words = language_of(query), tuple(memory.query_terms(query).split())
    wider = glossary.widen(words, language) if glossary_weight else glossary.NOTHING
    if wider.language == "pt":
        stems = _said(wider.terms)
        return Asked(language, words, wider, stems, 1.0, STEM_SHARE * glossary_weight)
    if language in {"pt", "es"} or wider.language == "en":
        stems = _said({word: word for word in words})
        return Asked(language, words, wider, stems, 1.0 - STEM_SHARE, STEM_SHARE)
    return Asked(language, words, wider)


def _said(by_word: Mapping[str, str]) -> dict[str, str]:
    stems: dict[str, str] = {}
    for word, marked in _stems(by_word):
        stems.setdefault(marked, by_word[word])
    return stems


def _stems(words: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The words that have a stem worth finding, each with it, marked."""
    for word in words:
        if word not in _STOPS and len(short := stem(word)) >= _SHORTEST_STEM:
            yield word, STEM_MARK + short
