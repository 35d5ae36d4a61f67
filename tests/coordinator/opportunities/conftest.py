"""Needs, solutions, opportunities and suggestions to try rules on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from coordinator.opportunities.records import Opportunity, Told
from coordinator.opportunities.sketch import sketch
from coordinator.opportunities.state import OpportunitiesState, Suggestion

NOW = datetime(2026, 3, 1, tzinfo=UTC)
NEED = "Tokens of the gateway stay valid after a person leaves, and nobody can revoke them."
SOLVED = "We keep a list of revoked tokens in Redis and the gateway asks it before each request."


def told(node: str, text: str = NEED, **given: Any) -> Told:
    values = {
        "node": node,
        "company": node.partition("/")[0],
        "category": "need",
        "language": "en",
        "title": text[:20],
        "text": text,
        "anchor": f"jira:{node}",
    }
    return Told(**{**values, **given})


def opportunity(**given: Any) -> Opportunity:
    values: dict[str, Any] = {
        "id": "o-000000000001",
        "kind": "solution",
        "owner": "acme",
        "adopter": "zeta",
        "need": "zeta/n",
        "solution": "acme/s",
        "score": 0.8,
        "need_sketch": sketch(NEED),
        "solution_sketch": sketch(SOLVED),
    }
    return Opportunity(**{**values, **given})


def suggestion(outcome: str = "rejected", **given: Any) -> Suggestion:
    one = opportunity()
    values = {**vars(one), "made_at": NOW, "proposal": 7, "outcome": outcome}
    return Suggestion(**{**values, **given})


def state(*suggestions: Suggestion) -> OpportunitiesState:
    return OpportunitiesState(suggestions={one.id: one for one in suggestions})


@pytest.fixture
def make_told() -> Callable[..., Told]:
    return told


@pytest.fixture
def make_opportunity() -> Callable[..., Opportunity]:
    return opportunity


@pytest.fixture
def make_suggestion() -> Callable[..., Suggestion]:
    return suggestion


@pytest.fixture
def make_state() -> Callable[..., OpportunitiesState]:
    return state
