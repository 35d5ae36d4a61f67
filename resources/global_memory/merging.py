"""Asking two companies whether their copies are one, and joining them when both said yes."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from coordinator.errors import OrchError, ProposalClosed
from coordinator.global_memory import MERGE, Copy, GlobalState, Publication, is_pattern
from coordinator.global_memory.merging import Pair, alike, folded_text, merge_text, same_from
from coordinator.ledger.events import NewEvent, text_hash
from coordinator.ledger.global_events import LearningSuperseded
from resources.global_memory.index import TABLE, GlobalIndex
from resources.global_memory.records import GlobalRecords
from resources.global_memory.sharing import check_approved

if TYPE_CHECKING:
    from coordinator.approvals import Proposal
    from resources.home import Home

log = logging.getLogger(__name__)


class Merging:
    """Near-duplicates across companies: proposed, never merged silently."""

    def __init__(self, home: Home, records: GlobalRecords, index: GlobalIndex) -> None:
        self._home = home
        self._records = records
        self._index = index

    def propose(self) -> list[Proposal]:
        """Ask about every pair of copies that say the same and was not asked about before."""
        state = self._records.state()
        asked = {one.subject for one in self._home.approvals.inbox().proposals if one.kind == MERGE}
        texts = self._records.texts(state.copies)
        made = []
        for pair in self._pairs(state, texts):
            if pair.subject in asked:
                continue
            try:
                made.append(self._ask(pair, texts))
            except OrchError as error:
                # a company that cannot be asked now must not keep others from sharing
                log.warning("%s is asked about later: %s", pair.subject, error)
        return made

    def _ask(self, pair: Pair, texts: dict[str, str]) -> Proposal:
        keep, retire = pair.keep, pair.retire
        return self._home.approvals.propose(
            kind=MERGE,
            subject=pair.subject,
            company=keep.company,
            asks=[(keep.company, "publication"), (retire.company, "publication")],
            text=merge_text((keep.id, texts[keep.id]), (retire.id, texts[retire.id])),
            facts={"similarity": pair.similarity},
        )

    def current_text(self, proposal: Proposal) -> str | None:
        """What would be asked now; None when one of the two no longer stands for itself."""
        found = self._standing(proposal, self._records.state())
        if found is None:
            return None
        retire, keep = found
        texts = self._records.texts({keep.id: keep, retire.id: retire})
        if len(texts) < 2:
            return None
        return merge_text((keep.id, texts[keep.id]), (retire.id, texts[retire.id]))

    def carry_out(self, proposal: Proposal) -> str:
        """Record that one copy is told by the other, once; returns the copy that stays."""
        retire, _, keep = proposal.subject.partition(" ")
        told = self._records.state().any_copy(retire)
        if told is not None and told.superseded_by == keep:
            return keep  # recorded by an earlier call that ended before it was said so
        check_approved(proposal)
        text = self.current_text(proposal)
        if text is None or text_hash(text) != proposal.content:
            why = "one of the two copies no longer stands"
            self._home.approvals.void(proposal.number, why)
            raise ProposalClosed(f"proposal {proposal.number} is void: {why}")

        def change(state: GlobalState) -> tuple[list[NewEvent], None]:
            if self._standing(proposal, state) is None:
                return [], None
            event = LearningSuperseded(id=retire, by=keep, proposal=proposal.number)
            owner = state.copies[retire].company
            return [NewEvent(event.event_type, event, company=owner)], None

        self._records.change(change)
        return keep

    def _standing(self, proposal: Proposal, state: GlobalState) -> tuple[Copy, Copy] | None:
        copies = [state.copies.get(id) for id in proposal.subject.split(" ")]
        standing = [one for one in copies if one is not None and not one.superseded_by]
        return (standing[0], standing[1]) if len(standing) == len(copies) == 2 else None

    def _pairs(self, state: GlobalState, texts: dict[str, str]) -> list[Pair]:
        import numpy as np

        table = self._index.table
        held = table.tables.read(TABLE, ["id", "embedding"], schema=table.shape.schema(1, {}))
        vectors = dict(zip(held["id"], held["embedding"], strict=True))
        copies = [
            one
            for key, one in sorted(state.copies.items())
            if not one.superseded_by
            and key in texts
            and key in vectors
            # parts of one pattern say the same on purpose: they stand on one page
            and not is_pattern(one.learning)
        ]
        if len({one.company for one in copies}) < 2:
            return []
        return alike(
            copies,
            np.stack([vectors[one.id] for one in copies]),
            [folded_text(Publication.from_text(texts[one.id])) for one in copies],
            least=same_from(self._home.settings.embedding.model),
        )
