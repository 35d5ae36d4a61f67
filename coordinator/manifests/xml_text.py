"""XML of strangers as a small tree, refusing what XML files can hide.

No document type, no entities but the five built in ones, no external anything: expat calls back on
the first sign of a DTD and the reading stops there, so a billion-laughs file costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

MAX_DEPTH = 60
MAX_ELEMENTS = 50_000


class UnsafeXml(ValueError):
    """The text is not XML, or XML of a kind that is not read; the message says which."""


@dataclass
class Element:
    """One element: `tag` without its namespace, `text` of all its direct character data."""

    tag: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    text: str = ""

    def first(self, *path: str) -> Element | None:
        """The first descendant along `path` of tags, or None."""
        here: Element | None = self
        for tag in path:
            if here is None:
                return None
            here = next((child for child in here.children if child.tag == tag), None)
        return here

    def value(self, *path: str) -> str:
        """The stripped text of `first(*path)`; '' when there is no such element."""
        found = self.first(*path)
        return found.text.strip() if found is not None else ""

    def walk(self, tag: str) -> Iterator[Element]:
        """Every descendant called `tag`, in document order."""
        stack = list(reversed(self.children))
        while stack:
            element = stack.pop()
            if element.tag == tag:
                yield element
            stack.extend(reversed(element.children))


def parse(data: bytes) -> Element:
    """The root element of `data`.

    Raises UnsafeXml for text that is not well-formed, carries a document type, is nested deeper
    than `MAX_DEPTH` or has more than `MAX_ELEMENTS` elements.
    """
    stack = [Element("", {})]
    seen = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal seen
        seen += 1
        if seen > MAX_ELEMENTS:
            raise UnsafeXml(f"more than {MAX_ELEMENTS} elements")
        if len(stack) > MAX_DEPTH:
            raise UnsafeXml(f"nested deeper than {MAX_DEPTH} levels")
        element = Element(tag.rpartition("}")[2], attributes)
        stack[-1].children.append(element)
        stack.append(element)

    def end(_tag: str) -> None:
        stack.pop()

    def characters(text: str) -> None:
        stack[-1].text += text

    def refuse(*_declaration: object) -> None:
        raise UnsafeXml("a document type (DTD) is not read")

    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise UnsafeXml(f"not XML: line {error.lineno}") from None
    except (LookupError, ValueError) as error:  # an encoding Python does not know
        if isinstance(error, UnsafeXml):
            raise
        raise UnsafeXml("not XML: unreadable encoding") from None
    return stack[0].children[0]
