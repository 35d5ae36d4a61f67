"""What is recorded of proposals and decisions, in the stream ``approvals``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from coordinator.ledger.payloads import Name, Number, Payload, Reason, TextHash
from coordinator.settings import CompanySlug

Kind = Literal[
    "share_export",
    "share_import",
    "sync",
    "publish_learning",
    "merge_learnings",
    "publish_insight",
    "overwrite_edited",
    "feature_gate",
    "strategy_promotion",
    "company_removal",
]
Role = Literal["export", "import", "publication"]
Moment = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")]
"""A time as `coordinator.ledger.events.utc_text` writes it."""


class Ask(BaseModel):
    """One yes a proposal needs: from somebody who holds `role` in `company`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    company: CompanySlug
    role: Role


class ProposalMade(Payload):
    """A question to people. `content` is the hash of the text shown: a decision binds to it.

    `subject` names what is proposed; `facts` are ids and counts only, never words of a company.
    """

    event_type = "proposal_made"
    text_fields = ("content",)
    number: Number
    kind: Kind
    subject: Name
    asks: Annotated[tuple[Ask, ...], Field(min_length=1, max_length=10)]
    content: TextHash
    facts: dict[Name, Any] = Field(default_factory=dict)
    expires_at: Moment


class ProposalDecided(Payload):
    """One ask was answered by the event's actor, who had seen `content`.

    `grant` is the number of the standing grant that answered instead of a person.
    """

    event_type = "proposal_decided"
    number: Number
    decision: Literal["approve", "reject"]
    ask: Ask
    content: TextHash
    reason: Reason = ""
    grant: Number | None = None


class ProposalVoided(Payload):
    """The proposal can no longer be decided: its content changed or is gone, or withdrawn."""

    event_type = "proposal_voided"
    number: Number
    reason: Reason


class ProposalExpired(Payload):
    event_type = "proposal_expired"
    number: Number


class ProposalCarriedOut(Payload):
    """What was approved was done; `result` names what came of it."""

    event_type = "proposal_carried_out"
    number: Number
    result: Name


class GrantGiven(Payload):
    """A standing yes by the event's actor for all proposals of `kind` that ask `ask`."""

    event_type = "grant_given"
    grant: Number
    kind: Kind
    ask: Ask
    expires_at: Moment


class GrantRevoked(Payload):
    event_type = "grant_revoked"
    grant: Number
    reason: Reason = ""
