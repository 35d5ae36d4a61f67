"""Whether two ADF documents say the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from coordinator.rich_text.nodes import children_of, kind_of, names

# what a server adds or changes without anybody having edited, and how wide things are shown
_SAYS_NOTHING = names(
    "localId uniqueId version layout width widthType height colwidth displayMode wrap "
    "hideLineNumbers isNumberColumnEnabled occurrenceKey collection accessLevel userType "
    "panelIconId __autoSize __confluenceMetadata"
)
_USUAL = {("order", 1), ("colspan", 1), ("rowspan", 1), ("text", "\n"), ("indent", 0)}
_OWN_MARKS = frozenset(("annotation", "fragment", "dataConsumer", "breakout", "border"))


class _Sign(str):
    """A part of the digest that is no value of the document."""


def adf_digest(document: object) -> str:
    """32 hex digits, equal for documents that say the same; never raises.

    What a server adds by itself does not count: ids, sizes, attributes at their usual value, empty
    nodes, the order of keys and marks, where text is split; nor do comments people pinned to the
    text.
    """
    return hashlib.sha256(_said(document).encode()).hexdigest()[:32]


def _said(value: object) -> str:
    """A text equal for values that say the same; written without recursion."""
    held: list[str] = []
    waiting: list[Any] = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, dict):
            waiting.append(_Sign("}"))
            for key, inner in sorted(_kept(current).items(), reverse=True):
                waiting += (inner, _Sign(json.dumps(key)))
            held.append("{")
        elif isinstance(current, list):
            waiting += (_Sign("]"), *reversed(current))
            held.append("[")
        elif isinstance(current, int | float) and current == current // 1:
            held.append(f"{int(current):x}")
        else:
            held.append(current if isinstance(current, _Sign) else json.dumps(current))
    return " ".join(held)


def _kept(value: dict[str, Any]) -> dict[str, Any]:
    """The entries of a node that say something, or of attributes."""
    held: dict[str, Any] = {}
    for key, inner in value.items():
        if key == "content" and isinstance(inner, list):
            held[key] = [*_joined(inner)]
        elif key == "marks":
            held[key] = _marks_of(value)
        elif key == "attrs" and isinstance(inner, dict):
            held[key] = {name: each for name, each in inner.items() if not _is_usual(name, each)}
        else:
            held[key] = inner
    return {key: inner for key, inner in held.items() if not _is_usual(key, inner)}


def _is_usual(key: str, value: object) -> bool:
    if key in _SAYS_NOTHING:
        return True
    if isinstance(value, bool | int | float | str):
        return value == "" or (key, value) in _USUAL
    return not value


def _joined(content: list[Any]) -> Iterator[Any]:
    """`content` without empty nodes, and with text of equal marks in one node."""
    full = (child for child in content if not _is_empty(child))
    for is_text, group in groupby(full, key=lambda child: _is_text(child) and _marks_of(child)):
        nodes = [*group]
        if is_text is False:
            yield from nodes
        else:
            yield nodes[0] | {"text": "".join(node["text"] for node in nodes)}


def _is_text(value: object) -> bool:
    return kind_of(value) == "text" and isinstance(_text(value), str)


def _text(value: object) -> object:
    return value.get("text") if isinstance(value, dict) else None


def _is_empty(value: object) -> bool:
    """Whether a node is empty text, or a paragraph of nothing else."""
    if kind_of(value) == "paragraph":
        return all(_is_text(child) and not _text(child) for child in children_of(value))
    return _is_text(value) and not _text(value)


def _marks_of(value: dict[str, Any]) -> list[str]:
    marks = value.get("marks")
    each = marks if isinstance(marks, list) else ()
    return sorted(_mark(mark) for mark in each if kind_of(mark) not in _OWN_MARKS)


def _mark(mark: object) -> str:
    """A mark as text: its type, and those of its attributes that are text or numbers."""
    attrs = mark.get("attrs") if isinstance(mark, dict) else None
    said = {
        key: each
        for key, each in (attrs.items() if isinstance(attrs, dict) else ())
        if isinstance(each, str | int) and not _is_usual(key, each)
    }
    return json.dumps([kind_of(mark), said], sort_keys=True)
