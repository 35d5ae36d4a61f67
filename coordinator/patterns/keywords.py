"""The words that set one pattern apart from the others, by class-based TF-IDF.

All texts of a pattern are one class: the weight of a word in it is its share of the class's words
times log(1 + A / f), with f the word's count over all classes and A the mean number of words in a
class (Grootendorst, BERTopic, 2022). Words are compared without accents and case, and shown as
they are written most often.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import cache

from coordinator.learnings.language import STOP_WORDS
from coordinator.memory import strip_accents

MOST_KEYWORDS = 6
_WORD = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*")
_SHORTEST, _LONGEST = 3, 40


@cache
def _stopped() -> frozenset[str]:
    """Words that tell nothing, without accents."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return frozenset(strip_accents(word) for word in (*STOP_WORDS, *ENGLISH_STOP_WORDS))


def keywords(classes: Sequence[Sequence[str]], most: int = MOST_KEYWORDS) -> list[list[str]]:
    """The `most` telling words of each class of texts, the best first.

    A word that only one text of a class has says nothing about the class, unless there is no other.
    """
    counted = [_count(texts) for texts in classes]
    overall: Counter[str] = Counter()
    for counts, _, _ in counted:
        overall.update(counts)
    mean = sum(overall.values()) / max(1, len(classes))
    return [
        _best(counts, spread, written, overall, mean, most) for counts, spread, written in counted
    ]


def _count(texts: Sequence[str]) -> tuple[Counter[str], Counter[str], dict[str, Counter[str]]]:
    """How often each word stands in the texts, in how many of them, and how it is written."""
    counts: Counter[str] = Counter()
    spread: Counter[str] = Counter()
    written: dict[str, Counter[str]] = {}
    stopped = _stopped()
    for text in texts:
        inside = set()
        for word in _WORD.findall(text.lower()):
            key = strip_accents(word)
            if _SHORTEST <= len(key) <= _LONGEST and key not in stopped and not key.isdigit():
                counts[key] += 1
                inside.add(key)
                written.setdefault(key, Counter())[word] += 1
        spread.update(inside)
    return counts, spread, written


def _best(
    counts: Counter[str],
    spread: Counter[str],
    written: dict[str, Counter[str]],
    overall: Counter[str],
    mean: float,
    most: int,
) -> list[str]:
    total = sum(counts.values())
    weights = {
        word: count / total * math.log(1 + mean / overall[word]) for word, count in counts.items()
    }
    common = [word for word in weights if spread[word] > 1] or list(weights)
    best = sorted(common, key=lambda word: (-round(weights[word], 9), word))[:most]
    return [min(written[word], key=lambda form: (-written[word][form], form)) for word in best]
