"""Confluence's storage format becomes Markdown, by way of ADF.

What only steers the page (tables of contents, lists of children, placeholders) says nothing and
leaves; a macro nobody knows keeps its text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby

from coordinator.rich_text.adf_runs import is_inline
from coordinator.rich_text.from_adf import markdown_of_adf
from coordinator.rich_text.html_names import BLOCKS, HIDDEN
from coordinator.rich_text.nodes import Node, names, node, paragraph, task_state
from coordinator.rich_text.storage_tree import Element, tree_of

Marks = tuple[Node, ...]

_NOTHING = HIDDEN | names("ac:placeholder ac:parameter ac:adf-attribute ac:adf-fallback colgroup")
_BLOCKS = BLOCKS | names("ac:layout ac:layout-section ac:layout-cell ac:adf-content")
_SIGNS = {"tick": "✅", "cross": "❌", "warning": "⚠️", "information": "ℹ️", "question": "❓"}
_PANELS = names("info note warning tip panel error success")


def markdown_of_storage(xhtml: str) -> str:
    """The Markdown of a page in storage format, without a line break at its end; never raises.

    Headings keep their levels. Links other than http, https and mailto are their text; scripts,
    styles and attachments leave.
    """
    return markdown_of_adf(storage_nodes(xhtml))


def storage_nodes(xhtml: str) -> Node:
    """A page in storage format as ADF nodes, which need not fit Atlassian's schema."""
    return node("doc", _blocks(tree_of(xhtml), ()))


def _blocks(element: Element, marks: Marks) -> list[Node]:
    """What an element holds, as blocks."""
    held: list[Node] = []
    for inline, group in groupby(_flow(element, marks), key=is_inline):
        nodes = [*group]
        if not inline:
            held += nodes
        elif not all(_is_space(part) for part in nodes):
            held.append(paragraph(nodes))
    return held


def _is_space(part: Node) -> bool:
    return bool(part["type"] == "text" and part["text"].isspace())


def _flow(element: Element, marks: Marks) -> list[Node]:
    """What an element holds: inline nodes and blocks as they come."""
    held: list[Node] = []
    for child in element.children:
        if isinstance(child, str):
            held.append(_text(child, marks))
        elif child.name in _MAKERS:
            held += _MAKERS[child.name](child, marks)
        elif child.name in _BLOCKS:
            held += _blocks(child, marks)
        elif child.name not in _NOTHING:
            held += _flow(child, marks)
    return held


def _text(text: str, marks: Marks = ()) -> Node:
    return {"type": "text", "text": text, "marks": [*marks]}


def _marked(mark: str) -> Callable[[Element, Marks], list[Node]]:
    return lambda element, marks: _flow(element, (*marks, {"type": mark}))


def _link(element: Element, marks: Marks) -> list[Node]:
    href = element.attribute("href")
    return _flow(element, (*marks, {"type": "link", "attrs": {"href": href}}))


def _span(element: Element, marks: Marks) -> list[Node]:
    struck = "line-through" in element.attribute("style")
    return _flow(element, (*marks, {"type": "strike"}) if struck else marks)


def _heading(element: Element, marks: Marks) -> list[Node]:
    return [node("heading", _flow(element, marks), level=int(element.name[1]))]


def _list(element: Element, marks: Marks) -> list[Node]:
    items: list[Node] = []
    for child in element.children:
        if isinstance(child, Element) and child.name == "li":
            items.append(node("listItem", _blocks(child, marks)))
        else:
            items += _blocks(Element("", children=[child]), marks)
    if element.name == "ul":
        return [node("bulletList", items)]
    return [node("orderedList", items, order=element.attribute("start"))]


def _table(element: Element, marks: Marks) -> list[Node]:
    """A table, after what stands in it outside of its rows."""
    rows = [*_rows(element, marks)]
    outside = [child for child in element.children if not _is_part(child, *_PARTS, "colgroup")]
    return [*_blocks(Element("", children=outside), marks), node("table", rows)]


def _rows(element: Element, marks: Marks) -> Iterator[Node]:
    for child in element.elements(*_PARTS):
        if child.name != "tr":
            yield from _rows(child, marks)
            continue
        cells = [
            node(
                "tableCell",
                _blocks(cell, marks),
                colspan=cell.attribute("colspan"),
                rowspan=cell.attribute("rowspan"),
            )
            for cell in child.elements("td", "th")
        ]
        outside = [part for part in child.children if not _is_part(part, "td", "th")]
        more = _blocks(Element("", children=outside), marks)
        yield node("tableRow", [*cells, *([node("tableCell", more)] if more else [])])


def _is_part(child: Element | str, *kinds: str) -> bool:
    return isinstance(child, Element) and child.name in kinds


def _pre(element: Element, _: Marks) -> list[Node]:
    return [_code_block(element.text().removeprefix("\n"))]


