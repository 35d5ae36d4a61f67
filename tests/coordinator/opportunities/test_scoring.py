"""What the features of an opportunity are, and what is made of them."""

from __future__ import annotations

from typing import Any

import pytest

from coordinator.opportunities.scoring import (
    features_of,
    reasons,
    score_of,
    shared_titles,
    shared_words,
    told_of,
    weights_of,
)
from coordinator.settings import OpportunitySettings

SETTINGS = OpportunitySettings()


def features(
    solution: Any, code: tuple[str, ...] = ("python",), **given: float
) -> dict[str, float]:
    values = {"cosine": 0.5, "words": 0.2, "titles": 0.1} | given
    return features_of(solution=solution, adopter_code=code, **values)


def test_features_are_what_one_computes_by_hand(make_told: Any) -> None:
    solution = make_told("acme/s", substance=0.9, code="python")
    assert features(solution) == {
        "similarity": 0.5,
        "words": 0.4,
        "titles": 0.2,
        "substance": 0.9,
        "fit": 1.0,
        "licence": 1.0,
    }


@pytest.mark.parametrize(
    ("code", "adopter", "fit"),
    [("go", ("python",), 0.0), ("", ("python",), 0.5), ("go", (), 0.5), ("go", ("go",), 1.0)],
)
def test_a_language_the_adopter_does_not_write_fits_ill(
    make_told: Any, code: str, adopter: tuple[str, ...], fit: float
) -> None:
    assert features(make_told("acme/s", code=code), adopter)["fit"] == fit


@pytest.mark.parametrize(
    ("licence", "value"), [(None, 1.0), ("MIT", 1.0), ("GPL-3.0-only", 0.5), ("", 0.3)]
)
def test_a_licence_nobody_knows_counts_least(
    make_told: Any, licence: str | None, value: float
) -> None:
    assert features(make_told("acme/s", licence=licence))["licence"] == value


def test_features_stay_between_nought_and_one(make_told: Any) -> None:
    solution = make_told("acme/s", substance=7.0)
    found = features(solution, cosine=-0.3, words=0.9, titles=3.0)
    assert (found["similarity"], found["words"], found["titles"]) == (0.0, 1.0, 1.0)
    assert found["substance"] == 1.0


def test_the_score_is_the_weighted_mean_and_what_was_answered(make_told: Any) -> None:
    one = features(make_told("acme/s", substance=0.9, code="python"))
    settings = OpportunitySettings(
        similarity_weight=0.8,
        words_weight=0.4,
        titles_weight=0.4,
        substance_weight=0.1,
        fit_weight=0.2,
        licence_weight=0.1,
    )
    by_hand = (0.8 * 0.5 + 0.4 * 0.4 + 0.4 * 0.2 + 0.1 * 0.9 + 0.2 * 1 + 0.1 * 1) / 2
    assert score_of(one, settings) == pytest.approx(by_hand)
    assert score_of({**one, "answers": -0.1}, settings) == pytest.approx(by_hand - 0.1)
    assert score_of({**one, "answers": 5.0}, settings) == 1.0


def test_other_weights_make_another_score(make_told: Any) -> None:
    one = features(make_told("acme/s"))
    names = {f"{name}_weight": 0.0 for name in weights_of(SETTINGS)}
    alone = SETTINGS.model_copy(update={**names, "titles_weight": 0.3})
    assert score_of(one, alone) == one["titles"]
    assert score_of(one, SETTINGS.model_copy(update=names)) == 0.0


def test_texts_share_telling_words_and_not_those_every_text_has() -> None:
    pairs = [
        ("The gateway revokes tokens", "Tokens are revoked at the gateway"),
        ("The gateway is slow", "We are the best and so is the rest"),
        ("A autenticação do usuário falha", "Autenticação de usuários com tokens"),
    ]
    close, far, portuguese = shared_words(pairs)
    assert close > 0.3 > far == 0.0
    assert portuguese > 0.1


def test_titles_share_parts_of_words() -> None:
    close, far = shared_titles([("Input validator", "Validation of input"), ("Cache", "Queues")])
    assert close > 0.2 > far


@pytest.mark.parametrize("pair", [("", ""), ("?!", "…"), ("the of and", "is a"), ("12 34", "56")])
def test_texts_without_telling_words_share_none(pair: tuple[str, str]) -> None:
    assert shared_words([pair]) == [0.0]
    assert shared_words([]) == shared_titles([]) == []
    assert shared_titles([("", "")]) == [0.0]


def test_reasons_quote_nobody_and_name_the_fit(make_told: Any) -> None:
    solution = make_told("acme/s", text="zanzibarquokka", code="go", licence="")
    one = {**features(solution), "answers": -0.05}
    said = reasons("component", one, "go", "")
    assert said == [
        "their texts are alike (0.50)",
        "they share telling words (0.40)",
        "their titles share words (0.20)",
        "written in go, new to the adopter",
        "licence unknown: to be looked at",
        "earlier answers between the two (-0.05)",
    ]
    by_name = reasons("dependency", one, "go", "MIT")
    assert by_name[0] == "it has the name of a dependency that is missing there"
    assert not any("alike" in line or "share" in line for line in by_name)


def test_what_a_solution_is_made_of_says_nothing_of_the_adopter() -> None:
    assert told_of("go", "MIT") == ["written in go", "licence MIT"]
    assert told_of("", None) == []


def test_libraries_both_use_count_where_both_name_any(make_told: Any) -> None:
    solution = make_told("acme/s", code="python", libraries=frozenset({"httpx", "pydantic"}))
    values = {"cosine": 0.5, "words": 0.2, "titles": 0.1, "adopter_code": ("python",)}
    half = features_of(solution=solution, adopter_libraries=("httpx", "flask"), **values)
    none = features_of(solution=solution, adopter_libraries=("flask",), **values)
    silent = features_of(solution=solution, **values)
    assert (half["stack"], none["stack"], "stack" in silent) == (0.5, 0.0, False)
    assert score_of(none, SETTINGS) < score_of(half, SETTINGS)
    assert score_of(silent, SETTINGS) == score_of(
        features_of(solution=make_told("acme/s", code="python"), **values), SETTINGS
    )
    said = reasons("component", half, "python", "MIT")
    assert "the adopter uses 50% of its libraries already" in said
    assert not any("libraries" in one for one in reasons("component", silent, "python", "MIT"))
