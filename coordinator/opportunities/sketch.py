"""How much a text was changed, told from 64 bits of it and nothing else.

A sketch is Charikar's SimHash over folded words and pairs of words: texts that share most of them
differ in few bits, unrelated ones in about half. It stands in the ledger in the place of the
text: what was said cannot be read from it.
"""

from __future__ import annotations

import hashlib
import math
import re
from itertools import pairwise

import numpy as np

from coordinator.memory import fold

BITS = 64
_WORD = re.compile(r"\w+")


def sketch(text: str) -> str:
    """The sketch of `text`, 16 hex digits."""
    words = _WORD.findall(fold(text))
    # each once: what every text says most (`the`, `de`) would make all of them alike
    features = {*words, *(f"{one} {other}" for one, other in pairwise(words))}
    if not features:
        return "0" * 16
    digests = b"".join(
        hashlib.blake2b(one.encode("utf-8", "replace"), digest_size=8).digest() for one in features
    )
    bits = np.unpackbits(np.frombuffer(digests, dtype=np.uint8).reshape(-1, 8), axis=1)
    majority = bits.sum(axis=0, dtype=np.int64) * 2 > len(features)
    return np.packbits(majority).tobytes().hex()


def changed(before: str, after: str) -> float:
    """The share of a text's words and pairs that are others now, 0 to 1, from its two sketches.

    Bits differ as often as the angle between the two bags of words is a part of π; its cosine is
    the share they have in common. It is an estimate: ±.1 where a fifth was changed.
    """
    differing = (int(before, 16) ^ int(after, 16)).bit_count()
    return round(min(1.0, 1 - math.cos(math.pi * differing / BITS)), 4)
