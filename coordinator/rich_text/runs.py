"""The words of a paragraph as runs of equal marks, settled so that Markdown can say them.

Markdown cannot put a mark on the space beside a word or, for some marks, on a part of a word.
Whatever is written to ADF and whatever is read from it is settled by the same rules, so that the
way from one to the other and back loses nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from coordinator.plain_text import visible

MARKS = ("strong", "strike", "em")
"""The marks that are kept, outermost first."""

_SPACE = re.compile(r"\s+")
_LINE_BREAKS = re.compile(r"[\n\r]+")
# U+0338 with no letter before it would join our own sign there: it and > are one character
_LOOSE_STROKE = re.compile(r"(?<!\S)\u0338+")
_PARTS = re.compile(r" |[^ ](?:.*[^ ])?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Run:
    """Text of equal marks; `href` when it is a link, `code` when it is code and has no marks."""

    text: str
    marks: frozenset[str] = frozenset()
    href: str = ""
    code: bool = False
    ends_line: bool = False


BREAK = Run("\n", ends_line=True)
"""The end of a line within a paragraph."""
_GAP = Run(" ")


def settled(runs: Iterable[Run]) -> list[Run]:
    """`runs` with single spaces, no space or break at the ends, and marks that can be written.

    A mark leaves the spaces at its ends, and altogether where a word goes on directly after
    punctuation (``**Note:**this``) or into another mark. No text is lost.
    """
    held = _spaced(_parts(runs))
    present = frozenset[str]().union(*(run.marks for run in held))
    for level, mark in enumerate(MARKS):
        if mark in present:
            held = _marked(held, level)
    return _merged(held)


def _parts(runs: Iterable[Run]) -> Iterable[Run]:
    """Runs cut so that each is a space, a break, code, or text without spaces at its ends."""
    for run in runs:
        if run == BREAK:
            yield BREAK
        elif run.code:
            text = _LINE_BREAKS.sub(" ", visible(run.text))
            if text:
                yield Run(text, href=run.href, code=True)
        else:
            text = _SPACE.sub(" ", _LOOSE_STROKE.sub("", visible(run.text)))
            for part in _PARTS.findall(text):
                yield replace(run, text=part)


def _spaced(runs: Iterable[Run]) -> list[Run]:
    """No space beside a break, another space or an end; a space is a link only within one."""
    held: list[Run] = []
    for run in runs:
        after_space = bool(held) and held[-1] == _GAP
        if run.text == " " and not run.code:
            if held and not after_space and held[-1] != BREAK:
                held.append(_GAP)
            continue
        if after_space and run == BREAK:
            held.pop()
        elif after_space and held[-2].href == run.href:
            held[-1] = replace(_GAP, href=run.href)
        if held or run != BREAK:
            held.append(run)
    while held and held[-1] in (BREAK, _GAP):
        held.pop()
    return held


def _marked(runs: Sequence[Run], level: int) -> list[Run]:
    """`runs` with the mark of that level only where it can be written."""
    mark, outer = MARKS[level], frozenset(MARKS[:level])
    held = [*runs]
    for at, run in enumerate(held):
        if run.text == " " and not run.code:
            before, after = held[at - 1], held[at + 1]
            kept = mark in before.marks & after.marks and _together(before, after, outer)
            held[at] = replace(run, marks=run.marks | {mark} if kept else run.marks - {mark})
    for start, end in spans(held, mark):
        if not _writable(held, start, end, outer):
            held[start:end] = [replace(run, marks=run.marks - {mark}) for run in held[start:end]]
    return held


def spans(runs: Sequence[Run], mark: str) -> Iterator[tuple[int, int]]:
    """Where a mark begins and ends: it ends with a link and with the marks around it."""
    outer = frozenset(MARKS[: MARKS.index(mark)])
    start = 0
    while start < len(runs):
        end = start + 1
        if mark in runs[start].marks:
            while (
                end < len(runs)
                and mark in runs[end].marks
                and _together(runs[start], runs[end], outer)
            ):
                end += 1
            yield start, end
        start = end


def parts_a_word(runs: Sequence[Run], start: int, end: int) -> bool:
    """Whether a word goes on before `start` or at `end`."""
    before = start > 0 and _goes_on(runs[start - 1], runs[start]) and runs[start - 1].text[-1]
    after = end < len(runs) and _goes_on(runs[end], runs[end - 1]) and runs[end].text[0]
    return bool(before and is_word(before)) or bool(after and is_word(after))


def _writable(runs: Sequence[Run], start: int, end: int, outer: frozenset[str]) -> bool:
    """Whether Markdown's rules of flanking let a mark begin before `start` and end before `end`.

    Around a part of a word it may only stand where no other mark begins or ends, and not beside
    punctuation.
    """
    if not parts_a_word(runs, start, end):
        return True
    first, last = runs[start], runs[end - 1]
    before = runs[start - 1] if start else BREAK
    after = runs[end] if end < len(runs) else BREAK
    return (
        _together(before, first, outer)
        and _together(after, last, outer)
        and is_word(first.text[0])
        and is_word(last.text[-1])
    )


def _together(one: Run, other: Run, outer: frozenset[str]) -> bool:
    """Whether a mark may go on from `one` to `other`: nothing around it ends or begins between."""
    return one.href == other.href and one.marks & outer == other.marks & outer


def _goes_on(one: Run, other: Run) -> bool:
    """Whether nothing but marks stands between two runs."""
    return one.href == other.href and not one.code and one != BREAK


def is_word(character: str) -> bool:
    """Whether CommonMark takes a character for part of a word: neither space nor punctuation."""
    return not (character.isspace() or unicodedata.category(character)[0] in "PS")


def _merged(runs: Iterable[Run]) -> list[Run]:
    held: list[Run] = []
    for _, equal in groupby(runs, key=lambda run: (run == BREAK, run.marks, run.href, run.code)):
        first, *more = equal
        if first == BREAK:
            held += [first, *more]
        elif more:
            text = "".join([first.text, *(run.text for run in more)])
            held.append(replace(first, text=visible(text)))
        else:
            held.append(first)
    return held
