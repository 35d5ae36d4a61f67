"""Text of strangers made plain: no control characters, one normal form, bounded lines."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_CONTROL = re.compile(
    # C0 and C1 but for tab and newline; bidi and zero-width marks; line separators; surrogates;
    # tags and private use: nothing of these is ever meant in a learning
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ue000-\uf8ff\ufeff\ufff0-\uffff\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)
_SPACES = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r"\n{3,}")

FRONT_MATTER = re.compile(r"\A---[ \t]*\n.*?\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
"""What a Markdown text says of itself in YAML, before it begins."""


def visible(text: str) -> str:
    """`text` without control, bidi and zero-width characters, NFC; tabs and line breaks stay."""
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", _CONTROL.sub("", text))


def plain(text: str) -> str:
    """`text` as `visible` leaves it, spaces joined, at most one blank line in a row."""
    return _BLANK_LINES.sub("\n\n", _SPACES.sub(" ", visible(text))).strip()


def one_line(text: str, limit: int) -> str:
    """`text` on one line of at most `limit` characters, cut at a word with '…'."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    head = line[: limit - 1]
    space = head.rfind(" ", limit // 2)
    return (head[:space] if space > 0 else head).rstrip(" ,;:.-–—") + "…"


def normalised(text: str) -> str:
    """The form two texts are compared by: NFKC, case folded, white space joined."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.split())


def content_id(text: str) -> str:
    """32 hex digits of the SHA-256 of the normalised `text`: the id of a learning."""
    return hashlib.sha256(normalised(text).encode()).hexdigest()[:32]
