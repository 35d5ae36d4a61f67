"""What the ledger knows of the global memory, and the rows that follow from it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from coordinator.errors import VersionConflict
from coordinator.global_memory import GLOBAL_MEMORY, Copy, GlobalState, Publication
from coordinator.ledger.events import GLOBAL, NewEvent, utc_text
from coordinator.ledger.global_events import LearningPublished, LearningSuperseded

if TYPE_CHECKING:
    import pandas as pd

    from coordinator.approvals import Inbox, Proposal
    from coordinator.settings import Category
    from resources.home import Home

COPY_COLUMNS = (
    "id",
    "title",
    "content",
    "source_instance",
    "category",
    "language",
    "shared",
    "metadata",
    "created_at",
    "valid_from",
    "valid_to",
    "superseded_by",
)

Result = TypeVar("Result")


class GlobalRecords:
    """The stream ``global`` of a home, and the texts its events name."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._ledger = home.ledger
        self._held: tuple[int, GlobalState] | None = None

    def state(self) -> GlobalState:
        """Every copy as it stands now.

        Folded once and carried on from there: a search asks twice, and with ten thousand sights
        recorded even a snapshot takes as long as the search itself.
        """
        position, _ = self._ledger.head()
        held = self._held
        if held is not None and held[0] <= position:
            state = self._carried_on(*held)
        else:
            state = self._ledger.fold(GLOBAL, GLOBAL_MEMORY)
        self._held = (position, state)
        return state

    def _carried_on(self, position: int, state: GlobalState) -> GlobalState:
        """`state` with what was recorded behind `position`; what it holds already is left out."""
        read = self._ledger.read(stream=GLOBAL, after=position)
        new = [event for event in read if event.version > state.version]
        versions = [event.version for event in new]
        if versions != list(range(state.version + 1, state.version + 1 + len(new))):
            return self._ledger.fold(GLOBAL, GLOBAL_MEMORY)  # it names the broken row
        return GLOBAL_MEMORY.fold(new, state)

    def inbox(self) -> Inbox:
        """Every proposal as it stands now."""
        return self._home.approvals.inbox()

    def change(self, change: Callable[[GlobalState], tuple[list[NewEvent], Result]]) -> Result:
        """Append what `change` makes of the state, again and again until nobody came first."""
        while True:
            state = self.state()
            events, result = change(state)
            try:
                if events:
                    self._ledger.append(GLOBAL, events, expected_version=state.version)
            except VersionConflict:
                continue
            return result

    def publish(self, proposal: Proposal, *, copy: str, category: Category) -> None:
        """Record the copy an approved proposal made, once; it tells its subject from now on."""
        company, learning = proposal.company, proposal.subject

        def change(state: GlobalState) -> tuple[list[NewEvent], None]:
            if state.any_copy(copy) is not None:
                return [], None
            published = LearningPublished(
                id=copy,
                learning=learning,
                category=category,
                content=proposal.content,
                proposal=proposal.number,
            )
            told = [
                LearningSuperseded(id=one.id, by=copy, proposal=proposal.number)
                for one in state.of_learning(company, learning)
                if not one.superseded_by
            ]
            return [
                NewEvent(one.event_type, one, company=company) for one in (published, *told)
            ], None

        self.change(change)

    def append(self, event: NewEvent) -> None:
        """Record one event, whatever came before it."""
        self._ledger.append(GLOBAL, [event], expected_version=None)

    def texts(self, copies: Mapping[str, Copy]) -> dict[str, str]:
        """Copy id → its text; a copy whose text was purged is left out."""
        by_company: dict[str, list[Copy]] = {}
        for copy in copies.values():
            by_company.setdefault(copy.company, []).append(copy)
        found: dict[str, str] = {}
        for company, ones in by_company.items():
            kept = self._ledger.texts(company, [one.content for one in ones])
            found |= {one.id: kept[one.content] for one in ones if one.content in kept}
        return found

    def rows(self, state: GlobalState) -> pd.DataFrame:
        """One row of COPY_COLUMNS for each standing copy whose text is kept."""
        import pandas as pd

        inbox, texts = self.inbox(), self.texts(state.copies)
        rows = [_row(state.copies[key], text, inbox) for key, text in sorted(texts.items())]
        frame = pd.DataFrame(rows, columns=list(COPY_COLUMNS))
        for name in ("created_at", "valid_from", "valid_to"):
            frame[name] = pd.to_datetime(frame[name], utc=True)
        return frame


def publication_in(row: Mapping[str, Any]) -> Publication:
    """The publication a row of COPY_COLUMNS was made of; ValueError or KeyError when of none."""
    metadata = json.loads(row["metadata"])
    return Publication(
        title=row["title"],
        content=row["content"],
        category=row["category"],
        language=row["language"],
        source_instance=row["source_instance"],
        evidence_commit=metadata["evidence"]["commit"],
        evidence_path=metadata["evidence"]["path"],
        created_at=utc_text(row["created_at"]),
        reason=metadata["reason"],
    )


def _row(copy: Copy, text: str, inbox: Inbox) -> dict[str, object]:
    publication = Publication.from_text(text)
    proposal = inbox.proposal(copy.proposal)
    metadata = {
        "title": publication.title,
        "language": publication.language,
        "evidence": {
            "commit": publication.evidence_commit,
            "path": publication.evidence_path,
        },
        "reason": publication.reason,
        "proposal": copy.proposal,
        "content_hash": copy.content,
        "approved_by": [one.by for one in proposal.decisions] if proposal else [],
    }
    return {
        "id": copy.id,
        "title": publication.title,
        "content": publication.content,
        "source_instance": copy.company,
        "category": publication.category,
        "language": publication.language,
        "shared": True,
        "metadata": json.dumps(metadata, ensure_ascii=False, sort_keys=True),
        "created_at": publication.created,
        "valid_from": copy.published_at,
        "valid_to": copy.superseded_at,
        "superseded_by": copy.superseded_by,
    }
