"""The words that set one pattern apart from the others."""

from __future__ import annotations

import math

from coordinator.patterns.keywords import keywords

RETRY = [
    "PaymentService retries failed calls with backoff",
    "Retries with exponential backoff for the payment gateway",
]
CACHE = ["Redis keeps the catalogue for five minutes", "The catalogue cache lives in Redis"]


def test_words_that_several_texts_of_a_class_share_come_first() -> None:
    retry, cache = keywords([RETRY, CACHE])
    assert {*retry} == {"backoff", "retries"}
    assert {*cache} == {"catalogue", "redis"}


def test_weights_are_those_of_class_based_tf_idf() -> None:
    """Words of the first class: alpha 2 of 4, beta 2 of 4; of the second: beta 4, gamma 2 of 6."""
    classes = [["alpha beta", "alpha beta"], ["beta gamma beta", "beta gamma beta"]]
    mean = 10 / 2
    weights = {
        "alpha": 2 / 4 * math.log(1 + mean / 2),
        "beta": 2 / 4 * math.log(1 + mean / 6),
        "beta, second": 4 / 6 * math.log(1 + mean / 6),
        "gamma": 2 / 6 * math.log(1 + mean / 2),
    }
    assert weights["alpha"] > weights["beta"]  # 0.63 and 0.30
    assert weights["gamma"] > weights["beta, second"]  # 0.42 and 0.40: rarer beats more often
    assert keywords(classes) == [["alpha", "beta"], ["gamma", "beta"]]


def test_portuguese_words_are_compared_without_accents_and_shown_with_them() -> None:
    (found,) = keywords(
        [["Autenticação com tokens e autenticacao segura", "A AUTENTICAÇÃO usa tokens rotativos"]]
    )
    assert found == ["autenticação", "tokens"]


def test_words_without_meaning_are_no_keywords_in_either_language() -> None:
    (found,) = keywords([["não é para o que foi, the and with from", "não para, the with"]])
    assert found == []


def test_numbers_and_one_or_two_letters_are_no_keywords() -> None:
    (found,) = keywords([["x 42 2026 go http2 timeout", "x 42 2026 go http2 timeout"]])
    assert found == ["http2", "timeout"]


def test_a_class_of_one_text_has_its_words() -> None:
    assert keywords([["circuit breaker"]]) == [["breaker", "circuit"]]


def test_nothing_has_no_keywords() -> None:
    assert keywords([]) == []
    assert keywords([[], ["", "?!"]]) == [[], []]


def test_there_are_as_many_as_asked_for_and_the_same_in_any_order_of_texts() -> None:
    text = "one1 two2 three3 four4 five5 six6 seven7 eight8"
    (found,) = keywords([[text, text]], most=3)
    assert len(found) == 3
    assert keywords([RETRY[::-1], CACHE]) == keywords([RETRY, CACHE])
