"""The words of ADF nodes as runs; blocks among them are told apart by breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from coordinator.rich_text.links import allowed_image, allowed_link
from coordinator.rich_text.nodes import (
    Node,
    attribute,
    children_of,
    kind_of,
    names,
    walk,
    whole_number,
)
from coordinator.rich_text.runs import BREAK, MARKS, Run

SOMEONE = "@someone"
"""How a person is called whose name the server did not send."""

EXPANDS = names("expand nestedExpand")
TASKS = names("taskItem blockTaskItem")
BLOCKS = (
    EXPANDS
    | TASKS
    | names(
        "paragraph heading codeBlock rule media mediaSingle mediaGroup caption blockCard embedCard "
        "table tableRow tableCell tableHeader bulletList orderedList taskList decisionList "
        "listItem decisionItem blockquote panel"
    )
)


class _Edge:
    """Where a block begins or ends."""


class _Lead(str):
    """The marker of a list item: its first paragraph goes on after it."""


_EDGE: Final = _Edge()


def is_inline(value: object) -> bool:
    """Whether a value among blocks belongs into a paragraph with its neighbours."""
    kind = kind_of(value)
    if kind in BLOCKS:
        return False
    return isinstance(value, str) or kind in _LEAVES or not children_of(value)


def runs_of(values: Iterable[object]) -> Iterator[Run]:
    """The words of nodes in reading order, however deep they lie; never raises."""
    waiting = [*values][::-1]
    words = broken = False
    while waiting:
        value = waiting.pop()
        if isinstance(value, _Edge):
            broken, words = broken or words, False
        elif isinstance(value, (Run, _Lead)):
            if broken:
                yield BREAK
            broken, words = False, isinstance(value, Run)
            yield value if isinstance(value, Run) else Run(value)
        else:
            waiting.extend(reversed(_opened(value)))


def code_of(value: object) -> str:
    """The text of a code block."""
    texts = (found.get("text") for found in walk(value))
    return "".join(text for text in texts if isinstance(text, str))


def picture_of(value: object) -> tuple[str, str]:
    """The address and the description of a picture that has an address of its own, else two ''."""
    found = attribute(value, "type") == "external" and allowed_image(attribute(value, "url"))
    return (found, " ".join(attribute(value, "alt").split())) if found else ("", "")


def _opened(value: object) -> list[Any]:
    """What stands in the place of a value: runs, edges, and values yet to be opened."""
    if isinstance(value, str):
        return [Run(value)]
    kind = kind_of(value)
    if isinstance(value, dict) and kind in _LEAVES:
        within = [] if kind in _WHOLE else children_of(value)
        return [*(run for run in _LEAVES[kind](value) if run.text), *within]
    children = children_of(value)
    if kind.endswith("List"):
        children = [part for item in _items(value) for part in item]
    if kind in EXPANDS:
        children = [title_of(value), _EDGE, *children]
    if kind in BLOCKS:
        return [_EDGE, *children, _EDGE]
    return children or [Run(attribute(value, "text"))]


def title_of(value: object) -> Run:
    return Run(attribute(value, "title"), frozenset(("strong",)))


def _items(value: object) -> Iterator[list[Any]]:
    number = whole_number(value, "order", 0, 999_999_999, 1)
    for at, child in enumerate(children_of(value)):
        lead = f"{number + at}. " if kind_of(value) == "orderedList" else "- "
        if kind_of(child) in TASKS:
            lead += checkbox_of(child)
        yield [_EDGE, _Lead(lead), child, _EDGE]


def checkbox_of(value: object) -> str:
    return "[x] " if attribute(value, "state") == "DONE" else "[ ] "


def _text(value: Node) -> Iterator[Run]:
    text, marks = value.get("text"), value.get("marks")
    if not isinstance(text, str):
        return
    known = {kind_of(mark): mark for mark in (marks if isinstance(marks, list) else ())}
    href = allowed_link(attribute(known.get("link"), "href"))
    if "code" in known:
        yield Run(text, href=href, code=True)
    else:
        yield Run(text, frozenset(mark for mark in MARKS if mark in known), href)


def _code_block(value: Node) -> Iterator[Run]:
    for at, line in enumerate(code_of(value).splitlines()):
        yield from (BREAK,) if at else ()
        yield Run(line, code=True)


def _mention(value: Node) -> Iterator[Run]:
    name = attribute(value, "text").lstrip("@ ")
    yield Run(f"@{name}" if name else SOMEONE)


def _date(value: Node) -> Iterator[Run]:
    stamp = whole_number(value, "timestamp", 0, 253_402_300_799_999, -1)  # the end of year 9999
    if stamp < 0:
        yield Run(attribute(value, "timestamp"))
    else:
        yield Run(datetime.fromtimestamp(stamp // 1000, UTC).date().isoformat())


def _card(value: Node) -> Iterator[Run]:
    attrs = value.get("attrs")
    data = attrs.get("data") if isinstance(attrs, dict) else None
    url = attribute(value, "url") or attribute({"attrs": data}, "url")
    yield Run(url, href=allowed_link(url))


def _picture(value: Node) -> Iterator[Run]:
    address, alt = picture_of(value)
    yield Run(alt or address, href=address)


def _emoji(value: Node) -> Iterator[Run]:
    yield Run(attribute(value, "text") or attribute(value, "shortName"))


def _status(value: Node) -> Iterator[Run]:
    yield Run(attribute(value, "text"))


def _line_end(_: Node) -> Iterator[Run]:
    yield BREAK


def _nothing(_: Node) -> Iterator[Run]:
    return iter(())


_LEAVES: Mapping[str, Callable[[Node], Iterator[Run]]] = {
    "text": _text,
    "hardBreak": _line_end,
    "emoji": _emoji,
    "mention": _mention,
    "date": _date,
    "status": _status,
    "inlineCard": _card,
    "blockCard": _card,
    "embedCard": _card,
    "codeBlock": _code_block,
    "media": _picture,
    "mediaInline": _nothing,
    "placeholder": _nothing,
    "rule": _nothing,
}
_WHOLE = names("codeBlock media mediaInline placeholder")
"""Leaves whose content was read with them, or is not for readers."""
