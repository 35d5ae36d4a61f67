"""The inbox in the ledger: proposals made, answered, voided, expired and carried out.

Every change folds the stream, applies the rules of `coordinator.approvals` and appends with the
version it read: whoever loses against another process reads again and decides anew.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from coordinator.approvals import INBOX, Grant, Inbox, Proposal, Roles, Wanted
from coordinator.approvals.deciding import (
    check_withdrawal,
    decide,
    existing,
    may_answer,
)
from coordinator.approvals.inbox import answered
from coordinator.approvals.proposing import Draft, propose
from coordinator.approvals.records import WITHDRAWN, recorded
from coordinator.errors import ApprovalError, OrchError, ProposalClosed, VersionConflict
from coordinator.ledger import approval_events as events
from coordinator.ledger.approval_events import Ask, Kind, Role
from coordinator.ledger.events import APPROVALS, NewEvent, checked_label, text_hash, utc_text
from coordinator.ledger.payloads import Payload
from coordinator.settings import CompanySettings, company_slug
from resources.approvals.owners import Owners

if TYPE_CHECKING:
    from resources.home import Home

log = logging.getLogger(__name__)

Result = TypeVar("Result")


@dataclass(frozen=True)
class Outcome:
    """What became of one wanted decision: the proposal after it, or why it was not taken."""

    number: int
    proposal: Proposal | None
    problem: str = ""
    hint: str = ""


class Approvals:
    """Everything that waits for a person, of all companies."""

    def __init__(
        self, home: Home, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._home = home
        self._ledger = home.ledger
        self._now = now
        self.owners = Owners(home)

    def inbox(self) -> Inbox:
        """All proposals and grants as they stand now."""
        return self._recorded().at(self._now())

    def waiting(
        self, company: str | None = None, kind: str | None = None, by: str | None = None
    ) -> list[Proposal]:
        """What waits for a person; `company` owns the text or is asked, `by` could answer."""
        inbox = self.inbox()
        roles = self.roles() if by is not None else None
        return [
            one
            for one in inbox.proposals
            if one.status == "waiting"
            and (company is None or one.concerns(company))
            and (kind is None or one.kind == kind)
            and (roles is None or may_answer(inbox, one, actor=by or "", roles=roles))
        ]

    def approved(self) -> list[Proposal]:
        """What everybody asked said yes to and was not carried out yet."""
        return [one for one in self.inbox().proposals if one.status == "approved"]

    def proposal(self, number: int) -> Proposal:
        """The proposal of that number; ApprovalError when there is none."""
        return existing(self.inbox(), number)

    def shown(self, number: int) -> str:
        """Exactly the text proposal `number` is about; ApprovalError when it was purged."""
        proposal = self.proposal(number)
        text = self.texts([proposal]).get(number)
        if text is None:
            raise ApprovalError(
                f"the text of proposal {number} was purged",
                hint=f"only its hash is kept: {proposal.content}",
            )
        return text

    def texts(self, proposals: Sequence[Proposal]) -> dict[int, str]:
        """What each of them is about, by number; a purged text is left out."""
        found: dict[int, str] = {}
        for company in {one.company for one in proposals}:
            owned = [one for one in proposals if one.company == company]
            kept = self._ledger.texts(company, [one.content for one in owned])
            found |= {one.number: kept[one.content] for one in owned if one.content in kept}
        return found

    def propose(
        self,
        *,
        kind: Kind,
        subject: str,
        company: str,
        asks: Sequence[tuple[str, Role] | Ask],
        text: str,
        facts: Mapping[str, Any] | None = None,
        by: str | None = None,
    ) -> Proposal:
        """Ask people about exactly `text`, which belongs to `company`, and return the proposal.

        The same text about the same subject that is still open is that proposal; another text
        voids it. Standing grants answer at once. Raises ApprovalError for a subject that is no
        plain line, LedgerError for a text over 1 MB, CompanyError for an unknown company.
        """
        draft = Draft(
            kind=kind,
            subject=subject,
            company=company_slug(company),
            asks=tuple(dict.fromkeys(_ask(one) for one in asks)),
            content=text_hash(text),
            facts=dict(facts or {}),
        )
        draft.check()
        actor, roles, wait = self._signed(by), self.roles(), self._wait(draft)

        def change(inbox: Inbox, now: datetime) -> tuple[list[NewEvent], int]:
            made = propose(inbox, draft, actor=actor, roles=roles, now=now, wait=wait)
            new = [_event(payload, company, signer, now) for payload, signer in made.recorded]
            return new, made.number

        inbox, number = self._change(change, texts=[text])
        return existing(inbox, number)

    def decide(self, wanted: Sequence[Wanted], by: str | None = None) -> list[Outcome]:
        """Answer several proposals at once, in the name of `by`.

        One event per decision, all in one append; one that is refused does not stop the others.
        An approval is refused and the proposal void when what it is about has changed.
        """
        actor = self._signed(by)
        self.expire_due()
        return self._change(lambda inbox, now: self._answers(inbox, wanted, actor, now))[1]

    def preview(self, wanted: Sequence[Wanted], by: str | None = None) -> list[Outcome]:
        """What `decide` would answer, without deciding anything."""
        return self._answers(self.inbox(), wanted, self._signed(by), self._now())[1]

    def withdraw(self, number: int, by: str | None = None, reason: str = "") -> Proposal:
        """Take an open proposal back: whoever made it, or may answer it, can."""
        actor = self._signed(by)
        roles = self.roles()
        said = f"{WITHDRAWN}: {reason.strip()}" if reason.strip() else WITHDRAWN

        def check(proposal: Proposal) -> None:
            check_withdrawal(proposal, actor=actor, roles=roles)

        return self._void(number, said, actor, check)

    def void(self, number: int, reason: str) -> Proposal:
        """Close an open proposal whose content no longer stands; a closed one stays as it is."""
        return self._void(number, reason, self._signed(None))

    def expire_due(self, now: datetime | None = None) -> list[Proposal]:
        """Record as expired what nobody decided in time, and return it."""
        moment = now or self._now()
        while True:
            read = self._recorded()
            due = read.due(moment)
            expired = [
                _event(recorded(events.ProposalExpired, number=one.number), one.company, None)
                for one in due
            ]
            if self._append(read, expired) is not None:
                return [replace(one, status="expired") for one in due]

    def mark_carried_out(self, number: int, result: str) -> Proposal:
        """Record that what was approved was done; a second time changes nothing."""

        def change(inbox: Inbox, _: datetime) -> tuple[list[NewEvent], None]:
            proposal = existing(inbox, number)
            if proposal.status == "done":
                return [], None
            if proposal.status != "approved":
                raise ProposalClosed(f"proposal {number} is {proposal.status}, not approved")
            done = recorded(events.ProposalCarriedOut, number=number, result=result)
            return [_event(done, proposal.company, None)], None

        return existing(self._change(change)[0], number)

    def grant(
        self, kind: Kind, company: str, role: Role, until: datetime, by: str | None = None
    ) -> Grant:
        """Say yes in advance, until then, to every proposal of `kind` that asks that role."""
        actor, ask, expires_at = self._signed(by), _ask((company, role)), utc_text(until)
        self._home.companies.instance(company)
        self.roles().check(actor, ask)

        def change(inbox: Inbox, now: datetime) -> tuple[list[NewEvent], int]:
            if until <= now:
                raise ApprovalError("a standing grant must end in the future")
            given = recorded(
                events.GrantGiven,
                grant=inbox.next_grant,
                kind=kind,
                ask=ask,
                expires_at=expires_at,
            )
            return [_event(given, company, actor)], given.grant

        inbox, number = self._change(change)
        return _grant(inbox, number)

    def revoke(self, grant: int, by: str | None = None, reason: str = "") -> Grant:
        """End a standing grant: whoever gave it, or holds its role, can."""
        actor = self._signed(by)
        found = _grant(self.inbox(), grant)
        roles = self.roles()
        if roles.person(actor) != roles.person(found.by):
            roles.check(actor, found.ask)

        def change(inbox: Inbox, _: datetime) -> tuple[list[NewEvent], None]:
            if _grant(inbox, grant).revoked:
                return [], None
            revoked = recorded(events.GrantRevoked, grant=grant, reason=reason)
            return [_event(revoked, found.ask.company, actor)], None

        return _grant(self._change(change)[0], grant)

    def grants(self) -> list[Grant]:
        """All standing grants, the ended ones included."""
        return list(self.inbox().grants)

    def roles(self) -> Roles:
        """Who may answer for whom, as the companies' settings stand now."""
        companies: dict[str, CompanySettings] = {}
        problems: dict[str, str] = {}
        for name in self._home.companies.names():
            try:
                companies[name] = self._home.companies.instance(name).settings
            except OrchError as error:
                problems[name] = str(error)
        return Roles(companies, problems)

    def _answers(
        self, inbox: Inbox, wanted: Sequence[Wanted], actor: str, now: datetime
    ) -> tuple[list[NewEvent], list[Outcome]]:
        """What is to be recorded, and what becomes of each; they build on one another."""
        roles = self.roles()
        new: list[NewEvent] = []
        problems = []
        for one in wanted:
            try:
                answer = decide(inbox, one, actor=actor, roles=roles)
                proposal = existing(inbox, one.number)
                changed = self._changed(proposal) if one.approve else ""
            except OrchError as error:
                problems.append((error.message, error.hint))
                continue
            if changed:
                voided = recorded(events.ProposalVoided, number=one.number, reason=changed)
                inbox = inbox.changed(replace(proposal, status="void", reason=changed))
                new.append(_event(voided, proposal.company, None, now))
                problems.append((f"proposal {one.number} is void: {changed}", "propose it anew"))
            else:
                inbox = answered(inbox, answer, by=actor, at=now)
                new.append(_event(answer, proposal.company, actor, now))
                problems.append(("", ""))
        return new, [
            Outcome(one.number, inbox.proposal(one.number), *problem)
            for one, problem in zip(wanted, problems, strict=True)
        ]

    def _changed(self, proposal: Proposal) -> str:
        """Why the proposal's text no longer is what would be proposed; empty when it is."""
        owner = self.owners.get(proposal.kind)
        if owner is None:
            return ""
        text = owner.current_text(proposal)
        if text is None:
            return "what it was about is gone"
        return "" if text_hash(text) == proposal.content else "its content changed"

    def _void(
        self,
        number: int,
        reason: str,
        actor: str,
        check: Callable[[Proposal], None] = lambda _: None,
    ) -> Proposal:
        def change(inbox: Inbox, _: datetime) -> tuple[list[NewEvent], None]:
            proposal = existing(inbox, number)
            check(proposal)
            if not proposal.is_open:
                return [], None
            voided = recorded(events.ProposalVoided, number=number, reason=reason)
            return [_event(voided, proposal.company, actor)], None

        return existing(self._change(change)[0], number)

    def _change(
        self,
        change: Callable[[Inbox, datetime], tuple[list[NewEvent], Result]],
        *,
        texts: Sequence[str] = (),
    ) -> tuple[Inbox, Result]:
        """Append what `change` makes of the inbox, again and again until nobody came first.

        Returns the inbox after that, and what `change` returned.
        """
        while True:
            read, now = self._recorded(), self._now()
            new, result = change(read.at(now), now)
            after = self._append(read, new, texts)
            if after is not None:
                return after.at(now), result

    def _append(
        self, read: Inbox, new: Sequence[NewEvent], texts: Sequence[str] = ()
    ) -> Inbox | None:
        """The inbox with `new` behind what was read; None when somebody else came first."""
        if not new:
            return read
        try:
            made = self._ledger.append(APPROVALS, new, expected_version=read.version, texts=texts)
        except VersionConflict:
            return None
        after = INBOX.fold(made, read)
        self._let_go([one for one in read.proposals if one.is_open], after)
        return after

    def _let_go(self, before: Sequence[Proposal], after: Inbox) -> None:
        """Tell the owners which of the questions that were open `before` are closed now."""
        for one in before:
            now, owner = after.proposal(one.number), self.owners.get(one.kind)
            if owner is None or now is None or now.is_open or now.status == "done":
                continue
            try:
                owner.closed(now)
            except OrchError as error:
                # the answer stands: raising would say otherwise
                log.warning(
                    "what proposal %d quoted is kept for now: %s", one.number, error.message
                )

    def _recorded(self) -> Inbox:
        return self._ledger.fold(APPROVALS, INBOX)

    def _wait(self, draft: Draft) -> timedelta:
        """How long a proposal waits: as long as the least patient of those concerned says."""
        concerned = {draft.company, *(ask.company for ask in draft.asks)}
        settings = [self._home.companies.instance(one).settings for one in sorted(concerned)]
        return timedelta(days=min(one.approvals.expire_after_days for one in settings))

    def _signed(self, by: str | None) -> str:
        actor = self._home.actor if by is None else by
        return checked_label("the name of who decides", actor) or actor


def _ask(one: tuple[str, Role] | Ask) -> Ask:
    if isinstance(one, Ask):
        return one
    company, role = one
    if role not in get_args(Role):
        raise ApprovalError(f"a role is one of {', '.join(get_args(Role))}")
    return Ask(company=company_slug(company), role=role)


def _grant(inbox: Inbox, number: int) -> Grant:
    found = inbox.grant(number)
    if found is None:
        raise ApprovalError(
            f"there is no grant {number}", hint="`orch approvals grants` lists them"
        )
    return found


def _event(
    payload: Payload, company: str, actor: str | None, at: datetime | None = None
) -> NewEvent:
    return NewEvent(payload.event_type, payload, company=company, actor=actor, occurred_at=at)
