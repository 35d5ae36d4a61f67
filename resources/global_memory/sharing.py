"""Sharing a learning: the proposal, what it would be now, and carrying out the yes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from coordinator.errors import CompanyError, ProposalClosed, SharingRefused, UsageError
from coordinator.global_memory import PUBLISH, Publication, global_id, publication_of
from coordinator.ledger.events import text_hash
from resources.global_memory.learnings import Redactors, learning_of
from resources.global_memory.records import GlobalRecords

if TYPE_CHECKING:
    from coordinator.approvals import Proposal
    from resources.home import Home


class Sharing:
    """Learnings on their way out of a company."""

    def __init__(self, home: Home, records: GlobalRecords) -> None:
        self._home = home
        self._records = records
        self._redactors = Redactors(home)

    def publication(
        self, company: str, learning: str, reason: str
    ) -> tuple[Publication, dict[str, int]]:
        """What would be published of a learning now, and what was masked in it."""
        found = learning_of(self._home, company, learning)
        if found is None:
            raise UsageError(
                f"'{company}' has no learning of that id",
                hint=f"`orch memory search … --company {company}` shows the ids",
            )
        return publication_of(company, found, self._redactors.of(company), reason=reason)

    def propose(
        self, company: str, learning: str, *, by: str | None = None, reason: str = ""
    ) -> Proposal:
        """Ask the company's people whether exactly this redacted text may be shared."""
        publication, masks = self.publication(company, learning, reason)
        text = publication.text()
        for copy in self._records.state().of_learning(company, learning):
            if copy.content == text_hash(text) and not copy.superseded_by:
                raise UsageError(
                    f"exactly this text is shared already, as {copy.id}",
                    hint="`orch memory retract` takes it back",
                )
        return self._home.approvals.propose(
            kind=PUBLISH,
            subject=learning,
            company=company,
            asks=[(company, "publication")],
            text=text,
            facts={"category": publication.category, "masked": masks},
            by=by,
        )

    def current_text(self, proposal: Proposal) -> str | None:
        """What would be proposed now; None when the learning, or the right to share it, is gone."""
        kept = self._home.ledger.texts(proposal.company, [proposal.content])
        text = kept.get(proposal.content)
        if text is None:
            return None
        try:
            publication, _ = self.publication(
                proposal.company, proposal.subject, json.loads(text)["reason"]
            )
        except (CompanyError, SharingRefused, UsageError):
            return None
        return publication.text()

    def carry_out(self, proposal: Proposal) -> str:
        """Record the copy that `proposal` approved, once; returns its id."""
        copy = global_id(proposal.company, proposal.number)
        if self._records.state().any_copy(copy) is not None:
            return copy  # recorded by an earlier call that ended before it was said so
        category = self._approved(proposal).category
        self._records.publish(proposal, copy=copy, category=category)
        return copy

    def _approved(self, proposal: Proposal) -> Publication:
        """The publication everybody asked said yes to, and which still is what would be shared.

        Fails closed: anything else voids the proposal and raises ProposalClosed.
        """
        check_approved(proposal)
        text = self.current_text(proposal)
        if text is None or text_hash(text) != proposal.content:
            why = "its learning is gone" if text is None else "its content changed"
            self._home.approvals.void(proposal.number, f"{why} after it was approved")
            raise ProposalClosed(
                f"proposal {proposal.number} is void: {why} after it was approved",
                hint="propose it anew",
            )
        return Publication.from_text(text)


def check_approved(proposal: Proposal) -> None:
    """ProposalClosed unless everybody asked said yes to exactly its content."""
    said_yes = {
        one.ask for one in proposal.decisions if one.approve and one.content == proposal.content
    }
    if proposal.status != "approved" or not said_yes.issuperset(proposal.asks):
        raise ProposalClosed(
            f"proposal {proposal.number} is {proposal.status}, not approved by all it asks",
            hint=f"`orch approvals show {proposal.number}` shows who was asked",
        )
