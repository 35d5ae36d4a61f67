"""Architecture decision records: found by path and headings, told in one text.

Nygard's and MADR's headings in English and Portuguese. Superseded, deprecated and rejected records
are left out: what they say is not done any more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from coordinator.learnings.markdown_blocks import Block
from coordinator.learnings.windows import shortened
from coordinator.plain_text import one_line
from coordinator.ports import TokenCounter

_PATH = re.compile(
    r"(?:^|/)(?:adrs?|decisions?|decision[-_]records?|architecture[-_]decisions?|decis(?:oes|ões))/"
    r"(?!(?:readme|index|template|leiame)\b)[^/]+$|(?:^|/)adr[-_]?\d+[^/]*$",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"(?:^|/)\d{3,5}[-_][^/]+$")
_TITLE_NUMBER = re.compile(
    r"^(?:adr|decision|decisão|rfc)?[\s#:-]*\d{1,5}\s*[.:–—-]*\s*|^adr\s*[:–—-]\s*", re.IGNORECASE
)
_FIELDS = (
    ("status", re.compile(r"^(?:status|estado|situação)\b", re.IGNORECASE)),
    (
        "decision",
        re.compile(r"^(?:the )?(?:decision(?! driver)|decisão|decisao|resolução)\b", re.IGNORECASE),
    ),
    (
        "context",
        re.compile(r"^(?:context|contexto|problem|problema|motivation|motivação)\b", re.IGNORECASE),
    ),
    (
        "consequences",
        re.compile(r"^(?:consequence|consequência|consequencia|impact|result)\w*", re.IGNORECASE),
    ),
)
_SHARES = (("context", 0.35), ("decision", 0.6), ("consequences", 1.0))
_DEAD = re.compile(
    r"\b(?:superseded|deprecated|rejected|obsolete|withdrawn|substitu[ií]d[ao]|obsolet[ao]|"
    r"rejeitad[ao]|descontinuad[ao]|depreciad[ao])\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Decision:
    """A record as one text; `skip` says why it is none, `content` is '' if nothing is decided."""

    title: str = ""
    content: str = ""
    skip: str = ""


def is_decision_record(path: str, blocks: Sequence[Block]) -> bool:
    """Whether a document records one decision: by its folder, or by its name and its headings."""
    fields = set(_fields(blocks))
    if _PATH.search(path):
        return "decision" in fields
    adr_title = bool(blocks) and bool(re.match(r"adr\b", blocks[0].text, re.IGNORECASE))
    return {"decision", "context"} <= fields and (bool(_NUMBERED.search(path)) or adr_title)


def decision_in(blocks: Sequence[Block], *, count_tokens: TokenCounter, window: int) -> Decision:
    """The decision as ``title``, context, decision and consequences within `window` tokens."""
    fields = _fields(blocks)
    status = " ".join(fields.get("status", ("", ""))[1].split())
    if _DEAD.search(status[:200]):
        return Decision(skip="decision no longer in force")
    heading = next((block.text for block in blocks if block.kind == "heading"), "")
    title = one_line(_TITLE_NUMBER.sub("", heading) or heading, 100)
    if not title or not fields.get("decision", ("", ""))[1]:
        return Decision(title=title)
    content = shortened(title, window // 4, count_tokens)
    for name, share in _SHARES:
        label, text = fields.get(name, ("", ""))
        if not text:
            continue
        room = int(share * window) - count_tokens(f"{content}\n\n{label}: ")
        piece = shortened(text, room, count_tokens)
        if piece and count_tokens(f"{content}\n\n{label}: {piece}") <= window:
            content = f"{content}\n\n{label}: {piece}"
    return Decision(title, content)


def _fields(blocks: Sequence[Block]) -> dict[str, tuple[str, str]]:
    """Of every field of a record its heading as written and its text."""
    found: dict[str, tuple[str, str]] = {}
    name = ""
    level = 0
    for block in blocks:
        if block.kind == "heading":
            field = next((key for key, rule in _FIELDS if rule.match(block.text)), "")
            if field or block.level <= level:  # deeper headings belong to their field
                name, level = field, block.level if field else 0
                if field:
                    found.setdefault(field, (block.text, ""))
            continue
        if not name and block.text.lower().startswith(("status:", "estado:", "- status:")):
            found.setdefault("status", ("Status", block.text))
        if name:
            label, text = found[name]
            found[name] = (label, f"{text}\n{block.text}".strip())
    return found
