"""Finds words and names in a text however they are written.

``Projeto Falcão`` is found as ``projeto falcao``, ``PROJETO_FALCAO``, ``projeto-falcão``,
``ProjetoFalcao`` and ``getProjetoFalcao2``, not in ``projetos falcaozinhos``: a word ends at a
separator, at a digit, or where an identifier's next word begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from coordinator.memory import strip_accents

_RUN = re.compile(r"(?:[^\W_][\u0300-\u036f]*)+")
_LONGEST_GAP = 3


@dataclass(frozen=True)
class Phrase:
    """Words to find. `capital` asks for a capital in the text: ``Rosa``, but not ``rosa``."""

    text: str
    kind: str
    capital: bool = False


@dataclass(frozen=True, order=True)
class Span:
    """Where something stands in a text, and what it is."""

    start: int
    end: int
    kind: str


@dataclass
class _Form:
    """How a phrase reads without separators; those may stand at `seams`."""

    kind: str
    capital: bool
    seams: set[int] = field(default_factory=set)


class Phrases:
    """Many phrases, found in one walk over the text: its cost does not grow with their number."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        self._forms: dict[str, _Form] = {}
        self._beginnings: set[str] = set()
        for phrase in phrases:
            self._add(phrase)

    def spans(self, text: str) -> Iterator[Span]:
        """Where phrases stand in `text`, the longest at each place."""
        atoms = list(_atoms(text))
        past = 0
        for first in range(len(atoms)):
            if first < past:
                continue
            found = self._longest(text, atoms, first)
            if found is not None:
                past = found[1] + 1
                yield Span(atoms[first][0], atoms[found[1]][1], found[0])

    def _add(self, phrase: Phrase) -> None:
        whole, seams = "", set()
        for _, _, folded in _atoms(phrase.text):
            seams.add(len(whole))
            whole += folded
        if not whole:
            return
        form = self._forms.setdefault(whole, _Form(phrase.kind, phrase.capital))
        form.capital = form.capital and phrase.capital
        form.seams |= seams
        self._beginnings.update(whole[:length] for length in range(1, len(whole) + 1))

    def _longest(
        self, text: str, atoms: list[tuple[int, int, str]], first: int
    ) -> tuple[str, int] | None:
        """Kind and last atom of the longest phrase that begins with atom `first`."""
        read, gaps, found = "", [], None
        for at in range(first, len(atoms)):
            start, _, folded = atoms[at]
            gap = start - atoms[at - 1][1] if at > first else 0
            if gap > _LONGEST_GAP:
                break
            if gap:
                gaps.append(len(read))
            read += folded
            if read not in self._beginnings:
                break
            form = self._forms.get(read)
            if form is None or not form.seams.issuperset(gaps):
                continue
            if not form.capital or text[atoms[first][0]].isupper():
                found = (form.kind, at)
        return found


def _atoms(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and folded letters of the smallest words: identifiers are cut at their humps."""
    for run in _RUN.finditer(text):
        start, letters = run.start(), run.group()
        cuts = [at for at in range(1, len(letters)) if _begins_word(letters, at)]
        for left, right in zip([0, *cuts], [*cuts, len(letters)], strict=True):
            piece = letters[left:right]
            yield start + left, start + right, strip_accents(piece).casefold()


def _begins_word(letters: str, at: int) -> bool:
    before, here = letters[at - 1], letters[at]
    if before.isdigit() != here.isdigit():
        return True
    if before.islower() and here.isupper():
        return True
    after = letters[at + 1 : at + 2]
    return before.isupper() and here.isupper() and after.islower()