def _code_block(text: str, language: str = "") -> Node:
    """Code without the blank lines before and after it."""
    text = text.rstrip()
    begin = text.rfind("\n", 0, len(text) - len(text.lstrip())) + 1
    return node("codeBlock", [_text(text[begin:])], language=language.lower())


def _time(element: Element, marks: Marks) -> list[Node]:
    return [_text(element.attribute("datetime") or element.text(), marks)]


def _picture(address: str, alt: str) -> list[Node]:
    return [node("media", [], type="external", url=address, alt=alt)]


def _task_list(element: Element, marks: Marks) -> list[Node]:
    return [node("taskList", [_task(task, marks) for task in element.elements("ac:task")])]


def _task(element: Element, marks: Marks) -> Node:
    status, body = element.first("ac:task-status"), element.first("ac:task-body")
    done = status is not None and status.text().strip() == "complete"
    content = _blocks(body, marks) if body else []
    return node("taskItem", content, state=task_state(done))


def _page_link(element: Element, marks: Marks) -> list[Node]:
    """A link within Confluence, whose address nobody knows here: its text, or what it names."""
    body = element.first("ac:link-body", "ac:plain-text-link-body")
    content = _flow(body, marks) if body else []
    target = next((one for one in element.elements(*_TARGETS)), None)
    if target is not None and target.name == "ri:user":
        return [node("mention", [], text="".join(part.get("text", "") for part in content))]
    if content or target is None:
        return content
    return [_text(target.attribute("ri:content-title") or target.attribute("ri:space-key"), marks)]


def _image(element: Element, marks: Marks) -> list[Node]:
    """A picture from an address of its own, and the caption of any; attachments leave."""
    caption, source = element.first("ac:caption"), element.first("ri:url")
    address = source.attribute("ri:value") if source else ""
    return [
        *(_picture(address, element.attribute("ac:alt")) if address else []),
        *(_blocks(caption, marks) if caption else []),
    ]


def _emoticon(element: Element, marks: Marks) -> list[Node]:
    name = element.attribute("ac:name")
    sign = element.attribute("ac:emoji-fallback") or _SIGNS.get(name) or f":{name}:"
    return [_text(sign, marks)]


def _extension(element: Element, marks: Marks) -> list[Node]:
    """What the new editor has and storage format has not: its own form, else the one for others."""
    content = [node for one in element.elements("ac:adf-node") for node in _adf_node(one, marks)]
    fallback = element.first("ac:adf-fallback")
    return content or (_blocks(fallback, marks) if fallback else [])


def _adf_node(element: Element, marks: Marks) -> list[Node]:
    content = _blocks(element, marks)
    kind = _ADF_NODES.get(element.attribute("type"))
    return [node(kind, content)] if kind and content else content


def _macro(element: Element, marks: Marks) -> list[Node]:
    name = element.attribute("ac:name").lower()
    said = {one.attribute("ac:name"): one.text() for one in element.elements("ac:parameter")}
    rich, plain = element.first("ac:rich-text-body"), element.first("ac:plain-text-body")
    title = said.get("title", "").strip()
    content = _blocks(rich, marks) if rich else []
    if name in ("status", "jira"):
        return [_text(title or said.get("key", ""), marks)]
    if name in ("html", "style"):
        return []
    if plain:
        content = [_code_block(plain.text(), said.get("language", ""))]
    if name == "expand":
        return [node("expand", content, title=title)]
    if title and content:
        content = [paragraph([_text(title, (*marks, {"type": "strong"}))]), *content]
    return [node("panel", content)] if name in _PANELS and content else content


_ADF_NODES = {"panel": "panel", "decision-list": "decisionList", "decision-item": "decisionItem"}
_PARTS = ("tr", "thead", "tbody", "tfoot")
_TARGETS = ("ri:user", "ri:page", "ri:blog-post", "ri:space", "ri:attachment", "ri:url")
_MAKERS: Mapping[str, Callable[[Element, Marks], list[Node]]] = {
    **dict.fromkeys(("strong", "b"), _marked("strong")),
    **dict.fromkeys(("em", "i"), _marked("em")),
    **dict.fromkeys(("del", "s", "strike"), _marked("strike")),
    **dict.fromkeys(("code", "kbd", "samp", "tt"), _marked("code")),
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), _heading),
    "dt": lambda element, marks: _blocks(element, (*marks, {"type": "strong"})),
    "a": _link,
    "span": _span,
    "br": lambda *_: [{"type": "hardBreak"}],
    "hr": lambda *_: [{"type": "rule"}],
    "ul": _list,
    "ol": _list,
    "table": _table,
    "pre": _pre,
    "blockquote": lambda element, marks: [node("blockquote", _blocks(element, marks))],
    "time": _time,
    "img": lambda element, _: _picture(element.attribute("src"), element.attribute("alt")),
    "ac:task-list": _task_list,
    "ac:link": _page_link,
    "ac:image": _image,
    "ac:emoticon": _emoticon,
    "ac:adf-extension": _extension,
    "ac:adf-node": _adf_node,
    "ac:structured-macro": _macro,
    "ac:macro": _macro,
}
