"""Companies' parts of insights: asked for, and published as copies once approved.

A part is a copy like any other: approved word for word, searchable, retractable. It is filed under
its pattern's id in the place of a learning's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from coordinator.errors import CompanyError, ProposalClosed, SharingRefused
from coordinator.global_memory import Publication, global_id, publication_of
from coordinator.insights import INSIGHT, Quoted, part_text, quoted_in
from coordinator.ledger.events import text_hash
from resources.global_memory.learnings import Redactors
from resources.global_memory.records import GlobalRecords
from resources.global_memory.sharing import check_approved

if TYPE_CHECKING:
    from coordinator.approvals import Proposal
    from resources.home import Home


class InsightParts:
    """What companies show of patterns, on its way out."""

    def __init__(self, home: Home, records: GlobalRecords) -> None:
        self._home = home
        self._records = records
        self._redactors = Redactors(home)

    def propose(
        self, company: str, pattern: str, members: Sequence[str], *, by: str | None
    ) -> Proposal:
        """Ask the company's people whether exactly this part of a pattern may be shown.

        `members` are those it quotes, the most central first. CompanyError when none of them
        stands, SharingRefused when a line holds a secret.
        """
        found = self._part(company, members)
        if found is None:
            raise CompanyError(f"nothing of {pattern} stands in '{company}' any more")
        publication, masks = found
        return self._home.approvals.propose(
            kind=INSIGHT,
            subject=pattern,
            company=company,
            asks=[(company, "publication")],
            text=publication.text(),
            facts={"pattern": pattern, "members": list(members), "masked": masks},
            by=by,
        )

    def current_text(self, proposal: Proposal) -> str | None:
        """What would be asked now of the same members; None when one of them is gone."""
        members = quoted_in(proposal.facts)
        try:
            found = self._part(proposal.company, members, all_of_them=True)
        except (CompanyError, SharingRefused):
            return None
        return found[0].text() if found is not None else None

    def carry_out(self, proposal: Proposal) -> str:
        """Record the copy that `proposal` approved, once; returns its id."""
        copy = global_id(proposal.company, proposal.number)
        if self._records.state().any_copy(copy) is not None:
            return copy  # recorded by an earlier call that ended before it was said so
        self._check(proposal)
        self._records.publish(proposal, copy=copy, category="insight")
        return copy

    def _check(self, proposal: Proposal) -> None:
        """ProposalClosed, and the proposal void, unless exactly this still would be shown."""
        check_approved(proposal)
        text = self.current_text(proposal)
        if text is None or text_hash(text) != proposal.content:
            why = "what it quotes is gone" if text is None else "what it quotes changed"
            self._home.approvals.void(proposal.number, f"{why} after it was approved")
            raise ProposalClosed(
                f"proposal {proposal.number} is void: {why} after it was approved",
                hint="the next `orch patterns refresh` asks again",
            )

    def _part(
        self, company: str, members: Sequence[str], *, all_of_them: bool = False
    ) -> tuple[Publication, dict[str, int]] | None:
        """The part made of those of `members` that stand, and what was masked in it."""
        from resources.patterns.showing import members_of

        standing = members_of(self._home, members)
        if not standing or (all_of_them and len(standing) < len(members)):
            return None
        redactor = self._redactors.of(company)
        masks: Counter[str] = Counter()

        def masked(text: str) -> str:
            # before a line is cut: half a name or half a key is told by no rule
            found = redactor.redact(text)
            masks.update(found.masks)
            return found.text

        quoted = [
            Quoted(
                masked(one.title),
                masked(one.evidence_path),
                one.evidence_commit,
                one.occurred_at,
                masked(one.says),
            )
            for one in standing
        ]
        language = self._home.companies.instance(company).settings.language
        row: dict[str, Any] = part_text(quoted, language=language, undated=_LONG_AGO)
        reason = str(row.pop("reason"))
        publication, _ = publication_of(company, row, redactor, reason=reason)
        return publication, dict(sorted(masks.items()))


_LONG_AGO = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
"""The date of a part none of whose lines has one: the same each time it is made."""
