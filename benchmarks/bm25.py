"""Plain BM25 (Okapi, Robertson and Zaragoza 2009), to measure searches against: words, no stems."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping

K1, B = 1.2, 0.75


class PlainBM25:
    """Texts by their key, ranked for a query by the words they share with it."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._counts = {key: Counter(_words(text)) for key, text in texts.items()}
        self._mean = sum(map(Counter.total, self._counts.values())) / len(texts)
        holders = Counter(word for counts in self._counts.values() for word in counts)
        self._rarity = {
            word: math.log(1 + (len(texts) - count + 0.5) / (count + 0.5))
            for word, count in holders.items()
        }

    def best(self, query: str, limit: int) -> list[str]:
        """The keys of the `limit` best texts, best first; texts without a word are none."""
        words = _words(query)
        scores = {key: self._score(words, counts) for key, counts in self._counts.items()}
        found = [key for key, score in scores.items() if score > 0]
        return sorted(found, key=lambda key: -scores[key])[:limit]

    def _score(self, words: list[str], counts: Counter[str]) -> float:
        length = K1 * (1 - B + B * counts.total() / self._mean)
        return sum(
            self._rarity[word] * counts[word] * (K1 + 1) / (counts[word] + length)
            for word in words
            if word in counts
        )


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())
