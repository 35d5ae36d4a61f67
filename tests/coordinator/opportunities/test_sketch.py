"""How much a text was changed, told from its sketch."""

from __future__ import annotations

import random
import re

import pytest

from coordinator.opportunities.sketch import changed, sketch

LETTERS = "bcdfglmnprstv"
WORDS = [f"{a}a{b}e{c}o{d}" for a in LETTERS for b in LETTERS for c in LETTERS for d in "nrs"]


def text(seed: int, length: int) -> list[str]:
    return random.Random(seed).sample(WORDS, length)


@pytest.mark.parametrize("length", [40, 200])
def test_a_tenth_of_other_words_is_little_and_two_thirds_are_much(length: int) -> None:
    little, much = [], []
    for seed in range(40):
        words = text(seed, length)
        other = text(seed + 1_000, length)
        little.append(changed(sketch(" ".join(words)), sketch(" ".join(words + other[:4]))))
        half = length // 3
        much.append(changed(sketch(" ".join(words)), sketch(" ".join(words[:half] + other[half:]))))
    assert max(little) < 0.3
    assert sum(much) / len(much) > 0.55
    assert min(much) > 0.2


def test_one_word_of_ten_is_no_other_text() -> None:
    """With bits counted instead of angles a word in ten was a third of the text."""
    found = []
    for seed in range(60):
        words = text(seed, 10)
        edited = [*words[:4], "edited", *words[5:]]
        found.append(changed(sketch(" ".join(words)), sketch(" ".join(edited))))
    assert sum(found) / len(found) < 0.25


def test_unrelated_texts_have_changed_wholly() -> None:
    found = [
        changed(sketch(" ".join(text(seed, 60))), sketch(" ".join(text(seed + 500, 60))))
        for seed in range(200)
    ]
    assert sum(found) / len(found) > 0.85
    assert min(found) > 0.3


@pytest.mark.parametrize("text", ["", "   ", "!?… —", "\x00"])
def test_a_text_without_words_has_the_sketch_of_nothing(text: str) -> None:
    assert sketch(text) == "0" * 16
    assert changed(sketch(text), sketch("")) == 0


def test_case_accents_and_punctuation_change_nothing() -> None:
    assert sketch("Autenticação, segura!") == sketch("autenticacao segura")


@pytest.mark.parametrize("text", ["a", "\ud800 half", "日本語のテキスト", "é" * 10_000])
def test_any_text_has_a_sketch_of_sixteen_digits(text: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", sketch(text))
