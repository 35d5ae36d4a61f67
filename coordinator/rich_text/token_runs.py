"""The parser's tokens of a paragraph as runs; HTML among them leaves, its words stay."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from coordinator.plain_text import visible
from coordinator.rich_text.html_names import BLOCKS, HIDDEN, KNOWN
from coordinator.rich_text.links import allowed_image, allowed_link
from coordinator.rich_text.nodes import Node, node
from coordinator.rich_text.runs import BREAK, MARKS, Run

if TYPE_CHECKING:
    from markdown_it.token import Token

_NAMES = {"strong": "strong", "em": "em", "s": "strike"}
_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9-]*+)[^<>]*+>")
_UNSEEN = re.compile(
    rf"<!--.*?(?:-->|\Z)|<({'|'.join(sorted(HIDDEN))})\b.*?(?:</\1\s*>|\Z)|<[!?][^<>]*>?",
    re.DOTALL | re.IGNORECASE,
)


def runs_of_tokens(tokens: Sequence[Token]) -> Iterator[Run]:
    """The runs of a paragraph's tokens, not settled."""
    depths: Counter[str] = Counter()
    href = ""
    for token in tokens:
        kind, _, end = token.type.rpartition("_")
        if kind in _NAMES:
            depths[_NAMES[kind]] += token.nesting
        elif kind == "link":
            href = allowed_link(token.attrs["href"]) if end == "open" else ""
        elif token.type == "hardbreak":
            yield BREAK
        elif token.type == "html_inline":
            yield from _runs_of_tag(token.content)
        else:
            marks = frozenset(mark for mark in MARKS if depths[mark])
            yield _run(token, marks, href)


def _run(token: Token, marks: frozenset[str], href: str) -> Run:
    if token.type == "code_inline":
        return Run(token.content, href=href, code=True)
    if token.type == "image":
        address = href or allowed_link(token.attrs["src"])
        return Run(_description(token) or address, marks, address)
    return Run(token.content if token.type == "text" else " ", marks, href)


def picture_of(tokens: Sequence[Token]) -> Node | None:
    """The picture a paragraph is; None when it holds anything else or its address is not https."""
    if len(tokens) != 1 or tokens[0].type != "image":
        return None
    address = allowed_image(tokens[0].attrs["src"])
    if not address:
        return None
    alt = _description(tokens[0])
    attrs = {"type": "external", "url": address, **({"alt": alt} if alt else {})}
    media = {"type": "media", "attrs": attrs}
    return node("mediaSingle", [media], layout="center")


def runs_of_html(content: str) -> Iterator[Run]:
    """The words of a block of HTML; elements that begin a line end the one before."""
    text = _UNSEEN.sub(" ", content)
    begin = 0
    words = False
    for found in _TAG.finditer(text):
        if found[1].lower() not in KNOWN:
            continue
        before = html.unescape(text[begin : found.start()])
        begin = found.end()
        words = words or (not before.isspace() and before != "")
        yield Run(before)
        if words and found[1].lower() in BLOCKS:
            words = False
            yield BREAK
    yield Run(html.unescape(text[begin:]))


def _runs_of_tag(content: str) -> Iterator[Run]:
    found = _TAG.fullmatch(content)
    name = found[1].lower() if found else ""
    if name == "br":
        yield BREAK
    elif found and name not in KNOWN:
        yield Run(content)


def _description(picture: Token) -> str:
    """The words of a picture's description, on one line."""
    held: list[str] = []
    waiting = [picture]
    while waiting:
        token = waiting.pop()
        if token.children:
            waiting += reversed(token.children)
        else:
            held.append(" " if token.type in ("softbreak", "hardbreak") else token.content)
    return " ".join(visible("".join(held)).split())
