"""Texts cut to a window: at paragraphs, else at sentences, else at words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.learnings.windows import ELLIPSIS, pieces, shortened
from coordinator.ports import TokenCounter


def words(text: str) -> int:
    return len(text.split())


def characters(text: str) -> int:
    return len(text)


COUNTERS = st.sampled_from([words, characters, lambda text: (len(text) + 3) // 4])


def test_a_text_that_fits_stays_whole() -> None:
    assert shortened("one two three", 3, words) == "one two three"


def test_a_long_text_ends_at_a_sentence_with_an_ellipsis() -> None:
    text = "The first sentence is here. The second one is here. And a third one follows now."
    assert shortened(text, 12, words) == "The first sentence is here. The second one is here.…"


def test_a_sentence_that_ends_too_early_yields_to_a_word() -> None:
    text = "No. " + "a long sentence without any end that goes on " * 5
    cut = shortened(text, 20, words)
    assert words(cut) > 15
    assert cut.endswith(ELLIPSIS)


def test_an_endless_word_is_cut_inside() -> None:
    assert shortened("x" * 100, 10, characters) == "x" * 9 + ELLIPSIS
    assert shortened("x" * 100, 0, characters) == ""


def test_parts_are_put_together_while_they_fit_and_never_torn() -> None:
    parts = ["one two three.", "four five.", "six seven eight nine."]
    assert pieces(parts, 5, words) == [
        ("one two three.\nfour five.", 0),
        ("six seven eight nine.", 2),
    ]


def test_a_part_too_long_is_split_at_its_sentences() -> None:
    part = "One two three. Four five six. Seven eight nine."
    texts = [text for text, _ in pieces([part], 6, words)]
    assert texts == ["One two three. Four five six.", "Seven eight nine."]


@given(st.text(max_size=400), st.integers(0, 60), COUNTERS)
def test_a_shortened_text_is_within_its_room(text: str, room: int, count: TokenCounter) -> None:
    assert count(shortened(text, room, count)) <= max(room, 0)


@given(st.lists(st.text(max_size=120), max_size=6), st.integers(1, 40), COUNTERS)
def test_every_piece_is_within_the_room(parts: list[str], room: int, count: TokenCounter) -> None:
    assert all(count(piece) <= room for piece, _ in pieces(parts, room, count))


@given(st.lists(st.sampled_from(["alpha", "beta.", "gamma", "delta;"]), min_size=1, max_size=60))
def test_no_word_is_lost_between_pieces(tokens: list[str]) -> None:
    joined = " ".join(text for text, _ in pieces([" ".join(tokens)], 7, words)).replace(
        ELLIPSIS, " "
    )
    assert [word.strip(".;") for word in joined.split()] == [word.strip(".;") for word in tokens]


@pytest.mark.parametrize("text", ["word " * 20_000, "x" * 100_000, "a. " * 30_000])
def test_a_huge_text_is_cut_with_few_counts(text: str) -> None:
    asked = 0

    def counting(part: str) -> int:
        nonlocal asked
        asked += len(part)
        return len(part) // 4 + 1

    shortened(text, 250, counting)
    assert asked < 200_000


class _Counted:
    """Counts words, and how many characters were read for it."""

    def __init__(self) -> None:
        self.characters = 0

    def __call__(self, text: str) -> int:
        self.characters += len(text)
        return len(text.split())


def test_finding_the_cut_reads_little_more_than_what_stays() -> None:
    count = _Counted()
    text = " ".join(f"Sentence {number} says something." for number in range(3_000))
    short = shortened(text, 200, count)
    assert short.endswith("says something.…")
    assert count.characters < 16 * len(short)


def test_joining_many_small_parts_reads_each_of_them_a_few_times_only() -> None:
    count = _Counted()
    parts = [f"Part {number} é útil." for number in range(1_000)]
    found = pieces(parts, 400, count)
    assert len(found) == 10
    assert count.characters < 10 * sum(map(len, parts))
