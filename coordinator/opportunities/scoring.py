"""How good an opportunity is, as a weighted mean of named features, and why in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from coordinator.ledger.opportunity_events import Kind
from coordinator.opportunities.records import Told
from coordinator.settings import OpportunitySettings

MANY = 2.0
"""Texts that share half of their telling words share as many as two texts ever do."""
UNKNOWN_FIT = 0.5
_SHARED = {"words": "they share telling words", "titles": "their titles share words"}
PERMISSIVE = frozenset(
    {"Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC", "0BSD", "Unlicense", "CC0-1.0"}
)
_TELLING = r"[^\W\d_]\w{2,}"
UNKNOWN_LICENCE, OTHER_LICENCE = 0.3, 0.5


def features_of(
    *,
    cosine: float,
    words: float,
    titles: float,
    solution: Told,
    adopter_code: Collection[str],
    adopter_libraries: Collection[str] = (),
) -> dict[str, float]:
    """The features of one opportunity, each from 0 to 1.

    similarity: cosine of the two texts. words: telling words in common. titles: parts of words
    their titles share. substance: how much the solution says. fit: whether the adopter writes in
    its language. licence: whether it may be used. stack: the share of a component's libraries the
    adopter uses as well, only where both name any.
    """
    stack = {}
    if solution.libraries and adopter_libraries:
        used = solution.libraries & {*adopter_libraries}
        stack = {"stack": round(len(used) / len(solution.libraries), 4)}
    return stack | {
        "similarity": round(min(max(cosine, 0.0), 1.0), 4),
        "words": round(min(1.0, MANY * words), 4),
        "titles": round(min(1.0, MANY * titles), 4),
        "substance": round(min(max(solution.substance, 0.0), 1.0), 4),
        "fit": _fit(solution.code, adopter_code),
        "licence": _licence(solution.licence),
    }


def score_of(features: Mapping[str, float], settings: OpportunitySettings) -> float:
    """The weighted mean of the features, and what people's answers add (`answers`)."""
    # where nobody knows the libraries they count neither for nor against
    unknown = {"stack"} - features.keys()
    weights = {name: one for name, one in weights_of(settings).items() if name not in unknown}
    total = sum(weights.values()) or 1.0
    mean = sum(features.get(name, 0.0) * weight for name, weight in weights.items()) / total
    return round(min(1.0, max(0.0, mean + features.get("answers", 0.0))), 4)


def weights_of(settings: OpportunitySettings) -> dict[str, float]:
    """The weight of each feature."""
    return {
        "similarity": settings.similarity_weight,
        "words": settings.words_weight,
        "titles": settings.titles_weight,
        "substance": settings.substance_weight,
        "fit": settings.fit_weight,
        "stack": settings.fit_weight,
        "licence": settings.licence_weight,
    }


def shared_words(pairs: Sequence[tuple[str, str]]) -> list[float]:
    """How much of their telling words two texts share, 0 to 1, for each pair.

    The cosine of their TF-IDF vectors, rarity being counted over all texts of `pairs`.
    """
    from coordinator.learnings.language import STOP_WORDS
    from coordinator.memory import strip_accents

    stopped = sorted({strip_accents(word) for word in STOP_WORDS})
    return _cosines(pairs, token_pattern=_TELLING, stop_words=stopped)


def shared_titles(pairs: Sequence[tuple[str, str]]) -> list[float]:
    """How much of their words' parts two titles share, 0 to 1, for each pair.

    Four and five letters in a row instead of words: ``validator`` and ``validation`` share most.
    """
    return _cosines(pairs, analyzer="char_wb", ngram_range=(4, 5))


def _cosines(pairs: Sequence[tuple[str, str]], **how: Any) -> list[float]:
    if not pairs:
        return []
    from sklearn.feature_extraction.text import TfidfVectorizer

    from coordinator.memory import fold

    folded = {text: fold(text) for text in {text for pair in pairs for text in pair}}
    texts = [folded[text] for pair in pairs for text in pair]
    try:
        matrix = TfidfVectorizer(sublinear_tf=True, **how).fit_transform(texts)
    except ValueError:  # not one word is left
        return [0.0] * len(pairs)
    shared = matrix[::2].multiply(matrix[1::2]).sum(axis=1)
    return [round(float(one), 4) for one in np.asarray(shared).ravel()]


def reasons(kind: Kind, features: Mapping[str, float], code: str, licence: str | None) -> list[str]:
    """Why an opportunity ranks where it does, in words that quote nobody. For the operator."""
    if kind == "dependency":
        said = ["it has the name of a dependency that is missing there"]
    else:
        said = [f"their texts are alike ({features.get('similarity', 0):.2f})"]
        for name in ("words", "titles"):
            if features.get(name, 0) >= 0.2:
                said.append(f"{_SHARED[name]} ({features[name]:.2f})")
    said += told_of(code, licence, known=features.get("fit", UNKNOWN_FIT))
    if "stack" in features:
        said.append(f"the adopter uses {features['stack']:.0%} of its libraries already")
    if features.get("answers"):
        said.append(f"earlier answers between the two ({features['answers']:+.2f})")
    return said


def told_of(code: str, licence: str | None, *, known: float = UNKNOWN_FIT) -> list[str]:
    """What a solution is made of; `known` is the feature `fit`, where it may be told."""
    said = []
    if code:
        fit = {1.0: ", which the adopter uses", 0.0: ", new to the adopter"}.get(known, "")
        said.append(f"written in {code}{fit}")
    if licence is not None:
        said.append(f"licence {licence or 'unknown: to be looked at'}")
    return said


def _fit(code: str, adopter_code: Collection[str]) -> float:
    if not code or not adopter_code:
        return UNKNOWN_FIT
    return 1.0 if code in adopter_code else 0.0


def _licence(licence: str | None) -> float:
    if licence is None:
        return 1.0
    if not licence:
        return UNKNOWN_LICENCE
    return 1.0 if licence in PERMISSIVE else OTHER_LICENCE
