"""Runs written as Markdown: escaped only where a character would be read as markup."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator, Sequence
from html.entities import html5
from itertools import groupby
from typing import Literal

from coordinator.rich_text.runs import BREAK, MARKS, Run, is_word, parts_a_word, spans

Fragment = tuple[str, Literal["markup", "text", "label"]]
"""A piece of Markdown: markup as it is, or text to escape, in a link's label or elsewhere."""

_SIGNS = {"strong": "**", "strike": "~~", "em": "_"}
_SPECIAL = re.compile(r"[\\`*_~\[\]!<&]")
_ENTITY = re.compile(r"&(?:#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|([A-Za-z][A-Za-z0-9]{1,31};))")
_TICKS = re.compile(r"`+")
_CLOSING_HASHES = re.compile(r"(?:^|\s)(#+)$")
_BLOCK_START = re.compile(
    # what would begin another block at the start of a line; the group is what to escape
    r"^(?:(#)(?=#{0,5}(?:\s|$))|([-+])(?=\s|$)|(-)(?=[-\s]*$)|(=)(?==*\s*$)|(>)"
    r"|\d{1,9}([.)])(?=\s|$)|([|:-])(?=[-:|\s]*$))",
    re.MULTILINE,
)
_CHECKBOX = re.compile(r"^(\[)[ xX]\](?=\s|$)")
_FOLLOWERS = {
    "\\": string.punctuation + "\n",
    "]": "(:[",
    "!": "[",
    "<": string.ascii_letters + "/!?",
}
"""Characters that are markup only before one of these."""
_PLAIN_ADDRESS = re.compile(r"(?:https?|mailto):(?!.*xn--)[A-Za-z0-9/.:?=_~,;@-]+")


def lines_of(runs: Sequence[Run]) -> str:
    """Settled runs as the lines of a paragraph."""
    fragments = [*_fragments(runs, "\\\n")]
    raw = _raw(fragments)
    starts = [found.start(found.lastindex or 0) for found in _BLOCK_START.finditer(raw)]
    boxes = [found.start(1) for found in _CHECKBOX.finditer(raw)]
    return _escaped(fragments, raw, boxes + starts)


def one_line_of(runs: Sequence[Run]) -> str:
    """Settled runs as one line for a heading; breaks become spaces."""
    fragments = [*_fragments(runs, " ")]
    raw = _raw(fragments)
    return _escaped(fragments, raw, [found.start(1) for found in _CLOSING_HASHES.finditer(raw)])


def cell_of(runs: Sequence[Run]) -> str:
    """Settled runs as the cell of a table; breaks become ``<br>``."""
    fragments = [*_fragments(runs, "<br>")]
    return _escaped(fragments, _raw(fragments), []).replace("|", "\\|")


def image(address: str, alt: str) -> str:
    """A picture at a normal `address`; `alt` is one line."""
    fragments: list[Fragment] = [("![", "markup"), (alt, "label")]
    fragments.append((f"]({_target(address)})", "markup"))
    return _escaped(fragments, _raw(fragments), [])


def _raw(fragments: Iterable[Fragment]) -> str:
    return "".join(text for text, _ in fragments)


def _fragments(runs: Sequence[Run], line_end: str) -> Iterator[Fragment]:
    for href, group in groupby(runs, key=lambda run: run.href):
        linked = [*group]
        if not href:
            yield from _marked(linked, "text", line_end)
        elif linked == [Run(href, href=href)] and _PLAIN_ADDRESS.fullmatch(href):
            yield f"<{href}>", "markup"
        else:
            yield "[", "markup"
            yield from _marked(linked, "label", line_end)
            yield f"]({_target(href)})", "markup"


def _marked(
    runs: Sequence[Run], kind: Literal["text", "label"], line_end: str
) -> Iterator[Fragment]:
    # _ is no sign within a word, and * beside ** is read in more ways than one
    inside = {start for start, end in spans(runs, "em") if parts_a_word(runs, start, end)}
    opened: list[tuple[str, str]] = []
    for at, run in enumerate([*runs, Run("")]):
        marks = [mark for mark in MARKS if mark in run.marks]
        kept = 0
        while kept < min(len(opened), len(marks)) and opened[kept][0] == marks[kept]:
            kept += 1
        yield from ((sign, "markup") for _, sign in reversed(opened[kept:]))
        del opened[kept:]
        for mark in marks[kept:]:
            opened.append((mark, "*" if mark == "em" and at in inside else _SIGNS[mark]))
            yield opened[-1][1], "markup"
        if run == BREAK:
            yield line_end, "markup"
        elif run.code:
            yield _code(run.text), "markup"
        else:
            yield run.text, kind


def _code(text: str) -> str:
    longest = max((len(ticks) for ticks in _TICKS.findall(text)), default=0)
    fence = "`" * (longest + 1)
    stripped = text.strip(" ")
    padded = stripped and (text[0] == text[-1] == " " or "`" in (text[0], text[-1]))
    return f"{fence} {text} {fence}" if padded else f"{fence}{text}{fence}"


def _target(href: str) -> str:
    """A normal address as the target of a link."""
    href = _ENTITY.sub(r"\\\g<0>", href)
    return href.replace("(", "\\(").replace(")", "\\)")


def _escaped(fragments: Iterable[Fragment], raw: str, places: Sequence[int]) -> str:
    """The Markdown of `fragments`, with a backslash at `places` of `raw` and before markup."""
    held: list[str] = []
    begin = place = 0
    for text, kind in fragments:
        end = begin + len(text)
        if kind == "markup":
            held.append(text)
        else:
            found = {begin + one.start() for one in _SPECIAL.finditer(text)}
            wanted = {at for at in found if _is_markup(raw, at, kind == "label")}
            while place < len(places) and places[place] < end:
                wanted.add(places[place])
                place += 1
            at = begin
            for next_at in sorted(wanted):
                held += (raw[at:next_at], "\\")
                at = next_at
            held.append(raw[at:end])
        begin = end
    return "".join(held)


def _is_markup(raw: str, at: int, in_label: bool) -> bool:
    """Whether the special character at `at` could be read as markup."""
    character = raw[at]
    before = raw[at - 1] if at else ""
    after = raw[at + 1] if at + 1 < len(raw) else ""
    if character in "*_":
        inside_word = before != "" and after != "" and is_word(before) and is_word(after)
        return not (before == after == " ") and not (character == "_" and inside_word)
    if character == "~":
        return "~" in (before, after)
    if character == "&":
        entity = _ENTITY.match(raw, at)
        return entity is not None and (entity[1] is None or entity[1] in html5)
    if character == "`" or (in_label and character in "[]"):
        return True
    return after != "" and after in _FOLLOWERS.get(character, "")
