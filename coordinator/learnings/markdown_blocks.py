"""Markdown as a flat list of blocks of plain text, with lines and heading levels.

Parsing is markdown-it-py's (CommonMark and tables). Pictures and badges leave, HTML is stripped to
its text, code is kept but bounded, diagrams as code leave.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from coordinator.plain_text import FRONT_MATTER, plain, visible

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

# Longer documents are exports, not something people wrote to be read.
MOST_CHARACTERS = 512_000
_CODE_LINES, _CODE_CHARACTERS = 12, 600
_LISTS = frozenset(
    f"{kind}_list_{end}" for kind in ("bullet", "ordered") for end in ("open", "close")
)
_DIAGRAMS = frozenset(("mermaid", "plantuml", "puml", "dot", "graphviz", "svg", "math"))

_HTML_NOISE = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style|svg)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE
)
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,2000}>|<![A-Za-z][^<>]{0,2000}>")
_HTML_HEADING = re.compile(r"<h([1-6])\b[^>]*>(.*?)</h\1\s*>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Block:
    """One block: `kind` is heading, paragraph, item, row or code; `line` counts from 1.

    `level` is the heading's level (0 for others), `linked` how many characters of `text` are the
    text of links.
    """

    kind: str
    text: str
    line: int
    level: int = 0
    linked: int = 0


def blocks_of(text: str) -> list[Block]:
    """The blocks of a Markdown text in reading order; never raises."""
    text = text[:MOST_CHARACTERS].replace("\r\n", "\n").replace("\r", "\n")
    offset = 0
    front = FRONT_MATTER.match(text)
    if front:
        offset = front.group().count("\n")
        text = text[front.end() :]
    tokens = _parser().parse(text)
    return [block for block in _blocks(tokens, offset + 1) if block.text]


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": True}).enable("table")


def _blocks(tokens: Sequence[Token], first_line: int) -> Iterator[Block]:
    heading = lists = 0
    rows: list[list[Token]] | None = None  # of the table that is open
    for token in tokens:
        line = token.map[0] + first_line if token.map else first_line
        if token.type in ("heading_open", "heading_close"):
            heading = int(token.tag[1]) if token.nesting == 1 else 0
        elif token.type in _LISTS:
            lists += token.nesting
        elif token.type == "table_open":
            rows = []
        elif token.type == "table_close":
            yield from (_row(row, first_line) for row in rows or () if row)
            rows = None
        elif rows is not None:
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline":
                rows[-1].append(token)
        elif token.type == "html_block":
            yield from _html_blocks(token.content, line)
        elif token.type in ("fence", "code_block"):
            yield Block("code", _code(token), line)
        elif token.type == "inline":
            yield _block(token, line, heading, in_list=lists > 0)


def _block(token: Token, line: int, heading: int, *, in_list: bool) -> Block:
    words, linked = _inline(token)
    if heading:
        return Block("heading", " ".join(words.split()), line, heading)
    if in_list:
        return Block("item", f"- {words}" if words else "", line, linked=linked)
    return Block("paragraph", words, line, linked=linked)


def _row(cells: Sequence[Token], first_line: int) -> Block:
    read = [_inline(cell) for cell in cells]
    line = (cells[0].map[0] if cells[0].map else 0) + first_line
    text = " | ".join(words for words, _ in read if words)
    return Block("row", text, line, linked=sum(linked for _, linked in read))


def _inline(token: Token) -> tuple[str, int]:
    """The words of an inline token, and how many of their characters are link texts."""
    words: list[str] = []
    linked = depth = 0
    for child in token.children or ():
        if child.type == "link_open":
            depth += 1
        elif child.type == "link_close":
            depth -= 1
        piece = ""
        if child.type == "text":
            piece = child.content
        elif child.type == "code_inline":
            piece = f"`{child.content}`"
        elif child.type in ("softbreak", "hardbreak"):
            piece = " "
        words.append(piece)
        linked += len(piece) if depth else 0
    return plain("".join(words)), linked


def _code(token: Token) -> str:
    language = token.info.strip().split(" ")[0].lower()
    if language in _DIAGRAMS:
        return ""
    lines = visible(token.content).expandtabs(4).strip("\n").split("\n")
    kept = "\n".join(lines[:_CODE_LINES])[:_CODE_CHARACTERS].rstrip()
    if not kept:
        return ""
    more = "\n…" if len(lines) > _CODE_LINES or len(kept) == _CODE_CHARACTERS else ""
    return f"```{language}\n{kept}{more}\n```" if language.isalnum() else f"```\n{kept}{more}\n```"


def _html_blocks(content: str, line: int) -> Iterator[Block]:
    content = _HTML_NOISE.sub(" ", content)
    start = 0
    for found in _HTML_HEADING.finditer(content):
        yield Block("paragraph", _stripped(content[start : found.start()]), line)
        at = line + content.count("\n", 0, found.start())
        yield Block("heading", " ".join(_stripped(found[2]).split()), at, int(found[1]))
        start = found.end()
    yield Block("paragraph", _stripped(content[start:]), line)


def _stripped(content: str) -> str:
    return plain(html.unescape(_TAG.sub(" ", content)).replace("\n", " "))
