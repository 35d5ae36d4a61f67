"""Confluence's storage format: read, refused, turned into ADF and back, and shown safely.

Storage format is XHTML with macros (`ac:structured-macro`) and links (`ac:link`, `ri:page`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from html import escape
from html.entities import html5
from typing import Any
from xml.etree.ElementTree import Element, ParseError, XMLParser

from orch_dagster.samples.atlassian.adf import children, text_of

XML_NAMES = {"amp", "lt", "gt", "quot", "apos"}
SPACES = 'xmlns:ac="ac" xmlns:ri="ri" xmlns:at="at"'
MARKS = {
    "strong": "strong",
    "b": "strong",
    "em": "em",
    "i": "em",
    "u": "underline",
    "code": "code",
    "s": "strike",
    "del": "strike",
}
WRITTEN = {"strong": "strong", "em": "em", "underline": "u", "code": "code", "strike": "del"}
PANELS = {"info": "info", "note": "warning", "tip": "success", "warning": "error"}
BLOCKS = {"ul": "bulletList", "ol": "orderedList", "li": "listItem", "blockquote": "blockquote"}
LAYOUT = {"div", "{ac}layout", "{ac}layout-section", "{ac}layout-cell", "{ac}rich-text-body"}
CELLS = {"td": "tableCell", "th": "tableHeader"}
MACRO = "{ac}structured-macro"
CDATA = re.compile(r"<!\[CDATA\[.*?\]\]>", re.S)


class NotXhtml(ValueError):
    """The text is no storage format."""


def tree(storage: str) -> Element:
    """The document as a tree; NotXhtml when Confluence would refuse it."""
    parser = XMLParser()  # noqa: S314  inside the root no declaration, so no entity to expand
    try:
        parser.feed(f"<root {SPACES}>{_without_names(storage)}</root>")
        root: Element = parser.close()
    except ParseError as problem:
        raise NotXhtml(f"Error parsing xhtml: {problem}") from None
    return root


def _outside_cdata(storage: str, change: Callable[[str], str]) -> str:
    """The text with `change` made everywhere but inside CDATA."""
    parts = re.split(f"({CDATA.pattern})", storage, flags=re.S)
    return "".join(part if CDATA.fullmatch(part) else change(part) for part in parts)


def _without_names(storage: str) -> str:
    """HTML's named entities written out: XML knows five of them only."""

    def written(match: re.Match[str]) -> str:
        return match[0] if match[1] in XML_NAMES else html5.get(f"{match[1]};", match[0])

    return _outside_cdata(storage, lambda part: re.sub(r"&(\w+);", written, part))


def stored(storage: str, seed: str) -> str:
    """The text as it comes back: macros have got ids. Same text, same `seed`, same ids."""
    count = 0

    def labelled(match: re.Match[str]) -> str:
        nonlocal count
        count += 1
        made = hashlib.sha256(f"{seed}/{count}".encode()).hexdigest()
        macro_id = "-".join((made[:8], made[8:12], made[12:16], made[16:20], made[20:32]))
        return f'{match[0]} ac:schema-version="1" ac:macro-id="{macro_id}"'

    without_id = re.compile(r"<ac:structured-macro(?![^>]*ac:macro-id)(?![\w-])")
    return _outside_cdata(storage, lambda part: without_id.sub(labelled, part))


def to_adf(storage: str) -> dict[str, Any]:
    """The document as ADF; what has no place there becomes its text."""
    return {"type": "doc", "version": 1, "content": _blocks(tree(storage))}


def _blocks(parent: Element) -> list[Any]:
    """An element's content as blocks: loose text is gathered into paragraphs."""
    blocks: list[Any] = []
    loose = _text(parent.text, ())
    for child in parent:
        if (made := _block(child)) is None:
            loose += _inlines(child, ())
        else:
            blocks += [*_paragraph(loose), *made]
            loose = []
        loose += _text(child.tail, ())
    return [*blocks, *_paragraph(loose)]


def _paragraph(inlines: list[Any]) -> list[Any]:
    if not any(node.get("text", "x").strip() for node in inlines):
        return []
    return [{"type": "paragraph", "content": inlines}]


def _block(element: Element) -> list[Any] | None:
    """The blocks an element stands for, None when it is inline."""
    tag = element.tag
    if tag in LAYOUT:
        return _blocks(element)
    if tag == MACRO:
        return _macro(element)
    make = MAKERS.get("h" if re.fullmatch("h[1-6]", tag) else tag)
    return [make(element)] if make else None


def _row(row: Element) -> dict[str, Any]:
    cells = [
        {"type": CELLS[cell.tag], "attrs": {}, "content": _blocks(cell)}
        for cell in row
        if cell.tag in CELLS
    ]
    return {"type": "tableRow", "content": cells}


def _macro(element: Element) -> list[Any]:
    name = element.get("{ac}name", "")
    parameters = {
        child.get("{ac}name", ""): "".join(child.itertext())
        for child in element.findall("{ac}parameter")
    }
    plain = element.find("{ac}plain-text-body")
    if plain is not None:
        return [_code(plain.text or "", parameters.get("language", ""))]
    body = element.find("{ac}rich-text-body")
    inner = _blocks(body) if body is not None else []
    if name in PANELS and inner:
        return [{"type": "panel", "attrs": {"panelType": PANELS[name]}, "content": inner}]
    if name == "expand" and inner:
        attrs = {"title": parameters.get("title", "")}
        return [{"type": "expand", "attrs": attrs, "content": inner}]
    attrs = {"extensionType": "com.atlassian.confluence.macro.core", "extensionKey": name}
    return [{"type": "extension", "attrs": attrs}, *inner]


