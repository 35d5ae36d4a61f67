"""The content fingerprint of a component: MinHash over shingles of its code tokens.

A file becomes tokens (words, numbers, strings, single signs); comments and white space are gone,
and a string is the same in single and double quotes, so licence headers, reformatting and moved
files change nothing. Imports are gone too: they tell the framework, not the author. A shingle is
`SHINGLE` tokens in a row. Two fingerprints estimate the Jaccard similarity of the two sets of
shingles, with a standard error of sqrt(s(1-s)/128): 0.044 at most.

Why SHINGLE = 6, measured on pairs of real services (docs/quality.md): shorter shingles are
idioms (``if err != nil {``) that any two Go services share, longer ones break wherever one name
was changed, and a service that was copied and renamed falls below unrelated code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from coordinator.catalog.imports import without_imports

PERMUTATIONS = 128
SEED = 1
SHINGLE = 6
VERSION = 3
"""Rises with any change to tokens, shingles or hashing: old fingerprints are then not compared."""

MIN_SHINGLES = 100
"""Below this many shingles (about 40 lines) equal content is chance, not copying: two Spring Boot
services that are no more than a main class and its test have 30 to 50, half of them in common."""

MAX_FILE_BYTES = 1_000_000
_CHUNK = 8_192

Shingles = NDArray[np.uint32]
"""Distinct 32-bit shingle hashes, sorted."""

_TOKEN = re.compile(
    rb"""
    (?P<comment> /\*.*?\*/ | //[^\n]* | <!--.*?--> | (?:^|(?<=\n))[ \t]*--[^\n]*
      | (?:(?<=\s)|^)\#(?!include|define|if|endif)[^\n]* )
  | (?P<token> \\[^\n] | "(?>(?:[^"\\\n]|\\[^\n]){0,300})" | '(?>(?:[^'\\\n]|\\[^\n]){0,300})'
      | [A-Za-z_$][\w$]* | \d[\w.]*
      | [^\s\w] | [\x80-\xff]+ )
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Fingerprint:
    """`values`: the 128 MinHash values, none without code; `shingles`: how many distinct ones."""

    values: tuple[int, ...]
    shingles: int


def tokens(data: bytes) -> list[bytes]:
    """The code tokens of one file, without comments, white space and imports."""
    text = _without_open_comments(without_imports(data[:MAX_FILE_BYTES]))
    found = (match["token"] for match in _TOKEN.finditer(text))
    return [_in_double_quotes(token) for token in found if token]


def _in_double_quotes(token: bytes) -> bytes:
    """Formatters change the quotes of a whole file: they say nothing of who wrote it."""
    return b'"' + token[1:-1] + b'"' if token[:1] == b"'" and len(token) > 1 else token


def _without_open_comments(data: bytes) -> bytes:
    """`data` whose comment openings all find an end.

    The pattern would search to the end of the file from each opening that is never closed
    (``rm -rf /tmp/*`` in a shell script): a file of nothing else would take minutes.
    """
    for opening, end in ((b"/*", b"*/"), (b"<!--", b"-->")):
        last = data.rfind(end) + len(end) if end in data else 0
        data = data[:last] + data[last:].replace(opening, b" " * len(opening))
    return data


def shingles(data: bytes) -> Shingles:
    """The distinct shingle hashes of one file; none for fewer than `SHINGLE` tokens."""
    hashes = np.fromiter((crc32(token) for token in tokens(data)), dtype=np.uint64)
    count = len(hashes) - SHINGLE + 1
    if count < 1:
        return np.empty(0, dtype=np.uint32)
    rolled = np.zeros(count, dtype=np.uint64)
    for offset in range(SHINGLE):  # a polynomial over the window, modulo 2**64
        rolled = rolled * np.uint64(0x9E3779B97F4A7C15) + hashes[offset : offset + count]
    rolled ^= rolled >> np.uint64(29)  # mix: the high bits of a product carry the most
    rolled *= np.uint64(0xBF58476D1CE4E5B9)
    return np.unique((rolled >> np.uint64(32)).astype(np.uint32))


def fingerprint(files: Iterable[bytes]) -> Fingerprint:
    """The fingerprint of a component from the contents of its code files, in any order."""
    parts = [shingles(data) for data in files]
    distinct = np.unique(np.concatenate(parts)) if parts else np.empty(0, dtype=np.uint32)
    if not len(distinct):
        return Fingerprint((), 0)
    from datasketch import MinHash

    sketch = MinHash(PERMUTATIONS, seed=SEED, hashfunc=int, scheme="affine32")
    for start in range(0, len(distinct), _CHUNK):
        sketch.update_batch(distinct[start : start + _CHUNK].tolist())
    return Fingerprint(tuple(int(value) for value in sketch.hashvalues), len(distinct))


def similarity(left: Sequence[int], right: Sequence[int]) -> float:
    """The estimated Jaccard similarity of two fingerprints' values; 0.0 when either is empty."""
    if not len(left) or len(left) != len(right):
        return 0.0
    return float(np.mean(np.asarray(left) == np.asarray(right)))


def containment(jaccard: float, shingles_in: int, shingles_other: int) -> float:
    """How much of the first component stands in the other one, from their Jaccard similarity.

    |A n B| = J (|A| + |B|) / (1 + J), divided by |A|; capped at 1.
    """
    if shingles_in <= 0:
        return 0.0
    shared = jaccard * (shingles_in + shingles_other) / (1 + jaccard)
    return min(1.0, shared / shingles_in)
