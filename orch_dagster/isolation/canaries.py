"""Canaries: words that stand nowhere else, and a detector that knows them in any disguise.

A word is sixteen letters without a vowel, four of them with a mark, so that every usual encoding
changes it: base64, hex, URL escapes, JSON escapes, and the folding of the full-text index.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote

from coordinator.memory import strip_accents

LENGTH = 16
PLAIN = "bcdfghjklmnpqrstvwxz"
MARKED = "çñšž"
MARKED_PLACES = (2, 6, 9, 13)
SHORTEST_PIECE = 8
"""Letters of a word that was cut off, by a shortened line say, that still tell it."""

ENCODINGS = ("plain", "base64", "hex", "url", "json", "folded")

_RUN = re.compile(f"[{PLAIN}]{{{SHORTEST_PIECE},}}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}")
_HEX = re.compile(r"[0-9a-fA-F]{16,}")
_JSON = re.compile(r"\\+u([0-9a-fA-F]{4})")


@dataclass(frozen=True)
class Canary:
    """One planted word: whose it is, where it was planted, and whether it was shared with all."""

    company: str
    place: str
    word: str
    shared: bool = False

    @property
    def name(self) -> str:
        """What may be printed of it."""
        return f"{self.company}/{self.place}"

    @property
    def folded(self) -> str:
        return strip_accents(self.word).lower()


def canary(seed: str, company: str, place: str, *, shared: bool = False) -> Canary:
    """The canary of that place; another seed makes another word."""
    digest = hashlib.sha256(f"{seed}/{company}/{place}".encode()).digest()
    letters = [
        MARKED[byte % len(MARKED)] if at in MARKED_PLACES else PLAIN[byte % len(PLAIN)]
        for at, byte in enumerate(digest[:LENGTH])
    ]
    return Canary(company, place, "".join(letters), shared)


@dataclass(frozen=True)
class Seen:
    """A canary somewhere, and the disguise it wore."""

    canary: Canary
    encoding: str


class Detector:
    """Finds any of `canaries` in a text or in bytes, whole or cut off, in any encoding."""

    def __init__(self, canaries: Iterable[Canary]) -> None:
        self.canaries = tuple(canaries)

    def seen(self, content: str | bytes) -> set[Seen]:
        """Every canary in `content`, once for each encoding it stands in."""
        text = content if isinstance(content, str) else content.decode("utf-8", "replace")
        found: set[Seen] = set()
        for encoding, view in _views(text):
            found |= {Seen(one, encoding) for one in self._in(view, encoding)}
        return found

    def canaries_in(self, content: str | bytes) -> set[Canary]:
        return {one.canary for one in self.seen(content)}

    def _in(self, view: str, encoding: str) -> Iterator[Canary]:
        folded = strip_accents(view).lower() if encoding != "folded" else view.lower()
        for run in _RUN.findall(folded):
            for start in range(len(run) - SHORTEST_PIECE + 1):
                one = self._pieces.get(run[start : start + SHORTEST_PIECE])
                if one is not None:
                    yield one

    @cached_property
    def _pieces(self) -> dict[str, Canary]:
        return {
            one.folded[start : start + SHORTEST_PIECE]: one
            for one in self.canaries
            for start in range(LENGTH - SHORTEST_PIECE + 1)
        }


def _views(text: str) -> Iterator[tuple[str, str]]:
    """`text` as it may have been before it was encoded."""
    yield "folded", text
    if not text.isascii():
        yield "plain", text
        # UTF-8 that somebody read as Latin-1
        yield "plain", text.encode("latin-1", "ignore").decode("utf-8", "ignore")
    if "%" in text:
        yield "url", unquote(text)
    if "\\u" in text:
        yield "json", _JSON.sub(lambda found: chr(int(found[1], 16)), text)
    for run in _HEX.findall(text):
        for start in (0, 1):
            even = run[start : start + (len(run) - start) // 2 * 2]
            yield "hex", binascii.unhexlify(even).decode("utf-8", "ignore")
    unbroken = text.replace("\\n", "").replace("\n", "").replace("\r", "")
    for run in _BASE64.findall(unbroken):
        plain = run.replace("-", "+").replace("_", "/")
        for start in range(4):
            whole = plain[start : start + (len(plain) - start) // 4 * 4]
            yield "base64", base64.b64decode(whole).decode("utf-8", "ignore")


def encoded(word: str) -> dict[str, str]:
    """`word` in each of ENCODINGS, as a leak would write it."""
    raw = word.encode()
    return {
        "plain": word,
        "base64": base64.b64encode(raw).decode(),
        "hex": raw.hex(),
        "url": "".join(f"%{byte:02X}" if byte > 127 else chr(byte) for byte in raw),
        "json": word.encode("ascii", "backslashreplace").decode().replace("\\x", "\\u00"),
        "folded": strip_accents(word).lower(),
    }