def _code(text: str, language: str) -> dict[str, Any]:
    node: dict[str, Any] = {"type": "codeBlock", "content": _text(text, ())}
    return {**node, "attrs": {"language": language}} if language else node


def _inner(element: Element, marks: tuple[Any, ...]) -> list[Any]:
    nodes = _text(element.text, marks)
    for child in element:
        nodes += [*_inlines(child, marks), *_text(child.tail, marks)]
    return nodes


def _inlines(element: Element, marks: tuple[Any, ...]) -> list[Any]:
    if element.tag == "br":
        return [{"type": "hardBreak"}]
    if element.tag == "a" and element.get("href"):
        link = {"type": "link", "attrs": {"href": element.get("href")}}
        return _inner(element, (*marks, link))
    if element.tag in MARKS:
        return _inner(element, (*marks, {"type": MARKS[element.tag]}))
    return _inner(element, marks)


def _text(text: str | None, marks: tuple[Any, ...]) -> list[Any]:
    if not text:
        return []
    return [{"type": "text", "text": text, **({"marks": list(marks)} if marks else {})}]


MAKERS: dict[str, Callable[[Element], Any]] = {
    "p": lambda element: {"type": "paragraph", "content": _inner(element, ())},
    "h": lambda element: {
        "type": "heading",
        "attrs": {"level": int(element.tag[1])},
        "content": _inner(element, ()),
    },
    "hr": lambda _: {"type": "rule"},
    "pre": lambda element: _code("".join(element.itertext()), ""),
    "table": lambda element: {"type": "table", "content": [_row(r) for r in element.iter("tr")]},
    **{
        tag: lambda element: {"type": BLOCKS[element.tag], "content": _blocks(element)}
        for tag in BLOCKS
    },
}


def of_adf(node: Any) -> str:
    """An ADF document as storage format; a node without a form there keeps its text."""
    if not isinstance(node, dict):
        return ""
    kind, attrs = node.get("type"), node.get("attrs") or {}
    inner = "".join(of_adf(child) for child in children(node))
    if kind == "text":
        return _marked(escape(str(node.get("text", "")), quote=False), node.get("marks") or [])
    if write := WRITERS.get(kind or ""):
        return write(node, attrs, inner)
    tag = TAGS.get(kind or "")
    return f"<{tag}>{inner}</{tag}>" if tag else inner


def _card(_node: Any, attrs: Any, _inner: str) -> str:
    url = escape(str(attrs.get("url", "")))
    return f'<a href="{url}">{url}</a>'


def _named(_node: Any, attrs: Any, _inner: str) -> str:
    return escape(str(attrs.get("text") or attrs.get("shortName", "")), quote=False)


def _heading(_node: Any, attrs: Any, inner: str) -> str:
    level = attrs.get("level")
    tag = f"h{level if level in range(1, 7) else 6}"
    return f"<{tag}>{inner}</{tag}>"


def _panel(_node: Any, attrs: Any, inner: str) -> str:
    name = {adf: macro for macro, adf in PANELS.items()}.get(attrs.get("panelType"), "info")
    return _macro_text(name, f"<ac:rich-text-body>{inner}</ac:rich-text-body>")


def _macro_text(name: str, inner: str) -> str:
    return f'<ac:structured-macro ac:name="{name}">{inner}</ac:structured-macro>'


def _code_macro(node: Any, attrs: Any, _inner: str) -> str:
    language = str(attrs.get("language") or "")
    parameter = f'<ac:parameter ac:name="language">{escape(language)}</ac:parameter>'
    body = text_of(node).replace("]]>", "]]]]><![CDATA[>")
    return _macro_text(
        "code",
        f"{parameter if language else ''}"
        f"<ac:plain-text-body><![CDATA[{body}]]></ac:plain-text-body>",
    )


WRITERS: dict[str, Callable[[Any, Any, str], str]] = {
    "heading": _heading,
    "codeBlock": _code_macro,
    "panel": _panel,
    "hardBreak": lambda _node, _attrs, _inner: "<br />",
    "rule": lambda _node, _attrs, _inner: "<hr />",
    "table": lambda _node, _attrs, inner: f"<table><tbody>{inner}</tbody></table>",
    **dict.fromkeys(("mention", "status", "emoji"), _named),
    **dict.fromkeys(("inlineCard", "blockCard", "embedCard"), _card),
}
TAGS = {
    "paragraph": "p",
    "tableRow": "tr",
    **{adf: tag for tag, adf in (*BLOCKS.items(), *CELLS.items())},
}


def _marked(text: str, marks: Iterable[Any]) -> str:
    for mark in reversed(list(marks)):
        if mark.get("type") == "link":
            href = str((mark.get("attrs") or {}).get("href", ""))
            text = f'<a href="{escape(href)}">{text}</a>'
        elif tag := WRITTEN.get(mark.get("type")):
            text = f"<{tag}>{text}</{tag}>"
    return text
