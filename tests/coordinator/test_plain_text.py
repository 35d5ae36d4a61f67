"""Text of strangers made plain."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from coordinator.plain_text import content_id, normalised, one_line, plain


def test_control_bidi_and_invisible_characters_leave() -> None:
    assert plain("a\x1b[31m\x00b\u202ec\u200bd\ufeff\r\ne") == "a[31mbcd\ne"


def test_spaces_are_joined_and_line_breaks_stay() -> None:
    assert plain("  a \t b\r\n\n\n\nc  ") == "a b\n\nc"


def test_a_long_line_is_cut_at_a_word_with_an_ellipsis() -> None:
    assert one_line("eins zwei drei\nvier", 14) == "eins zwei…"
    assert one_line("x" * 20, 10) == "x" * 9 + "…"
    assert one_line("kurz", 10) == "kurz"


def test_equal_up_to_case_form_and_space_means_one_id() -> None:
    # "ﬁ" is one character, "e\u0301" two for one letter
    assert content_id("Caf\u00e9  fix\n") == content_id("cafe\u0301 \ufb01x")
    assert content_id("a b") != content_id("ab")
    assert len(content_id("")) == 32


@given(st.text())
def test_plain_text_holds_nothing_that_moves_a_terminal(text: str) -> None:
    left = plain(text)
    assert not any(
        unicodedata.category(char) in ("Cc", "Cs", "Co") and char != "\n" for char in left
    )
    assert plain(left) == left


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)


@given(st.text(), st.integers(2, 120))
def test_one_line_is_one_line_within_its_limit(text: str, limit: int) -> None:
    assert len(one_line(text, limit)) <= limit
    assert "\n" not in one_line(text, limit)
