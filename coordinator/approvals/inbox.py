"""The inbox: every proposal and standing grant, folded from the stream ``approvals``.

What counts is decided here and nowhere else: an answer that does not fit (of a closed proposal, too
late, to another text, to an ask answered before, by a person who answered already) changes
nothing, whoever appended it. So a proposal is approved only by as many people as it asks.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from coordinator.approvals.records import Decision, Grant, Proposal
from coordinator.approvals.roles import folded, is_person
from coordinator.ledger import approval_events as events
from coordinator.ledger.coordinator_events import TextsPurged
from coordinator.ledger.events import Event
from coordinator.ledger.reducer import Reducer

REDUCER_VERSION = 1
"""Goes up whenever the same events make another inbox."""


@dataclass(frozen=True)
class Inbox:
    """All proposals and grants, each in the order of their numbers.

    Tuples, because a state is copied for every event: copying ten thousand entries of a dict
    takes ten times as long.
    """

    version: int = 0
    proposals: tuple[Proposal, ...] = ()
    grants: tuple[Grant, ...] = ()

    def proposal(self, number: int) -> Proposal | None:
        at = bisect_left(self.proposals, number, key=lambda one: one.number)
        found = self.proposals[at : at + 1]
        return found[0] if found and found[0].number == number else None

    def grant(self, number: int) -> Grant | None:
        at = bisect_left(self.grants, number, key=lambda one: one.number)
        found = self.grants[at : at + 1]
        return found[0] if found and found[0].number == number else None

    @property
    def next_proposal(self) -> int:
        return self.proposals[-1].number + 1 if self.proposals else 1

    @property
    def next_grant(self) -> int:
        return self.grants[-1].number + 1 if self.grants else 1

    def due(self, now: datetime) -> tuple[Proposal, ...]:
        """Those that still wait though their time is over at `now`."""
        return tuple(
            one for one in self.proposals if one.status == "waiting" and one.expires_at <= now
        )

    def at(self, now: datetime) -> Inbox:
        """The inbox as it stands at `now`: what is due is expired, recorded or not."""
        state = self
        for one in self.due(now):
            state = state.changed(replace(one, status="expired"))
        return state

    def changed(self, proposal: Proposal) -> Inbox:
        at = bisect_left(self.proposals, proposal.number, key=lambda one: one.number)
        kept = (*self.proposals[:at], proposal, *self.proposals[at + 1 :])
        return replace(self, proposals=kept)


def _made(state: Inbox, made: events.ProposalMade, event: Event) -> Inbox:
    if made.number < state.next_proposal:
        return state  # a number names one text for ever
    proposal = Proposal(
        number=made.number,
        kind=made.kind,
        subject=made.subject,
        company=event.company or made.asks[0].company,
        asks=made.asks,
        content=made.content,
        facts=made.facts,
        made_by=event.actor,
        made_at=event.occurred_at,
        expires_at=datetime.fromisoformat(made.expires_at),
    )
    return replace(state, proposals=(*state.proposals, proposal))


def _decided(state: Inbox, decided: events.ProposalDecided, event: Event) -> Inbox:
    return answered(state, decided, by=event.actor, at=event.occurred_at)


def answered(state: Inbox, decided: events.ProposalDecided, *, by: str, at: datetime) -> Inbox:
    """The inbox after that answer; the same inbox when it does not fit."""
    proposal = state.proposal(decided.number)
    if (
        proposal is None
        or proposal.status != "waiting"
        or at >= proposal.expires_at
        or decided.content != proposal.content
        or decided.ask not in proposal.missing
    ):
        return state
    person = _person(state, decided, proposal.kind, by, at)
    if person is None or folded(person) in {folded(one.by) for one in proposal.decisions}:
        return state
    approve = decided.decision == "approve"
    decision = Decision(
        decided.ask, approve, person, at, decided.content, decided.reason, decided.grant
    )
    proposal = replace(proposal, decisions=(*proposal.decisions, decision))
    if not approve:
        proposal = replace(proposal, status="rejected", reason=decided.reason)
    elif not proposal.missing:
        proposal = replace(proposal, status="approved")
    return state.changed(proposal)


def _person(
    state: Inbox, decided: events.ProposalDecided, kind: str, by: str, at: datetime
) -> str | None:
    """Who answered: the actor, or the person whose grant did; None when nobody did."""
    if decided.grant is None:
        return by if is_person(by) else None
    grant = state.grant(decided.grant)
    return grant.by if grant is not None and grant.answers(kind, decided.ask, at) else None


def _voided(state: Inbox, voided: events.ProposalVoided, _: Event) -> Inbox:
    return _closed(
        state,
        voided.number,
        lambda one: replace(one, status="void", reason=voided.reason) if one.is_open else one,
    )


def _expired(state: Inbox, expired: events.ProposalExpired, _: Event) -> Inbox:
    return _closed(
        state,
        expired.number,
        lambda one: replace(one, status="expired") if one.status == "waiting" else one,
    )


def _carried_out(state: Inbox, done: events.ProposalCarriedOut, _: Event) -> Inbox:
    return _closed(
        state,
        done.number,
        lambda one: (
            replace(one, status="done", result=done.result) if one.status == "approved" else one
        ),
    )


def _closed(state: Inbox, number: int, change: Callable[[Proposal], Proposal]) -> Inbox:
    proposal = state.proposal(number)
    return state if proposal is None else state.changed(change(proposal))


def _granted(state: Inbox, given: events.GrantGiven, event: Event) -> Inbox:
    if given.grant < state.next_grant:
        return state
    grant = Grant(
        number=given.grant,
        kind=given.kind,
        ask=given.ask,
        by=event.actor,
        given_at=event.occurred_at,
        expires_at=datetime.fromisoformat(given.expires_at),
    )
    return replace(state, grants=(*state.grants, grant))


def _revoked(state: Inbox, revoked: events.GrantRevoked, _: Event) -> Inbox:
    kept = tuple(
        replace(one, revoked=True) if one.number == revoked.grant else one for one in state.grants
    )
    return replace(state, grants=kept)


def _unchanged(state: Inbox, _: TextsPurged, __: Event) -> Inbox:
    return state


INBOX: Reducer[Inbox] = Reducer(
    name="inbox",
    version=REDUCER_VERSION,
    initial=Inbox(),
    rules={
        events.ProposalMade: _made,
        events.ProposalDecided: _decided,
        events.ProposalVoided: _voided,
        events.ProposalExpired: _expired,
        events.ProposalCarriedOut: _carried_out,
        events.GrantGiven: _granted,
        events.GrantRevoked: _revoked,
        TextsPurged: _unchanged,
    },
)
"""The reducer of the stream ``approvals``."""
