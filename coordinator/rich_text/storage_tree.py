"""Storage format as a tree of elements, in time and depth that no text can make grow.

Storage format is XHTML with elements of Atlassian's own, and nobody promises that it is well
formed. Each tag ends before the next ``<`` or is text, so that every character is looked at a few
times at most; the parser of the standard library, and those on it, take minutes for 200 kB of
``<a href="``. No declaration is read, so no entity can be defined.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

DEEPEST_ELEMENT = 60
"""Deeper elements are taken for part of the one they lie in."""
MOST_ELEMENTS = 100_000
"""Past so many elements tags are spaces: no page people wrote has them."""

_TOKEN = re.compile(
    r"""<!\[CDATA\[(?P<raw>.*?)(?:\]\]>|\Z)
    |<!--.*?(?:-->|\Z)
    |<[!?][^<>]*+>?
    |<(?P<close>/?)(?P<name>[A-Za-z][\w:.-]*+)(?P<attrs>(?:[^<>"']++|"[^"<]*+"|'[^'<]*+'|["'])*+)>
    |(?P<text>[^<]++|<)""",
    re.DOTALL | re.VERBOSE,
)
_ATTRIBUTE = re.compile(r"""(?<![\w:.-])([\w:.-]++)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)')""")
_LONGEST_ATTRIBUTES = 8_000
_EMPTY = frozenset(("area", "br", "col", "hr", "img", "input", "link", "meta", "wbr"))


@dataclass(slots=True)
class Element:
    """An element: its name in lower case, its attributes as written, and what it holds."""

    name: str
    written: str = ""
    children: list[Element | str] = field(default_factory=list)

    def attribute(self, name: str) -> str:
        """The value of an attribute; empty when it is missing."""
        for found in _ATTRIBUTE.finditer(self.written[:_LONGEST_ATTRIBUTES]):
            if found[1].lower() == name:
                return html.unescape(found[2] if found[2] is not None else found[3])
        return ""

    def elements(self, *names: str) -> Iterator[Element]:
        """The elements of those names directly in it."""
        for child in self.children:
            if isinstance(child, Element) and child.name in names:
                yield child

    def first(self, *names: str) -> Element | None:
        return next(self.elements(*names), None)

    def text(self) -> str:
        """All text in it, however deep."""
        held: list[str] = []
        waiting: list[Element | str] = [self]
        while waiting:
            current = waiting.pop()
            if isinstance(current, str):
                held.append(current)
            else:
                waiting.extend(reversed(current.children))
        return "".join(held)


def tree_of(storage: str) -> Element:
    """The root of a text in storage format or HTML; never raises."""
    root = Element("")
    opened = [root]
    words: list[str] = []
    too_deep, left = 0, MOST_ELEMENTS
    for found in _TOKEN.finditer(storage):
        name = (found["name"] or "").lower()
        if not name:
            raw = found["raw"]
            words.append(html.unescape(found["text"] or "") if raw is None else raw)
        elif found["close"]:
            at = 0 if too_deep else _innermost(opened, name)
            too_deep = max(0, too_deep - 1)
            if at:
                _say(words, opened[-1])
                del opened[at:]
        elif not left:
            words.append(" ")
        elif _is_ended(name, found["attrs"]) or len(opened) <= DEEPEST_ELEMENT:
            left -= 1
            _say(words, opened[-1])
            element = Element(name, found["attrs"])
            opened[-1].children.append(element)
            opened += [] if _is_ended(name, found["attrs"]) else [element]
        else:
            too_deep += 1
    _say(words, opened[-1])
    return root


def _is_ended(name: str, written: str) -> bool:
    """Whether a tag holds nothing."""
    return name in _EMPTY or written.rstrip().endswith("/")


def _say(words: list[str], element: Element) -> None:
    """Put what was read since the last tag into `element`."""
    text = "".join(words)
    words.clear()
    if text:
        element.children.append(text)


def _innermost(opened: Sequence[Element], name: str) -> int:
    """Where the innermost open element of that name is; 0 when there is none."""
    found = (at for at in range(len(opened) - 1, 0, -1) if opened[at].name == name)
    return next(found, 0)
