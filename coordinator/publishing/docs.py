"""A folder of Markdown as a tree of pages: a page for each document and each folder.

A folder's page is its README or index, else a list of what stands below it. Titles stand once in a
space, so a title that comes twice gets its path behind it. Links between documents lead to the
pages, as far as these stand already; images of the repository are left out. Whoever reads a space
need not be who reads the repository: a document that holds a secret is not published.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote, urlsplit

import pandas as pd

from coordinator.plain_text import FRONT_MATTER, one_line, visible
from coordinator.publishing.copies import linked
from coordinator.publishing.keys import publication_key
from coordinator.publishing.records import Wanted
from coordinator.publishing.words import WORDS
from coordinator.secrets import find_secrets

KIND = "docs"
LONGEST_TITLE = 200
_FRONT = ("readme", "index", "leiame")
_HEADING = re.compile(r"^#\s+(.+?)\s*#*\s*$", re.MULTILINE)
_LINK = re.compile(r"(!?)\[([^\]\n]*)\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"\n]*\")?\s*\)")
_FENCE = re.compile(r"^(?:```|~~~).*?^(?:```|~~~)\s*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class _Node:
    """A page to be: a folder (its `path` ends in '/') or a document."""

    path: str
    source: str
    text: str

    @property
    def folder(self) -> str:
        """The folder whose page stands above this one; empty for the root."""
        inner = self.path.rstrip("/")
        return f"{posixpath.dirname(inner)}/" if posixpath.dirname(inner) else ""


def wanted_docs(
    documents: pd.DataFrame,
    *,
    company: str,
    folder: str,
    space: str,
    title: str,
    language: str,
    links: Mapping[str, str],
) -> list[Wanted]:
    """The pages for the documents below `folder` (rows of `local_docs`), parents before children.

    `title` is what the company is called, `links` the addresses of the pages that stand already,
    by key.
    """
    words = WORDS[language]
    nodes = list(_nodes(documents, folder, words))
    if not nodes:
        return []
    root = f"{folder}/" if folder else "./"
    titles = _titles(nodes, root, f"{title}: {words['documentation']}")
    keys = {one.path: publication_key("confluence", space, f"{KIND}:{one.path}") for one in nodes}
    pages = {one.source: keys[one.path] for one in nodes if one.source}
    pages |= {one.path.rstrip("/"): keys[one.path] for one in nodes}

    def resolve(target: str) -> str | None:
        key = pages.get(target)
        return links.get(key) if key is not None else None

    return [
        Wanted(
            key=keys[one.path],
            subject=f"{KIND}:{keys[one.path]}",
            owner=company,
            title=titles[one.path],
            body=_body(one, nodes, titles, words, resolve),
            parent=keys[one.folder] if one.path != root else "",
        )
        for one in nodes
    ]


def _nodes(documents: pd.DataFrame, folder: str, words: Mapping[str, str]) -> Iterator[_Node]:
    """Folders and documents, each folder before what stands in it.

    Of a document that holds a secret nothing is published but that.
    """
    prefix = f"{folder}/" if folder else ""
    texts = {
        str(path): words["secret"] if _has_secret(text) else FRONT_MATTER.sub("", text)
        for path, text in zip(documents["path"], map(str, documents["text"]), strict=True)
        if str(path).startswith(prefix)
    }
    if not texts:
        return
    folders = {f"{prefix}" or "./"}
    for path in texts:
        inner = posixpath.dirname(path[len(prefix) :])
        while inner:
            folders.add(f"{prefix}{inner}/")
            inner = posixpath.dirname(inner)
    fronts = {one: _front(one, texts) for one in folders}
    used = {front for front in fronts.values() if front}
    found = [_Node(one, fronts[one], texts.get(fronts[one], "")) for one in folders]
    found += [_Node(path, path, text) for path, text in texts.items() if path not in used]
    if not prefix:
        found = [
            one if one.path == "./" else _Node(f"./{one.path}", one.source, one.text)
            for one in found
        ]
    yield from sorted(found, key=lambda one: (one.path.count("/"), one.path))


@lru_cache(maxsize=2_000)
def _has_secret(text: str) -> bool:
    """Whether `text` holds a secret; asked every few minutes of the same documents."""
    return bool(find_secrets(text))


def _front(folder: str, texts: Iterable[str]) -> str:
    """The document that speaks for a folder; empty when none does."""
    inner = "" if folder == "./" else folder
    here = [path for path in texts if posixpath.dirname(path) == inner.rstrip("/")]
    named = {posixpath.splitext(posixpath.basename(path))[0].casefold(): path for path in here}
    return next((named[name] for name in _FRONT if name in named), "")


def _titles(nodes: Sequence[_Node], root: str, named: str) -> dict[str, str]:
    """A title for each page; one that is taken gets the path behind it."""
    titles: dict[str, str] = {}
    taken: set[str] = set()
    for one in nodes:
        heading = _HEADING.search(_FENCE.sub("", one.text))
        plain = one_line(visible(heading[1]) if heading else _name(one.path), LONGEST_TITLE)
        title = named if one.path == root else plain or _name(one.path)
        if title.casefold() in taken:
            title = f"{title} ({one.path.rstrip('/')})"
        taken.add(title.casefold())
        titles[one.path] = title
    return titles


def _name(path: str) -> str:
    stem = posixpath.splitext(posixpath.basename(path.rstrip("/")))[0]
    return " ".join(re.split(r"[-_\s]+", stem)).strip().capitalize()


def _body(
    one: _Node,
    nodes: Sequence[_Node],
    titles: Mapping[str, str],
    words: Mapping[str, str],
    resolve: Callable[[str], str | None],
) -> str:
    text = _linked(one, resolve).strip() if one.text else ""
    heading = _HEADING.match(text)
    if heading and one_line(visible(heading[1]), LONGEST_TITLE) == titles[one.path]:
        text = text[heading.end() :]  # the page's title says it
    parts = [text.strip()]
    below = [other for other in nodes if other.path != one.path and other.folder == one.path]
    if not one.text and below:
        listed = "\n".join(
            f"- {linked(titles[other.path], resolve(other.path.rstrip('/')))}" for other in below
        )
        parts.append(f"{words['contents']}\n\n{listed}")
    parts.append(f"*{words['kept']}*")
    return "\n\n".join(filter(None, parts))


def _linked(one: _Node, resolve: Callable[[str], str | None]) -> str:
    """The text with its links between documents led to the pages; others that are relative are
    left as text, since they would lead nowhere."""
    base = posixpath.dirname(one.source)

    def replaced(found: re.Match[str]) -> str:
        image, label, target = found.groups()
        parts = urlsplit(target)
        if parts.scheme or target.startswith(("#", "//")):
            return label if target.startswith("#") else found[0]
        if image:
            return f"[{label}]" if label else ""
        path = posixpath.normpath(posixpath.join(base, unquote(parts.path)))
        address = resolve(path)
        return f"[{label}]({address})" if address else label

    pieces, at = [], 0
    for fence in _FENCE.finditer(one.text):  # code is not to be touched
        pieces += [_LINK.sub(replaced, one.text[at : fence.start()]), fence[0]]
        at = fence.end()
    return "".join((*pieces, _LINK.sub(replaced, one.text[at:])))
