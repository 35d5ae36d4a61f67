"""ADF nodes: how ours are made, and how a stranger's are looked at without trusting them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Node = dict[str, Any]

DEEPEST = 20
"""Levels of containers (a list in a list is two) that are kept; deeper ones become flat text."""
LANGUAGE = re.compile(r"[\w+#.-]{1,40}")
"""What names the language of a code block."""


def names(text: str) -> frozenset[str]:
    """The words of `text`."""
    return frozenset(text.split())


def node(kind: str, content: list[Node], **attrs: object) -> Node:
    """A node with content; without attributes it has no ``attrs`` at all."""
    return {"type": kind, **({"attrs": attrs} if attrs else {}), "content": content}


def paragraph(content: list[Node]) -> Node:
    return {"type": "paragraph", "content": content} if content else {"type": "paragraph"}


def kind_of(value: object) -> str:
    """The type of a node; empty when `value` is no node."""
    kind = value.get("type") if isinstance(value, dict) else None
    return kind if isinstance(kind, str) else ""


def children_of(value: object) -> list[Any]:
    """What a node or list holds, also where it should be a list and is one node or text."""
    content = value.get("content") if isinstance(value, dict) else value
    if isinstance(content, list):
        return content
    return [content] if isinstance(content, (dict, str)) and content is not value else []


def attribute(value: object, name: str) -> str:
    """An attribute that is text or a whole number, as text; empty when it is neither."""
    attrs = value.get("attrs") if isinstance(value, dict) else None
    found = attrs.get(name) if isinstance(attrs, dict) else None
    if isinstance(found, int | float) and not isinstance(found, bool):
        # Python refuses to print integers of more than 4,300 digits
        return str(int(found)) if abs(found) < 10**18 and found == found // 1 else ""
    return found if isinstance(found, str) else ""


def whole_number(value: object, name: str, least: int, most: int, otherwise: int) -> int:
    """An attribute that is an integer between `least` and `most`, else `otherwise`."""
    text = attribute(value, name)
    if not (text.isascii() and text.isdigit() and len(text) < 18):
        return otherwise
    return int(text) if least <= int(text) <= most else otherwise


def walk(value: object) -> Iterator[Node]:
    """Every node at and below `value` in reading order, however deep it lies."""
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, list):
            waiting.extend(reversed(current))
        elif isinstance(current, dict):
            yield current
            content = current.get("content")
            if content is not None:
                waiting.append(content)


def task_state(done: bool) -> str:
    """The state of a task item: Atlassian's schema of ADF knows these two words and no other."""
    return "DONE" if done else "TODO"
