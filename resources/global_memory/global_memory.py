"""The global memory: learnings leave a company as approved copies, and are taken back whole.

The stream ``global`` is the truth and the LanceDB table its index: what is published, told by
another copy, seen or taken back is an event first, and `store()` makes the table equal the fold.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from coordinator.global_memory import MERGE, Copy, GlobalState
from coordinator.insights import INSIGHT
from coordinator.memory import Found, SearchFilters
from coordinator.ports import Progress
from resources.global_memory.auditing import Audit, audit
from resources.global_memory.index import GlobalIndex
from resources.global_memory.insight_parts import InsightParts
from resources.global_memory.learnings import learning_of
from resources.global_memory.merging import Merging
from resources.global_memory.records import GlobalRecords
from resources.global_memory.retracting import Retracted, Retracting
from resources.global_memory.searching import Searching
from resources.global_memory.sharing import Sharing
from resources.memory.vector_table import MemoryWritten

if TYPE_CHECKING:
    import pandas as pd

    from coordinator.approvals import Proposal
    from resources.home import Home


class GlobalMemory:
    """The copies companies agreed to share, and every way in and out of them."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._records = GlobalRecords(home)
        self.index = GlobalIndex(home, self._records)
        self._sharing = Sharing(home, self._records)
        self._merging = Merging(home, self._records, self.index)
        self.insight_parts = InsightParts(home, self._records)
        self._retracting = Retracting(home, self._records, self.index)
        self._searching = Searching(home, self._records, self.index)

    # -- in --------------------------------------------------------------------------------

    def propose(
        self, company: str, learning_id: str, *, by: str | None = None, reason: str = ""
    ) -> Proposal:
        """Ask the company's people whether exactly this redacted text may be shared.

        `reason` says why, to them, and is redacted like the rest. Raises SharingRefused when the
        learning holds a secret, UsageError when there is none or it is shared already.
        """
        return self._sharing.propose(company, learning_id, by=by, reason=reason)

    def preview(
        self, company: str, learning_id: str, *, reason: str = ""
    ) -> tuple[str, dict[str, int]]:
        """The text that `propose` would ask about and what was masked; nothing is recorded."""
        publication, masks = self._sharing.publication(company, learning_id, reason)
        return publication.text(), masks

    def has_learning(self, company: str, learning_id: str) -> bool:
        """Whether `company` has a learning of that id now."""
        return learning_of(self._home, company, learning_id) is not None

    def current_text(self, proposal: Proposal) -> str | None:
        """What `proposal` would be about if it were made now; None when that is gone."""
        return self._owner(proposal).current_text(proposal)

    def carry_out(self, proposal: Proposal) -> str:
        """Do what was approved and index it; returns the id of the copy that stands for it.

        Verifies again and fails closed: ProposalClosed unless everybody asked said yes to exactly
        what would be published now. Doing it again changes nothing.
        """
        known = self._home.approvals.proposal(proposal.number)
        result = self._owner(known).carry_out(known)
        self.store()
        self.propose_merges()
        return result

    def _owner(self, proposal: Proposal) -> Sharing | Merging | InsightParts:
        owners = {MERGE: self._merging, INSIGHT: self.insight_parts}
        return owners.get(proposal.kind, self._sharing)

    def closed(self, proposal: Proposal) -> None:
        """Purge what `proposal` quoted when that was retracted and nothing open needs it."""
        self._retracting.forget_quoted(proposal)

    def propose_merges(self) -> list[Proposal]:
        """Ask about copies of two companies that say the same, each pair once."""
        return self._merging.propose()

    # -- the index -------------------------------------------------------------------------

    def state(self) -> GlobalState:
        """Every copy as the ledger knows it."""
        return self._records.state()

    def texts(self, copies: Mapping[str, Copy]) -> dict[str, str]:
        """Copy id → the text everybody agreed to; one whose text was purged is left out."""
        return self._records.texts(copies)

    def rows(self) -> pd.DataFrame:
        """The rows the table must hold: one for each standing copy."""
        return self._records.rows(self._records.state())

    def store(self, progress: Progress | None = None) -> MemoryWritten:
        """Make the table equal to the ledger, and purge what is left of retracted words."""
        self._retracting.forget_texts()
        return self.index.store(progress)

    def rebuild(self, progress: Progress | None = None) -> MemoryWritten:
        """What `store` does, and embed all copies anew with the model of the settings.

        Searches go on meanwhile.
        """
        self._retracting.forget_texts()
        return self.index.rebuild(progress)

    def audit(self) -> Audit:
        """Hold every row of the table against the ledger and the approvals; changes nothing."""
        return audit(self._records, self.index)

    # -- out -------------------------------------------------------------------------------

    def retract(self, id: str, *, reason: str, by: str | None = None) -> Retracted:
        """Take back the learning of copy `id` everywhere; says which companies had seen it.

        Its words leave the ledger's texts, the table, its older versions and its indexes.
        NotPermitted unless `by` holds a role of the company that shared it.
        """
        return self._retracting.retract(id, reason=reason, by=by)

    def would_retract(self, id: str) -> Retracted:
        """What `retract` would say, without taking anything back."""
        return self._retracting.would_retract(id)

    def retract_parts_quoting(self, company: str, nodes: Collection[str]) -> list[str]:
        """Take back what a company shows of patterns in words of members that stand no more."""
        return self._retracting.retract_parts_quoting(company, nodes)

    def retract_company(self, company: str, reason: str) -> list[Retracted]:
        """Take back everything a company shared, because it goes; no role is asked."""
        return self._retracting.retract_company(company, reason)

    # -- search ----------------------------------------------------------------------------

    def search_with(
        self,
        company: str,
        query: str,
        filters: SearchFilters | None = None,
        limit: int = 10,
        *,
        explain: bool = False,
        surface: str,
    ) -> list[Found]:
        """The best of `company`'s own learnings and of the copies others shared, best first.

        `surface` says where it is shown: the first sight of another's copy is recorded before it
        is returned.
        """
        return self._searching.for_company(
            company, query, filters or SearchFilters(), limit, explain=explain, surface=surface
        )

    def record_sight(self, viewer: str, ids: Sequence[str], *, surface: str) -> set[str]:
        """Record, before they are shown, the copies `viewer` sees for the first time.

        Returns those of `ids` that still stand: what was taken back meanwhile must not be shown.
        """
        return self._searching.record_sight(viewer, ids, surface)

    def operator_search(
        self,
        query: str,
        filters: SearchFilters | None = None,
        limit: int = 10,
        *,
        explain: bool = False,
    ) -> list[Found]:
        """The best of all companies' learnings and all copies, for the coordinator alone."""
        return self._searching.for_operator(
            query, filters or SearchFilters(), limit, explain=explain
        )
