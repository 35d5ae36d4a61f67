"""The rules of answering: which ask an answer fills, and why one is refused."""

from __future__ import annotations

import re
from datetime import datetime

from coordinator.approvals.inbox import Inbox
from coordinator.approvals.records import Grant, Proposal, Wanted, recorded
from coordinator.approvals.roles import Roles, is_person
from coordinator.errors import AlreadyDecided, ApprovalError, NotPermitted, ProposalClosed
from coordinator.ledger.approval_events import Ask, ProposalDecided

SEEN = re.compile(r"[0-9a-f]{8,64}")


def decide(inbox: Inbox, wanted: Wanted, *, actor: str, roles: Roles) -> ProposalDecided:
    """The event that answers `wanted` in the name of `actor`; an ApprovalError says why not.

    Among several asks the actor may answer, the one fewest people may answer comes first: taking
    another could leave an ask that nobody is left for.
    """
    proposal = existing(inbox, wanted.number)
    _check_open(proposal)
    _check_words(proposal, wanted)
    ask = _ask_for(proposal, actor, roles)
    return recorded(
        ProposalDecided,
        number=proposal.number,
        decision="approve" if wanted.approve else "reject",
        ask=ask,
        content=proposal.content,
        reason=wanted.reason.strip(),
    )


def existing(inbox: Inbox, number: int) -> Proposal:
    """The proposal of that number, or ApprovalError."""
    proposal = inbox.proposal(number)
    if proposal is None:
        raise ApprovalError(
            f"there is no proposal {number}", hint="`orch approvals list` shows what waits"
        )
    return proposal


def grant_answers(
    inbox: Inbox, proposal: Proposal, *, roles: Roles, now: datetime
) -> list[ProposalDecided]:
    """What standing grants answer to a new proposal.

    A grant counts as the person who gave it: they must hold the role still, and one person's
    grants never fill two asks.
    """
    standing = {
        ask: [
            grant
            for grant in inbox.grants
            if grant.answers(proposal.kind, ask, now) and roles.may(grant.by, ask)
        ]
        for ask in proposal.asks
    }
    used: set[str] = set()
    found = []
    for ask in sorted(proposal.asks, key=lambda one: len(standing[one])):
        grant = _unused(standing[ask], used, roles)
        if grant is not None:
            used.add(roles.person(grant.by))
            found.append(
                ProposalDecided(
                    number=proposal.number,
                    decision="approve",
                    ask=ask,
                    content=proposal.content,
                    grant=grant.number,
                )
            )
    return found


def may_answer(inbox: Inbox, proposal: Proposal, *, actor: str, roles: Roles) -> bool:
    """Whether `actor` could answer the proposal now."""
    wanted = Wanted(proposal.number, approve=True)
    try:
        decide(inbox, wanted, actor=actor, roles=roles)
    except ApprovalError:
        return False
    return True


def check_withdrawal(proposal: Proposal, *, actor: str, roles: Roles) -> None:
    """An ApprovalError unless `actor` may take the proposal back."""
    theirs = roles.person(actor) == roles.person(proposal.made_by)
    if not theirs and not any(roles.may(actor, ask) for ask in proposal.asks):
        raise NotPermitted(
            f"'{actor}' neither made proposal {proposal.number} nor may answer it",
            hint="`orch --as NAME` says who you are",
        )
    if not proposal.is_open:
        raise ProposalClosed(
            f"proposal {proposal.number} is {proposal.status}: there is nothing to take back"
        )


def _unused(grants: list[Grant], used: set[str], roles: Roles) -> Grant | None:
    return next((one for one in grants if roles.person(one.by) not in used), None)


def _check_open(proposal: Proposal) -> None:
    number, status = proposal.number, proposal.status
    if status == "waiting":
        return
    if status in ("approved", "rejected"):
        last = proposal.decisions[-1]
        raise AlreadyDecided(
            f"proposal {number} is {status} already, by '{last.by}' at {last.at:%Y-%m-%d %H:%M}",
            hint=f"`orch approvals withdraw {number}` takes it back"
            if status == "approved"
            else "propose it anew to ask again",
        )
    said = {"void": "void", "expired": "expired", "done": "carried out"}[status]
    raise ProposalClosed(
        f"proposal {number} is {said}",
        hint=f"`orch approvals show {number}` says more; propose it anew to ask again",
    )


def _check_words(proposal: Proposal, wanted: Wanted) -> None:
    if not wanted.approve and not wanted.reason.strip():
        raise ApprovalError(
            f"proposal {proposal.number} was not rejected: a rejection needs a reason",
            hint='give one: --reason "…"',
        )
    if wanted.seen is None:
        return
    if not SEEN.fullmatch(wanted.seen):
        raise ApprovalError(
            "what you saw is named by the first 8 or more digits of its hash",
            hint=f"`orch approvals show {proposal.number}` prints it",
        )
    if not proposal.content.startswith(wanted.seen):
        raise ProposalClosed(
            f"proposal {proposal.number} is not about the text you saw",
            hint=f"`orch approvals show {proposal.number}` prints what it is about",
        )


def _ask_for(proposal: Proposal, actor: str, roles: Roles) -> Ask:
    before = next(
        (one for one in proposal.decisions if roles.person(one.by) == roles.person(actor)), None
    )
    mine = [ask for ask in proposal.asks if roles.may(actor, ask)]
    if before is not None and is_person(actor):
        others = [ask for ask in proposal.missing if ask in mine]
        raise (NotPermitted if others else AlreadyDecided)(
            f"'{actor}' answered proposal {proposal.number} already, for {before.ask.company}"
            + ("; nobody answers alone where two are asked" if others else ""),
            hint=f"it waits for {_listed(proposal.missing)}",
        )
    open_to_me = [ask for ask in mine if ask in proposal.missing]
    if open_to_me:
        return min(open_to_me, key=lambda ask: len(roles.answerers(ask)))
    if mine:
        raise AlreadyDecided(
            f"proposal {proposal.number} was answered for {mine[0].company} already",
            hint=f"it waits for {_listed(proposal.missing)}",
        )
    roles.check(actor, proposal.missing[0])
    raise AssertionError("whoever holds none of the roles is refused")


def _listed(asks: tuple[Ask, ...]) -> str:
    return ", ".join(f"{ask.company} ({ask.role})" for ask in asks)
