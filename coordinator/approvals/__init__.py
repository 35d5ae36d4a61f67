"""Approvals: what is proposed to people, who may answer, and what their answers make of it."""

from coordinator.approvals.inbox import INBOX, Inbox
from coordinator.approvals.records import (
    MEMORY_KINDS,
    OFFER_KINDS,
    OUTBOX_KINDS,
    Decision,
    Grant,
    Proposal,
    Wanted,
)
from coordinator.approvals.roles import Roles

__all__ = [
    "INBOX",
    "MEMORY_KINDS",
    "OFFER_KINDS",
    "OUTBOX_KINDS",
    "Decision",
    "Grant",
    "Inbox",
    "Proposal",
    "Roles",
    "Wanted",
]
