"""Holding the table of copies against the ledger, row by row and word by word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coordinator import memory
from coordinator.approvals import Inbox
from coordinator.global_memory import PUBLISH, GlobalState
from coordinator.insights import INSIGHT
from coordinator.ledger.events import text_hash
from resources.global_memory.index import TABLE, GlobalIndex
from resources.global_memory.records import COPY_COLUMNS, GlobalRecords, publication_in

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Audit:
    """What was found; every field but `rows` names ids of copies and is empty when all is well.

    `unapproved`: rows without a standing copy whose proposal everybody asked said yes to.
    `altered`: rows that do not say, word for word, what was approved. `missing`, `left_over` and
    `stale`: rows the ledger wants and the table lacks, the other way round, and old ones.
    """

    rows: int
    unapproved: tuple[str, ...] = ()
    altered: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    left_over: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        return self == Audit(self.rows)


def audit(records: GlobalRecords, index: GlobalIndex) -> Audit:
    """Compare every row of the table with the ledger; nothing is changed."""
    table = index.table
    held = table.tables.read(TABLE, list(COPY_COLUMNS), schema=table.shape.schema(1, {}))
    state, inbox = records.state(), records.inbox()
    rows: dict[str, dict[str, Any]] = {
        str(row["id"]): {str(name): value for name, value in row.items()}
        for row in held.to_dict("records")
    }
    wanted = _hashes(memory.hashed(records.rows(state), COPY_COLUMNS))
    have = _hashes(memory.hashed(held, COPY_COLUMNS))
    return Audit(
        rows=len(held),
        unapproved=_ids(id for id in rows if not _is_approved(id, state, inbox)),
        altered=_ids(
            id
            for id, row in rows.items()
            if id in state.copies and not says_what_was_approved(row, state)
        ),
        missing=_ids(state.copies.keys() - have.keys()),
        left_over=_ids(have.keys() - state.copies.keys()),
        stale=_ids(id for id in wanted.keys() & have.keys() if wanted[id] != have[id]),
    )


def says_what_was_approved(row: Mapping[str, Any], state: GlobalState) -> bool:
    """Whether the stored words of a copy are those whose hash was approved."""
    copy = state.copies.get(str(row["id"]))
    if copy is None:
        return False
    try:
        return text_hash(publication_in(row).text()) == copy.content
    except (ValueError, KeyError, TypeError):
        return False  # what cannot be read was not approved


def _is_approved(id: str, state: GlobalState, inbox: Inbox) -> bool:
    copy = state.copies.get(id)
    proposal = inbox.proposal(copy.proposal) if copy is not None else None
    if copy is None or proposal is None:
        return False
    yes = {one.ask for one in proposal.decisions if one.approve and one.content == copy.content}
    return (
        proposal.kind in (PUBLISH, INSIGHT)
        and (proposal.company, proposal.subject) == (copy.company, copy.learning)
        and proposal.content == copy.content
        and yes.issuperset(proposal.asks)
    )


def _hashes(frame: pd.DataFrame) -> dict[str, str]:
    return dict(zip(frame["id"], frame["row_hash"], strict=True))


def _ids(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(found))
