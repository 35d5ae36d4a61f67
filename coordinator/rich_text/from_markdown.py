"""Markdown becomes ADF that Atlassian's schema accepts.

The parser is markdown-it-py, which also reads the pages of repositories: mistune, under the ADF
converter marklassian, takes more than 20 s for 32 kB of ``[a](``. What ADF does not allow where
Markdown has it is said by other means: a heading in a list or quote is a bold paragraph, a table
there is lines of its cells, a quote within a list or quote is its paragraphs.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from coordinator.plain_text import visible
from coordinator.rich_text.adf_runs import checkbox_of, runs_of
from coordinator.rich_text.markdown_parser import markdown_parser
from coordinator.rich_text.nodes import LANGUAGE, Node, kind_of, node, paragraph, task_state, walk
from coordinator.rich_text.runs import BREAK, MARKS, Run, settled
from coordinator.rich_text.token_runs import picture_of, runs_of_html, runs_of_tokens

if TYPE_CHECKING:
    from markdown_it.token import Token

MOST_CHARACTERS = 200_000
"""Longer Markdown is cut there and says so; Jira takes 32,767 characters."""


def adf_of(markdown: str) -> dict[str, Any]:
    """The ADF document of a Markdown text; the same text gives the same document.

    Only http, https and mailto become links, and only a picture from https that stands alone
    becomes a picture; others are their words. HTML leaves, its words stay; nobody is mentioned.
    Past MOST_CHARACTERS the text is cut; past DEEPEST levels of containers it is flat.
    """
    text = visible(markdown)
    left = len(text) - MOST_CHARACTERS
    content = _blocks(markdown_parser().parse(text[:MOST_CHARACTERS] if left > 0 else text))
    if left > 0:
        content.append(paragraph(_inline([Run(f"[{left} more characters were cut]")])))
    for number, task in enumerate(
        found for found in walk(content) if "localId" in found.get("attrs", ())
    ):
        task["attrs"]["localId"] = str(uuid.UUID(int=number + 1))
    return {"version": 1, "type": "doc", "content": content}


@dataclass(slots=True)
class _Open:
    """A container whose end was not read yet, what it lies in, and what it holds so far."""

    kind: str
    token: Token | None = None
    in_item: bool = False
    in_quote: bool = False
    words: Sequence[Token] = ()
    content: list[Node] = field(default_factory=list)

    @property
    def is_held(self) -> bool:
        """Whether it lies in a list or quote, where ADF allows less."""
        return self.in_item or self.in_quote


def _blocks(tokens: Iterable[Token]) -> list[Node]:
    opened = [_Open("doc")]
    for token in tokens:
        inner = opened[-1]
        if token.nesting == 1:
            in_item = inner.in_item or inner.kind == "list_item"
            in_quote = inner.in_quote or inner.kind == "blockquote"
            opened.append(_Open(token.type.removesuffix("_open"), token, in_item, in_quote))
        elif token.nesting == -1:
            opened.pop()
            opened[-1].content += _MAKERS[inner.kind](inner)
        elif token.type == "inline":
            inner.words = token.children or ()
        elif token.type in ("fence", "code_block"):
            inner.content.append(_code(token))
        elif token.type == "html_block":
            inner.content += _paragraph(runs_of_html(token.content))
        elif token.type == "hr" and inner.kind == "doc":
            inner.content.append({"type": "rule"})
    return opened[0].content


def _inline(runs: Iterable[Run]) -> list[Node]:
    """Runs as inline nodes, settled."""
    held: list[Node] = []
    for run in settled(runs):
        if run == BREAK:
            held.append({"type": "hardBreak"})
            continue
        marks = [{"type": "link", "attrs": {"href": run.href}}] if run.href else []
        marks += [{"type": mark} for mark in MARKS if mark in run.marks]
        marks += [{"type": "code"}] if run.code else []
        held.append({"type": "text", "text": run.text, **({"marks": marks} if marks else {})})
    return held


def _paragraph(runs: Iterable[Run]) -> list[Node]:
    content = _inline(runs)
    return [paragraph(content)] if content else []


def _words(block: _Open) -> list[Node]:
    picture = picture_of(block.words)
    return [picture] if picture else _paragraph(runs_of_tokens(block.words))


def _heading(block: _Open) -> list[Node]:
    runs = [Run(" ") if run == BREAK else run for run in runs_of_tokens(block.words)]
    if block.is_held:
        return _paragraph(_bold(runs))
    content = _inline(runs)
    level = int(block.token.tag[1]) if block.token else 1
    return [node("heading", content, level=level)] if content else []


def _bold(runs: Iterable[Run]) -> Iterator[Run]:
    for run in runs:
        yield run if run.code else replace(run, marks=run.marks | {"strong"})


def _code(token: Token) -> Node:
    language = token.info.split(maxsplit=1)[0] if token.info.strip() else ""
    text = visible(token.content).removesuffix("\n")
    content = [{"type": "text", "text": text}] if text else []
    attrs = {"language": language} if LANGUAGE.fullmatch(language) else {}
    return node("codeBlock", content, **attrs)


def _quote(block: _Open) -> list[Node]:
    kept = block.is_held or not block.content
    return block.content if kept else [node("blockquote", block.content)]


def _cell(block: _Open) -> list[Node]:
    kind = "tableHeader" if block.kind == "th" else "tableCell"
    return [node(kind, [paragraph(_inline(runs_of_tokens(block.words)))])]


def _table(block: _Open) -> list[Node]:
    """A table; where none may stand a paragraph with a line for each row."""
    if not block.is_held:
        return [node("table", block.content)]
    runs: list[Run] = []
    for row in block.content:
        for at, cell in enumerate(row["content"]):
            runs += [Run(" | ") if at else BREAK, *runs_of([cell])]
    return _paragraph(runs)


def _item(block: _Open) -> list[Node]:
    checked = block.token.meta.get("checked") if block.token else None
    if checked is None:
        return [node("listItem", block.content or [paragraph([])])]
    return [node("taskItem", block.content, localId="", state=task_state(checked))]


def _list(block: _Open) -> list[Node]:
    """A list; tasks with more than a line and other tasks below are items with a box in front."""
    may_be_tasks = block.kind == "bullet_list" and (block.in_item or not block.in_quote)
    if may_be_tasks and all(_is_task(item) for item in block.content):
        return [node("taskList", [*_tasks(block.content)], localId="")]
    content = [_as_item(item) for item in block.content]
    if block.kind == "bullet_list":
        return [node("bulletList", content)]
    start = block.token.attrGet("start") if block.token else None
    return [node("orderedList", content, **({} if start is None else {"order": start}))]


def _tasks(items: Iterable[Node]) -> Iterator[Node]:
    """Tasks with their words, each followed by the tasks below it."""
    for item in items:
        lines = [part["content"] for part in item["content"] if kind_of(part) == "paragraph"]
        yield item | {"content": lines[0] if lines else []}
        yield from (part for part in item["content"] if kind_of(part) == "taskList")


def _is_task(item: Node) -> bool:
    kinds = [kind_of(part) for part in item["content"]]
    return (
        kind_of(item) == "taskItem"
        and set(kinds[1:]) <= {"taskList"}
        and (not kinds or kinds[0] in ("paragraph", "taskList"))
    )


def _as_item(item: Node) -> Node:
    """A list item; a task gets its box as text."""
    if kind_of(item) == "listItem":
        return item
    box, content = checkbox_of(item), item["content"]
    if content and kind_of(content[0]) == "paragraph":
        first, *content = content
        return node("listItem", [*_paragraph([Run(box), *runs_of([first])]), *content])
    return node("listItem", [*_paragraph([Run(box)]), *content])


_MAKERS: Mapping[str, Callable[[_Open], list[Node]]] = {
    "paragraph": _words,
    "heading": _heading,
    "blockquote": _quote,
    "list_item": _item,
    "bullet_list": _list,
    "ordered_list": _list,
    "th": _cell,
    "td": _cell,
    "tr": lambda block: [node("tableRow", block.content)],
    "thead": lambda block: block.content,
    "tbody": lambda block: block.content,
    "table": _table,
}
