"""ADF as Atlassian keeps it: what is refused, and what it looks like once it is stored."""

from __future__ import annotations

import hashlib
from typing import Any

BLOCKS = frozenset(
    """paragraph heading bulletList orderedList listItem taskList taskItem blockquote codeBlock
    rule panel table tableRow tableCell tableHeader expand nestedExpand mediaSingle mediaGroup
    media decisionList decisionItem layoutSection layoutColumn extension bodiedExtension
    blockCard embedCard caption""".split()  # noqa: SIM905
)
INLINES = frozenset(
    """text hardBreak mention emoji inlineCard status date placeholder inlineExtension
    mediaInline""".split()  # noqa: SIM905
)
LABELLED = frozenset({"paragraph", "heading", "table", "codeBlock", "panel", "bulletList"})
DEPTH = 100


def problem(document: Any) -> str:
    """Why a product refuses the document, empty when it takes it. Not the whole of the schema."""
    if not isinstance(document, dict) or document.get("type") != "doc":
        return "the root is no doc"
    if document.get("version") != 1 or not isinstance(document.get("content"), list):
        return "version or content is missing"
    return _children_problem(document["content"], 0)


def _children_problem(nodes: list[Any], depth: int) -> str:
    if depth > DEPTH:
        return "nested too deeply"
    for node in nodes:
        if found := _node_problem(node) or _children_problem(children(node), depth + 1):
            return found
    return ""


def _node_problem(node: Any) -> str:
    kind = node.get("type") if isinstance(node, dict) else None
    if not isinstance(kind, str) or kind not in BLOCKS | INLINES:
        return f"unknown node {kind!r}"
    if kind == "text" and not isinstance(node.get("text"), str):
        return "text without text"
    marks = node.get("marks", [])
    if not isinstance(marks, list) or not all(isinstance(mark, dict) for mark in marks):
        return f"marks of {kind} are of another kind"
    if not isinstance(node.get("content", []), list) or not isinstance(node.get("attrs", {}), dict):
        return f"content or attrs of {kind} are of another kind"
    return ""


def children(node: Any) -> list[Any]:
    """The nodes inside a node, none where its content is no list."""
    content = node.get("content") if isinstance(node, dict) else None
    return content if isinstance(content, list) else []


def stored(node: Any, path: str) -> Any:
    """The document as it comes back: ids on some nodes, no empty or needlessly split text.

    `path` makes the ids: the same document stored in the same place comes back the same.
    """
    kept = {key: value for key, value in node.items() if key != "content" and value != []}
    if node.get("type") in LABELLED:
        local = hashlib.sha256(path.encode()).hexdigest()[:12]
        kept["attrs"] = {"localId": local, **kept.get("attrs", {})}
    if isinstance(node.get("content"), list):
        kept["content"] = _joined(
            [stored(child, f"{path}/{at}") for at, child in enumerate(node["content"])]
        )
    return kept


def _joined(nodes: list[Any]) -> list[Any]:
    """Without empty texts, and with one text where two with the same marks stood."""
    joined: list[Any] = []
    for node in nodes:
        if node["type"] != "text":
            joined.append(node)
        elif node.get("text"):
            last = joined[-1] if joined else {}
            if _same_marks(last, node):
                joined[-1] = {**last, "text": last["text"] + node["text"]}
            else:
                joined.append(node)
    return joined


def _same_marks(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.get("type") == "text" and one.get("marks", []) == other.get("marks", [])


def of_text(text: str) -> dict[str, Any]:
    """A document of plain paragraphs, one per line."""
    paragraphs = [
        {"type": "paragraph", "content": [{"type": "text", "text": line}]}
        for line in text.splitlines()
        if line.strip()
    ]
    return {"type": "doc", "version": 1, "content": paragraphs}


def text_of(node: Any) -> str:
    """All the text of a document, blocks on lines of their own."""
    if not isinstance(node, dict):
        return ""
    if node.get("type") == "text":
        return str(node.get("text", ""))
    inline = any(isinstance(c, dict) and c.get("type") in INLINES for c in children(node))
    return ("" if inline else "\n").join(text_of(child) for child in children(node))
