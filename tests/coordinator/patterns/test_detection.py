"""One detection: from rows and copies to patterns, and what is recorded of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator.ledger import pattern_events as events
from coordinator.ledger.events import Event
from coordinator.patterns.components import component_node
from coordinator.patterns.detection import Detection, Known, Material, detect
from coordinator.patterns.rows import Rows
from coordinator.patterns.state import PATTERNS, PatternsState
from coordinator.settings import PatternSettings

SETTINGS = PatternSettings(min_similarity=0.7)
NO_PAIRS = pd.DataFrame({"left": [], "right": [], "similarity": []})
NO_GROUPS = pd.DataFrame({"id": [], "origin": [], "members": [], "drift": []})
TOPICS = np.eye(64, dtype=np.float32)


def about(topic: int, twist: int = 0, *, far: float = 0.3) -> np.ndarray:
    """A text on a topic; two twists of one topic are alike by about 1 - far²."""
    vector = TOPICS[topic] + far * TOPICS[30 + twist]
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def material(vectors: Mapping[str, np.ndarray], **changes: Any) -> Material:
    ids = sorted(vectors)
    given = {
        "rows": Rows(
            ids,
            [id.partition("/")[0] for id in ids],
            np.array([vectors[id] for id in ids], dtype=np.float32).reshape(len(ids), 64),
        ),
        "texts": {id: str(vectors[id].tobytes().hex()) for id in ids},
        "evidence": dict.fromkeys(ids, ("commit", "")),
        "substance": dict.fromkeys(ids, 0.5),
        "languages": dict.fromkeys(ids, "en"),
        "components": (),
        "pairs": NO_PAIRS,
        "groups": NO_GROUPS,
        "companies": sorted({id.partition("/")[0] for id in ids}),
        "model": "m",
    }
    return Material(**{**given, **changes})


class Days:
    """Detections one after the other, with what is kept between them."""

    def __init__(self) -> None:
        self.known, self.state, self.position = Known(), PatternsState(), 0

    def see(self, given: Material, settings: PatternSettings = SETTINGS) -> Detection:
        found = detect(given, self.known, self.state, settings)
        self.known = found.known
        for payload in found.recorded:
            self.position += 1
            event = dict.fromkeys(Event.__dataclass_fields__) | {
                "position": self.position,
                "version": self.position,
                "stream": "patterns",
                "event_type": payload.event_type,
                "payload": payload,
                "occurred_at": datetime(2026, 3, 1, tzinfo=UTC),
            }
            self.state = PATTERNS.fold([Event(**event)], self.state)  # type: ignore[arg-type]
        return found


def members(found: Detection) -> list[tuple[str, ...]]:
    return sorted(one.members for one in found.patterns)


def kinds(found: Detection) -> list[str]:
    return [one.event_type for one in found.recorded]


ALIKE = {"xa/1": about(0, 1), "xb/1": about(0, 2), "xc/1": about(1, 1), "xd/1": about(1, 2)}


def test_rows_of_two_companies_that_say_the_same_are_a_pattern() -> None:
    found = Days().see(material(ALIKE))
    assert members(found) == [("xa/1", "xb/1"), ("xc/1", "xd/1")]
    assert kinds(found) == ["similarity_calibrated", "pattern_found", "pattern_found"]
    pattern = found.patterns[0]
    assert pattern.companies == ("xa", "xb")
    assert (pattern.coverage, pattern.substance) == (0.5, 0.5)
    assert pattern.cohesion == pytest.approx(1 / 1.09, abs=1e-3)
    assert pattern.score == pytest.approx(0.5 * pattern.cohesion + 0.3 * 0.5 + 0.2 * 0.5, abs=1e-3)


def test_a_second_detection_without_news_records_and_compares_nothing() -> None:
    days = Days()
    first = days.see(material(ALIKE))
    known, again = days.known, days.see(material(ALIKE))
    assert (kinds(again), again.searched) == ([], 0)
    assert again.patterns == first.patterns
    assert days.known == known


@pytest.mark.parametrize("companies", [0, 1])
def test_without_two_companies_there_are_no_patterns(companies: int) -> None:
    found = Days().see(material({f"xa/{n}": about(0, n) for n in range(3 * companies)}))
    assert found.patterns == ()


def test_a_text_that_changed_is_compared_again_and_no_other() -> None:
    days = Days()
    days.see(material(ALIKE))
    moved = days.see(material({**ALIKE, "xb/1": about(1, 3)}))
    assert moved.searched == 1
    assert members(moved) == [("xb/1", "xc/1", "xd/1")]
    assert sorted(kinds(moved)) == ["pattern_changed", "pattern_ended"]


def test_another_model_or_threshold_compares_everything_again() -> None:
    days = Days()
    days.see(material(ALIKE))
    assert days.see(material(ALIKE, model="n")).searched == 4
    stricter = replace_settings(min_similarity=0.95)
    assert days.see(material(ALIKE, model="n"), stricter).searched == 4
    assert not list(days.state.standing())


def replace_settings(**changes: Any) -> PatternSettings:
    return SETTINGS.model_copy(update=changes)


# -- companies that cannot be read, and that are gone -------------------------------------------


def without(company: str, vectors: Mapping[str, np.ndarray] = ALIKE) -> dict[str, np.ndarray]:
    return {id: one for id, one in vectors.items() if not id.startswith(f"{company}/")}


def test_patterns_of_a_company_that_cannot_be_read_stay_as_they_are() -> None:
    days = Days()
    first = days.see(material(ALIKE))
    unread = days.see(material(without("xa"), unread=["xa"]))
    assert kinds(unread) == []
    assert members(unread) == [("xc/1", "xd/1")]
    frozen = {one.id for one in first.patterns if "xa" in one.companies}
    assert {*unread.frozen} == frozen
    assert kinds(days.see(material(ALIKE))) == []


def test_a_member_of_a_frozen_pattern_makes_no_second_one() -> None:
    days = Days()
    days.see(material(ALIKE))
    joined = {**without("xa"), "xe/1": about(0, 3)}
    assert kinds(days.see(material(joined, unread=["xa"]))) == []
    assert kinds(days.see(material({**joined, "xa/1": ALIKE["xa/1"]}))) == ["pattern_changed"]


def test_the_threshold_is_not_measured_anew_while_a_company_is_missing() -> None:
    many = {f"x{'abc'[n % 3]}/{n:03}": about(n % 25, n % 30) for n in range(300)}
    days, free = Days(), replace_settings(min_similarity=None)
    days.see(material(many), free)
    held = days.state.calibration
    few = {id: one for id, one in many.items() if id.startswith("xa/")}
    days.see(material(few, unread=["xb", "xc"]), free)
    assert days.state.calibration == held
    days.see(material(few), free)  # the two were removed
    assert days.state.calibration != held


def test_patterns_of_a_company_that_is_gone_end() -> None:
    days = Days()
    days.see(material(ALIKE))
    found = days.see(material(without("xa")))
    (ended,) = found.recorded
    assert isinstance(ended, events.PatternEnded)
    assert ended.reason == "gone"


# -- components ---------------------------------------------------------------------------------


def copies(similarity: float = 0.6, drift: float = 0.4) -> dict[str, Any]:
    return {
        "components": ["xa/src/cart", "xb/src/cart"],
        "pairs": pd.DataFrame(
            {"left": ["xa/src/cart"], "right": ["xb/src/cart"], "similarity": [similarity]}
        ),
        "groups": pd.DataFrame(
            {
                "id": ["group-1"],
                "origin": ["xa/src/cart"],
                "members": [["xa/src/cart", "xb/src/cart"]],
                "drift": [[0.0, drift]],
            }
        ),
    }


CART = tuple(component_node(f"{company}/src/cart") for company in ("xa", "xb"))


def test_copies_of_a_component_are_a_pattern_with_what_describes_them() -> None:
    told = material(
        {**without("xb"), "xa/9": about(5, 1)},
        **copies(),
        evidence={**dict.fromkeys(ALIKE, ("commit", "")), "xa/9": ("component", "src/cart")},
    )
    found = Days().see(told)
    assert CART in members(found)  # the description is the component, told a second time
    assert "component_drifted" in kinds(found)


def test_a_description_alike_a_text_of_another_company_brings_the_component_in() -> None:
    evidence = {**dict.fromkeys(ALIKE, ("commit", "")), "xa/1": ("component", "src/cart")}
    (found,) = [
        one
        for one in Days().see(material(ALIKE, **copies(), evidence=evidence)).patterns
        if CART[0] in one.members
    ]
    assert "xa/1" not in found.members


def test_a_drift_is_recorded_when_it_changed_and_only_then() -> None:
    days = Days()
    first = days.see(material(ALIKE, **copies(drift=0.4)))
    (drifted,) = [one for one in first.recorded if isinstance(one, events.ComponentDrifted)]
    assert (drifted.component, drifted.similarity, drifted.before) == (CART[1], 0.6, 0.6)
    assert kinds(days.see(material(ALIKE, **copies(drift=0.4)))) == []
    assert kinds(days.see(material(ALIKE, **copies(drift=0.405)))) == []
    (moved,) = days.see(material(ALIKE, **copies(drift=0.5))).recorded
    assert isinstance(moved, events.ComponentDrifted)
    assert (moved.similarity, moved.before) == (0.5, 0.6)


# -- any history --------------------------------------------------------------------------------

IDS = [f"x{company}/{n}" for company in "abcd" for n in range(4)]
TEXTS = st.dictionaries(
    st.sampled_from(IDS), st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=16
)


@settings(max_examples=80)
@given(st.lists(TEXTS, min_size=1, max_size=6))
def test_detections_day_by_day_find_what_one_detection_of_the_last_day_finds(
    days: Sequence[Mapping[str, tuple[int, int]]],
) -> None:
    lived = Days()
    for day in days:
        given = material({id: about(*text) for id, text in day.items()})
        found = lived.see(given)
        assert members(found) == members(Days().see(given))
        standing = {one.id: one.members for one in lived.state.standing()}
        assert standing == {one.id: one.members for one in found.patterns}
        assert replace(lived.see(given), searched=0).recorded == ()
