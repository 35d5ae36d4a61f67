"""Texts cut to what an embedding model reads: at paragraphs, else at sentences, else at words."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from coordinator.ports import TokenCounter

ELLIPSIS = "…"

_SENTENCE_END = re.compile(r"(?<=[.!?…:;])\s+(?=\S)|\n+")
_WORD_END = re.compile(r"(?<=\S)\s+")
# No token of ordinary text is longer: what lies behind so many characters never fits.
_LONGEST_TOKEN = 24
_USUAL_TOKEN = 4.0  # characters, a first guess


def shortened(text: str, room: int, count_tokens: TokenCounter) -> str:
    """The longest beginning of `text` within `room` tokens that ends at a sentence or a word.

    A cut text ends with '…', inside the room. A sentence's end is preferred unless it would throw
    away more than half of what fits. '' when not even one character has room.
    """
    if room <= 0:
        return ""
    if _fits(text, room, count_tokens):
        return text
    head = text[: _reach(room)]
    words = _longest(head, _WORD_END, room, count_tokens)
    sentences = _longest(head, _SENTENCE_END, room, count_tokens)
    best = sentences if 2 * len(sentences) > len(words) else words
    return best or _longest(head, None, room, count_tokens)


def _fits(text: str, room: int, count_tokens: TokenCounter) -> bool:
    if text.isascii() and len(text) < room:
        return True  # no tokenizer makes more tokens of ASCII than it has characters
    return len(text) <= _reach(room) and count_tokens(text) <= room


def _reach(room: int) -> int:
    return room * _LONGEST_TOKEN


def _longest(
    text: str, border: re.Pattern[str] | None, room: int, count_tokens: TokenCounter
) -> str:
    """The longest beginning within `room` that ends at a `border` (None: anywhere), with '…'."""
    ends = [found.start() for found in border.finditer(text)] if border else range(1, len(text))
    low, high = 0, len(ends)
    each = _USUAL_TOKEN
    probes = 0
    while low < high:  # ends[:low] fit, ends[high:] do not
        probes += 1
        # counting is what takes time: look where the last count says the border is, but halve
        # what is left every third time, so that no text makes it long
        middle = (low + high) // 2 if probes % 3 == 0 else bisect_right(ends, room * each) - 1
        middle = min(max(middle, low), high - 1)
        tokens = count_tokens(_cut(text, ends[middle]))
        each = ends[middle] / max(tokens, 1)
        if tokens <= room:
            low = middle + 1
        else:
            high = middle
    return _cut(text, ends[low - 1]) if low else ""


def _cut(text: str, end: int) -> str:
    return text[:end].rstrip(" \n,;:-") + ELLIPSIS


def pieces(parts: Sequence[str], room: int, count_tokens: TokenCounter) -> list[tuple[str, int]]:
    """`parts` (paragraphs, list items, code) put together into texts of at most `room` tokens.

    Each with the position of the part it begins in. A part too long for itself is split at its
    sentences, a sentence too long at its words.
    """
    found: list[tuple[str, int]] = []
    held = 0  # tokens of the last text at most: of its pieces and of what joins them
    for position, part in enumerate(parts):
        for piece in _split(part, room, count_tokens):
            tokens = count_tokens(piece) + 1
            if found:
                text, begins = found[-1]
                joined = f"{text}\n{piece}"
                held += tokens
                held = held if held <= room else count_tokens(joined)
                if held <= room:
                    found[-1] = (joined, begins)
                    continue
            found.append((piece, position))
            held = tokens
    return found


def _split(part: str, room: int, count_tokens: TokenCounter) -> list[str]:
    if room <= 0:
        return []
    if _fits(part, room, count_tokens):
        return [part]
    texts: list[str] = []
    for sentence in filter(None, map(str.strip, _SENTENCE_END.split(part))):
        joined = f"{texts[-1]} {sentence}" if texts else sentence
        if _fits(joined, room, count_tokens):
            texts[-1:] = [joined]
        else:
            texts.extend(_split_sentence(sentence, room, count_tokens))
    return texts


def _split_sentence(sentence: str, room: int, count_tokens: TokenCounter) -> list[str]:
    texts: list[str] = []
    rest = sentence
    while rest:
        head = shortened(rest, room, count_tokens)
        if not head:
            return texts
        texts.append(head)
        if head == rest:
            return texts
        rest = rest[len(head) - len(ELLIPSIS) :].lstrip(" \n,;:-")
    return texts
