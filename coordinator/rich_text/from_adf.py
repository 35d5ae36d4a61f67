"""ADF becomes Markdown, whatever a stranger's server sent.

Panels are quotes, an expand is its title in bold and what it holds, columns follow one another.
Attachments are left out, as their names say nothing to who cannot open them; a caption stays, and
so does a picture from an address of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from coordinator.plain_text import visible
from coordinator.rich_text.adf_runs import (
    EXPANDS,
    TASKS,
    checkbox_of,
    code_of,
    is_inline,
    picture_of,
    runs_of,
    title_of,
)
from coordinator.rich_text.inline_markdown import cell_of, image, lines_of, one_line_of
from coordinator.rich_text.nodes import (
    DEEPEST,
    LANGUAGE,
    attribute,
    children_of,
    kind_of,
    whole_number,
)
from coordinator.rich_text.runs import settled
from coordinator.rich_text.tables import grid_of

_TICKS = re.compile(r"`{3,}")
_LAST_NUMBER = 999_999_999


@dataclass(frozen=True, slots=True)
class _Block:
    """A block of Markdown.

    `marker` is a list's, so that a list beside it takes another; `close` says that a list may
    stand directly under a paragraph.
    """

    text: str
    kind: str
    marker: str = ""
    close: bool = False


def markdown_of_adf(document: object) -> str:
    """The Markdown of an ADF document or node, without a line break at its end; never raises.

    Unknown nodes and marks keep their words, placeholders and attachments leave. Headings keep
    their levels.
    """
    return _joined(_blocks([document], 0))


def _joined(blocks: Sequence[_Block], *, tight: bool = False) -> str:
    text = blocks[0].text if blocks else ""
    parts = [text]
    for before, block in pairwise(blocks):
        together = tight and block.close and before.kind == "paragraph"
        parts += ("\n" if together else "\n\n", block.text)
    return "".join(parts)


def _blocks(values: Sequence[object], depth: int, beside: str = "") -> list[_Block]:
    """The blocks of `values`; the first list takes another marker than `beside`."""
    if depth > DEEPEST:
        return [*_paragraph(values)]
    held: list[_Block] = []
    for inline, group in groupby(values, key=is_inline):
        if inline:
            held += _paragraph([*group])
            continue
        for value in group:
            held += _block(value, depth, held[-1].marker if held else beside)
    return held


def _block(value: object, depth: int, beside: str) -> Iterable[_Block]:
    kind = kind_of(value)
    if kind in _LISTS:
        return _list(value, depth, beside)
    if kind in _WRITERS:
        return _WRITERS[kind](value)
    inner = _blocks(children_of(value), depth + 1, beside)
    if kind in _QUOTES:
        return _quote(inner)
    if kind in EXPANDS:
        return [*_paragraph([title_of(value)]), *inner]
    return inner


def _paragraph(values: Iterable[object]) -> Iterator[_Block]:
    text = lines_of(settled(runs_of(values)))
    if text:
        yield _Block(text, "paragraph")


def _heading(value: object) -> Iterator[_Block]:
    text = one_line_of(settled(runs_of(children_of(value))))
    if text:
        yield _Block("#" * whole_number(value, "level", 1, 6, 1) + f" {text}", "heading")


def _code(value: object) -> Iterator[_Block]:
    text = visible(code_of(value))
    longest = max((len(ticks) for ticks in _TICKS.findall(text)), default=2)
    fence = "`" * (longest + 1)
    language = attribute(value, "language")
    language = language if LANGUAGE.fullmatch(language) else ""
    body = f"{text}\n" if text else ""
    yield _Block(f"{fence}{language}\n{body}{fence}", "code")


def _media(value: object) -> Iterator[_Block]:
    """Pictures that have an address of their own, and the caption of any."""
    for child in children_of(value) if kind_of(value) != "media" else [value]:
        address, alt = picture_of(child)
        if address:
            yield _Block(image(address, alt), "image")
        elif kind_of(child) != "media":
            yield from _paragraph([child])


def _rule(value: object) -> Iterator[_Block]:
    # not dashes: those at the top of a document would be taken for its front matter
    yield _Block("***", "rule")
    yield from _paragraph(children_of(value))


def _quote(blocks: Sequence[_Block]) -> Iterator[_Block]:
    if blocks:
        lines = _joined(blocks).split("\n")
        yield _Block("\n".join(f"> {line}" if line else ">" for line in lines), "quote")


def _table(value: object) -> Iterator[_Block]:
    rows = [[cell_of(settled(runs_of(cell))) for cell in row] for row in grid_of(value)]
    width = max((len(row) for row in rows), default=0)
    if width:
        rows[0] += [""] * (width - len(rows[0]))
        rows.insert(1, ["---"] * width)
        yield _Block(
            "\n".join("|" + "".join(f" {cell} |" for cell in row) for row in rows), "table"
        )


def _list(value: object, depth: int, beside: str) -> Iterator[_Block]:
    ordered = kind_of(value) == "orderedList"
    number = whole_number(value, "order", 0, _LAST_NUMBER, 1)
    common, other = (".", ")") if ordered else ("-", "*")
    marker = other if beside == common else common
    items = []
    for item, *nested in _items(children_of(value)):
        within = [*children_of(item), *nested] if kind_of(item) in _ITEMS else [item, *nested]
        # lists that begin one another take turns: - - - would be read as a rule
        text = _joined(_blocks(within, depth + 2, marker), tight=True)
        items.append((checkbox_of(item) if kind_of(item) in TASKS else "") + text)
    if items:
        leads = [f"{min(number + at, _LAST_NUMBER)}" if ordered else "" for at in range(len(items))]
        text = "\n".join(
            _item(lead + marker, item) for lead, item in zip(leads, items, strict=True)
        )
        yield _Block(text, "list", marker, bool(items[0]) and (not ordered or number == 1))


def _item(lead: str, text: str) -> str:
    """A list item: its lines after the first stand under the first one's words."""
    first, *more = text.split("\n")
    indent = " " * (len(lead) + 1)
    return "\n".join(
        [f"{lead} {first}" if first else lead, *(line and indent + line for line in more)]
    )


def _items(children: Iterable[object]) -> Iterator[list[object]]:
    """The items of a list, each with the lists that follow it among the items."""
    held: list[object] = []
    for child in children:
        if held and kind_of(child) not in _LISTS:
            yield held
            held = []
        held.append(child)
    if held:
        yield held


_ITEMS = TASKS | {"listItem", "decisionItem"}
_LISTS = frozenset(("bulletList", "orderedList", "taskList", "decisionList"))
_QUOTES = frozenset(("blockquote", "panel"))
_WRITERS: Mapping[str, Callable[[object], Iterator[_Block]]] = {
    "paragraph": lambda value: _paragraph(children_of(value)),
    "caption": lambda value: _paragraph(children_of(value)),
    "blockCard": lambda value: _paragraph([value]),
    "embedCard": lambda value: _paragraph([value]),
    "heading": _heading,
    "codeBlock": _code,
    "media": _media,
    "mediaSingle": _media,
    "mediaGroup": _media,
    "rule": _rule,
    "table": _table,
}
