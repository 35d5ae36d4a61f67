"""What is recorded of suggestions to share, in the stream ``opportunities``.

A suggestion is an opportunity people were asked about. Ids, hashes and numbers only.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from coordinator.ledger.pattern_events import Member, Share
from coordinator.ledger.payloads import Name, Number, Payload, Reason
from coordinator.settings import CompanySlug

OpportunityId = Annotated[str, Field(pattern=r"^o-[0-9a-f]{12}$")]
Sketch = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
"""A locality-sensitive hash of a text: it tells how much was changed, not what."""

Kind = Literal["solution", "component", "dependency"]
"""A learning that solves a need, a component that does, a component somebody depends on."""


class SuggestionMade(Payload):
    """People of `owner` were asked, in `proposal`, to share what `adopter` needs.

    `features` are the numbers the `score` was made of, as they were then.
    """

    event_type = "suggestion_made"
    opportunity: OpportunityId
    kind: Kind
    owner: CompanySlug
    adopter: CompanySlug
    need: Member
    solution: Member
    need_sketch: Sketch
    solution_sketch: Sketch
    score: Share
    features: dict[Name, float] = Field(default_factory=dict)
    proposal: Number


class SuggestionAnswered(Payload):
    """What became of the suggestion: `ignored` when nobody answered in time.

    A component the owner agreed to give (`accepted`) is answered once more when its adopter
    declines. `proposal` is the one that asked the owner both times.
    """

    event_type = "suggestion_answered"
    opportunity: OpportunityId
    outcome: Literal["accepted", "rejected", "ignored", "withdrawn"]
    proposal: Number


class SuggestionDismissed(Payload):
    """The operator does not want this opportunity suggested, whether or not it was."""

    event_type = "suggestion_dismissed"
    opportunity: OpportunityId
    kind: Kind
    owner: CompanySlug
    adopter: CompanySlug
    need_sketch: Sketch
    solution_sketch: Sketch
    score: Share
    features: dict[Name, float] = Field(default_factory=dict)
    reason: Reason


class NeedClosed(Payload):
    """The need an accepted suggestion was about is open no more."""

    event_type = "need_closed"
    opportunity: OpportunityId
