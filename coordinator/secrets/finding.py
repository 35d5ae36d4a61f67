"""Secrets in a text, found by two layers: detect-secrets' plugins and our own patterns.

The plugins run line by line without the library's filters: its allow-list pragma would let anybody
hide a secret. They miss split strings, encoded text and invisible characters, so our own patterns
look at the text as it stands, at the text with such tricks undone, and at what decodes from base64
or hex. A finding names kind and line, never the secret.

False alarms cost a learning, misses cost a leak: what looks issued by a provider is refused even in
an example; commit ids, digests, UUIDs and placeholders pass. Not seen: secrets in pictures or zip
archives, ciphers, reversed text, and parts that only a program's flow puts together.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Protocol, cast
from urllib.parse import unquote

from coordinator.secrets.patterns import (
    NAME,
    is_digest,
    is_placeholder,
    looks_issued,
    named_values_in,
    tokens_in,
)

# A learning is far shorter. A longer text is refused unread: the bound must not let one pass.
MOST_CHARACTERS = 200_000
_MOST_BLOBS = 50
_MOST_DECODED = 65_536

_SPLIT = re.compile(r"([\"'`])[ \t]*(?:\+|\.|\|\||&|,|\\)?[ \t]*\n?[ \t]*(?:\+|\.|&)?[ \t]*\1")
_INVISIBLE = re.compile(
    "[\x00\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufe00-\ufe0f]"
)
_BYTE_ORDER = re.compile("ÿþ|þÿ")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})")
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{24,}(?:\n[ >]*[A-Za-z0-9+/_-]{4,})*")
_HEX = re.compile(r"(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{2}){20,}(?![0-9A-Fa-f])")
# The plugins' patterns take time that grows with the square of a line, of its spaces even faster.
_PIECE, _OVERLAP = 4_096, 1_024
_SPACES = re.compile(r"[ \t]{3,}")
# A line without a name, a quote or a long run of characters has nothing for the plugins.
_WORTH_A_LOOK = re.compile(r"[\"'`]|\S{16}|://")
# Judged again by the value: the library finds these by a name or by entropy alone.
_BY_NAME = frozenset(("Secret Keyword", "Basic Auth Credentials"))
_BY_ENTROPY = frozenset(("Base64 High Entropy String", "Hex High Entropy String"))
# A public address is no secret.
_NOT_SECRET = frozenset(("Public IP (ipv4)",))


@dataclass(frozen=True, order=True)
class SecretFinding:
    """What kind of secret stands on which line (from 1; where it begins, as near as known)."""

    line: int
    kind: str


class _Plugin(Protocol):
    secret_type: str

    def analyze_string(self, string: str) -> Iterable[str]: ...

    def calculate_shannon_entropy(self, data: str) -> float: ...


def find_secrets(text: str) -> list[SecretFinding]:
    """Every secret in `text` as kind and line, in the order of lines; [] for none.

    A text over MOST_CHARACTERS gets one finding that says so.
    """
    if len(text) > MOST_CHARACTERS:
        return [SecretFinding(1, "text too long to search")]
    found = set(_by_plugins(text))
    for view, line in _views(text):
        for kind, offset in (*tokens_in(view), *named_values_in(view)):
            at = line or view.count("\n", 0, offset) + 1
            found.add(SecretFinding(at, kind))
    return sorted(found)


def _views(text: str) -> Iterator[tuple[str, int]]:
    """The text and what hides in it; the line where a decoded part begins, else 0."""
    yield text, 0
    undone = _undone(text)
    if undone != text:
        yield undone, 0
    joined = _SPLIT.sub("", undone)
    if joined != undone:
        yield joined, 0
    yield from _decoded(undone, depth=2)


def _undone(text: str) -> str:
    """`text` without invisible characters, look-alike forms, escapes and entities."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    if "\0" in text:
        text = _BYTE_ORDER.sub("", text)  # UTF-16 read as Latin-1
    text = _INVISIBLE.sub("", text)
    if "\\" in text:
        text = _ESCAPED.sub(lambda code: chr(int(code[1] or code[2], 16)), text)
    if "&" in text:
        text = html.unescape(text)
    return unquote(text) if "%" in text else text


