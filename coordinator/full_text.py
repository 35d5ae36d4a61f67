"""What a query asks of full text: its words, and what the glossary adds to them."""

from __future__ import annotations

from dataclasses import dataclass

from coordinator import glossary, memory
from coordinator.glossary import Widening
from coordinator.learnings.language import language_of


@dataclass(frozen=True)
class Asked:
    """A query in words: its own, distinct and folded, and what the glossary knows for them."""

    language: str
    words: tuple[str, ...]
    wider: Widening


def asked(query: str, *, widen: bool = True) -> Asked:
    """The words of a `query`; without those of the glossary where `widen` is false."""
    language, words = language_of(query), tuple(memory.query_terms(query).split())
    return Asked(language, words, glossary.widen(words, language) if widen else glossary.NOTHING)
