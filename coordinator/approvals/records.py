"""What an approval is made of: the proposal, the decisions on it, and standing grants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar

from pydantic import ValidationError

from coordinator.errors import ApprovalError
from coordinator.ledger.approval_events import Ask, Kind
from coordinator.ledger.payloads import Payload

Recorded = TypeVar("Recorded", bound=Payload)
MEMORY_KINDS: tuple[Kind, ...] = ("publish_learning", "publish_insight", "merge_learnings")
"""The kinds that are about the global memory, which carries them out."""
OFFER_KINDS: tuple[Kind, ...] = ("share_export",)
"""The kinds that are about a component one company offers another, which the offers carry out."""
OUTBOX_KINDS: tuple[Kind, ...] = ("overwrite_edited",)
"""The kinds that are about what is published, which the outbox carries out."""

WITHDRAWN = "withdrawn"
"""How the reason of a void proposal begins that a person took back."""

Status = Literal["waiting", "approved", "rejected", "void", "expired", "done"]


@dataclass(frozen=True)
class Decision:
    """One answer to one ask; `content` is the hash of what was shown to whoever answered.

    `by` is the person: the one who gave the grant when the standing grant `grant` answered.
    """

    ask: Ask
    approve: bool
    by: str
    at: datetime
    content: str
    reason: str = ""
    grant: int | None = None


@dataclass(frozen=True)
class Proposal:
    """A question to people about one exact text, whose hash is `content`.

    `company` owns the text. `reason` says why it was rejected or became void, `result` what came
    of carrying it out.
    """

    number: int
    kind: Kind
    subject: str
    company: str
    asks: tuple[Ask, ...]
    content: str
    facts: Mapping[str, Any]
    made_by: str
    made_at: datetime
    expires_at: datetime
    decisions: tuple[Decision, ...] = ()
    status: Status = "waiting"
    reason: str = ""
    result: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it still can lead to something: it waits, or is approved and not carried out."""
        return self.status in ("waiting", "approved")

    @property
    def is_withdrawn(self) -> bool:
        """Whether a person took the question back; else it is void because its text changed."""
        return self.status == "void" and self.reason.partition(":")[0] == WITHDRAWN

    @property
    def missing(self) -> tuple[Ask, ...]:
        """The asks nobody answered yet."""
        answered = {decision.ask for decision in self.decisions}
        return tuple(ask for ask in self.asks if ask not in answered)

    def concerns(self, company: str) -> bool:
        """Whether `company` owns the text or is asked."""
        return company == self.company or any(ask.company == company for ask in self.asks)


@dataclass(frozen=True)
class Grant:
    """A standing yes of `by` to every proposal of `kind` that asks `ask`, until `expires_at`."""

    number: int
    kind: Kind
    ask: Ask
    by: str
    given_at: datetime
    expires_at: datetime
    revoked: bool = False

    def answers(self, kind: str, ask: Ask, now: datetime) -> bool:
        """Whether it stands at `now` for that ask of a proposal of `kind`."""
        return self.kind == kind and self.ask == ask and not self.revoked and now < self.expires_at


@dataclass(frozen=True)
class Wanted:
    """What somebody wants decided; `seen` is the hash, or its start, of the text they saw."""

    number: int
    approve: bool
    reason: str = ""
    seen: str | None = None


def recorded(model: type[Recorded], **fields: Any) -> Recorded:
    """The payload of `fields`; ApprovalError, which never quotes them, when one does not fit."""
    try:
        return model(**fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        shown = key.encode("unicode_escape").decode("ascii")[:80]
        raise ApprovalError(f"{shown}: {first['msg']}") from None
