"""What a new proposal makes of the inbox: the same one, or a new one that voids those before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from coordinator.approvals.deciding import grant_answers
from coordinator.approvals.inbox import Inbox
from coordinator.approvals.records import Proposal, recorded
from coordinator.approvals.roles import Roles
from coordinator.errors import ApprovalError
from coordinator.ledger.approval_events import Ask, Kind, ProposalMade, ProposalVoided
from coordinator.ledger.events import utc_text
from coordinator.ledger.payloads import Payload
from coordinator.settings import CONTROL


@dataclass(frozen=True)
class Draft:
    """What somebody wants to ask: `content` is the hash of the text, which `company` owns."""

    kind: Kind
    subject: str
    company: str
    asks: tuple[Ask, ...]
    content: str
    facts: Mapping[str, Any]

    def check(self) -> None:
        """ApprovalError unless the subject is one line of plain text: it is shown everywhere."""
        if not self.subject.strip() or CONTROL.search(self.subject):
            raise ApprovalError("what is proposed must be named in one line of plain text")


@dataclass(frozen=True)
class Proposed:
    """The number that asks now, and what is to be recorded: payloads with who signs them."""

    number: int
    recorded: tuple[tuple[Payload, str], ...] = ()


def propose(
    inbox: Inbox, draft: Draft, *, actor: str, roles: Roles, now: datetime, wait: timedelta
) -> Proposed:
    """Ask what `draft` asks, for as long as `wait`.

    The same question that is still open keeps its number. Another text about the same subject
    voids what was asked before, an approval that was not carried out included: nobody said yes
    to the new text.
    """
    about = (draft.kind, draft.subject, draft.company)
    earlier = [
        one
        for one in inbox.proposals
        if one.is_open and (one.kind, one.subject, one.company) == about
    ]
    for one in earlier:
        if (one.content, one.asks) == (draft.content, draft.asks):
            return Proposed(one.number)
    number = inbox.next_proposal
    made = recorded(
        ProposalMade,
        number=number,
        kind=draft.kind,
        subject=draft.subject,
        asks=draft.asks,
        content=draft.content,
        facts=draft.facts,
        expires_at=utc_text(now + wait),
    )
    reason = f"its content changed: see proposal {number}"
    voided = [recorded(ProposalVoided, number=one.number, reason=reason) for one in earlier]
    fresh = Proposal(
        **vars(draft), number=number, made_by=actor, made_at=now, expires_at=now + wait
    )
    answers = grant_answers(inbox, fresh, roles=roles, now=now)
    return Proposed(
        number,
        (
            *((payload, actor) for payload in (*voided, made)),
            *((answer, f"grant:{answer.grant}") for answer in answers),
        ),
    )