def _decoded(text: str, *, depth: int, line: int = 0) -> Iterator[tuple[str, int]]:
    for count, blob in enumerate((*_BASE64.finditer(text), *_HEX.finditer(text))):
        if count >= _MOST_BLOBS:
            return
        plain = _plain(blob.group())
        if plain:
            at = line or text.count("\n", 0, blob.start()) + 1
            yield plain, at
            if depth > 1:
                yield from _decoded(plain, depth=depth - 1, line=at)


def _plain(blob: str) -> str:
    """What `blob` decodes to when that is text, '' otherwise."""
    blob = re.sub(r"[\s>]", "", blob)
    for raw in _bytes_of(blob):
        if raw[:2] == b"\x1f\x8b":
            raw = _inflated(raw)  # noqa: PLW2901
        if raw[1:40:2].count(0) > 8 or raw[:40:2].count(0) > 8:
            raw = raw.replace(b"\0", b"")  # noqa: PLW2901  # UTF-16
        printable = sum(32 <= byte < 127 or byte in b"\t\r\n" for byte in raw)
        if raw and printable >= 0.9 * len(raw):
            return raw.decode("latin-1")
    return ""


def _bytes_of(blob: str) -> Iterator[bytes]:
    if len(blob) % 2 == 0 and _HEX.fullmatch(blob):
        yield bytes.fromhex(blob[: 2 * _MOST_DECODED])
    standard = blob.replace("-", "+").replace("_", "/")[: 4 * _MOST_DECODED // 3]
    try:
        whole = standard[:-1] if len(standard) % 4 == 1 else standard
        yield base64.b64decode(whole + "=" * (-len(whole) % 4))
    except (binascii.Error, ValueError):
        return


def _inflated(raw: bytes) -> bytes:
    try:
        return zlib.decompressobj(31).decompress(raw, _MOST_DECODED)
    except zlib.error:
        return b""


def _by_plugins(text: str) -> Iterator[SecretFinding]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not _WORTH_A_LOOK.search(line) and not NAME.search(line):
            continue
        pieces = _pieces(_SPACES.sub("  ", line))
        for plugin in _plugins():
            kind = plugin.secret_type
            # entropy is that of a whole string in quotes, which a piece may cut
            where = (line,) if kind in _BY_ENTROPY else pieces
            if any(
                _confirmed(plugin, kind, secret)
                for piece in where
                for secret in plugin.analyze_string(piece)
            ):
                yield SecretFinding(number, kind.lower())


def _pieces(line: str) -> tuple[str, ...]:
    """`line` in parts that overlap, so that what is no longer than that stands whole in one."""
    starts = range(0, max(len(line) - _OVERLAP, 1), _PIECE - _OVERLAP)
    return tuple(line[start : start + _PIECE] for start in starts)


def _confirmed(plugin: _Plugin, kind: str, secret: str) -> bool:
    if kind in _BY_ENTROPY:
        if plugin.calculate_shannon_entropy(secret) <= _limit(plugin):
            return False
        return not is_digest(secret) and looks_issued(secret)
    if kind in _BY_NAME:
        return looks_issued(secret)
    return not is_placeholder(secret) or "PRIVATE KEY" in secret


def _limit(plugin: _Plugin) -> float:
    return float(getattr(plugin, "entropy_limit", 0.0))


@cache
def _plugins() -> tuple[_Plugin, ...]:
    """The library's plugins with their defaults; made once, their settings are never read."""
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

    classes = cast("Mapping[str, Callable[[], _Plugin]]", get_mapping_from_secret_type_to_class())
    return tuple(made() for kind, made in sorted(classes.items()) if kind not in _NOT_SECRET)
