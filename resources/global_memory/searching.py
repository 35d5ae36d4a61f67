"""Searching what a company may see, and what the operator may: several tables on one scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coordinator import memory
from coordinator.errors import MemoryUnavailable
from coordinator.global_memory import Copy, GlobalState
from coordinator.ledger.events import NewEvent
from coordinator.ledger.global_events import LearningSeen
from coordinator.memory import Factors, Found, SearchFilters
from resources.global_memory.auditing import says_what_was_approved
from resources.global_memory.index import GlobalIndex
from resources.global_memory.records import GlobalRecords, publication_in
from resources.memory.private_memory import candidate_count
from resources.memory.question import Question
from resources.memory.search import Candidates, all_of, learnings_that_fit, within
from resources.memory.vector_table import VectorTable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from resources.home import Home

SOURCE = "global"


Hit = Callable[[dict[str, Any], Factors], Found]


@dataclass(frozen=True)
class _Pool:
    """One table's candidates, those of them that may be shown, and how a row becomes a hit."""

    candidates: Candidates
    ids: Sequence[str]
    hit: Hit

    @property
    def cosines(self) -> NDArray[np.float32]:
        return self.candidates.cosines_of(self.ids)

    @property
    def bm25(self) -> dict[str, float]:
        found = self.candidates.bm25
        return {key: found[key] for key in self.ids if key in found}


class Searching:
    """Searches over private memories and the global one."""

    def __init__(self, home: Home, records: GlobalRecords, index: GlobalIndex) -> None:
        self._home = home
        self._records = records
        self._index = index

    def for_company(
        self,
        company: str,
        query: str,
        filters: SearchFilters,
        limit: int,
        *,
        explain: bool,
        surface: str,
    ) -> list[Found]:
        """The best of `company`'s own learnings and of the copies others shared.

        Own copies are left out: their learnings are there already. What `company` sees for the
        first time is recorded before it is returned, and what was taken back meanwhile is not.
        """

        def may_see(copy: Copy) -> bool:
            return copy.company != company and not copy.superseded_by

        hits = self._search([company], may_see, query, filters, limit, explain)
        foreign = [hit.id for hit in hits if hit.origin == SOURCE]
        standing = self.record_sight(company, foreign, surface) if foreign else set()
        return [hit for hit in hits if hit.origin != SOURCE or hit.id in standing]

    def for_operator(
        self, query: str, filters: SearchFilters, limit: int, *, explain: bool
    ) -> list[Found]:
        """The best of everything there is, for the coordinator alone."""
        companies = self._home.companies.names()
        return self._search(companies, lambda _: True, query, filters, limit, explain)

    def _search(
        self,
        companies: Sequence[str],
        may_see: Callable[[Copy], bool],
        query: str,
        filters: SearchFilters,
        limit: int,
        explain: bool,
    ) -> list[Found]:
        if limit <= 0 or not query.strip():
            return []
        question = Question(query, lambda: self._home.embedder, self._home.settings.search)
        asked = _Asked(question, candidate_count(limit))
        pools = [self._private(asked, company, filters) for company in companies]
        pools.append(self._shared(asked, may_see, filters))
        return self._fused([one for one in pools if one], question, filters, limit, explain)

    def _private(self, asked: _Asked, company: str, filters: SearchFilters) -> _Pool | None:
        found = asked.of(self._home.memory(company).rows, lambda: learnings_that_fit(filters))
        return _Pool(found, found.ids, _private_hit(company)) if found is not None else None

    def _shared(
        self, asked: _Asked, may_see: Callable[[Copy], bool], filters: SearchFilters
    ) -> _Pool | None:
        """The copies that stand, whatever the table says: it may be behind the ledger."""
        state = self._records.state()
        shown = {key for key, copy in state.copies.items() if may_see(copy)}
        if not shown or (filters.sources and SOURCE not in filters.sources):
            return None
        found = asked.of(self._index.table, lambda: _copies_that_fit(filters))
        if found is None:
            return None
        sound = [
            key
            for key in found.ids
            if key in shown and says_what_was_approved(found.record(key), state)
        ]
        return _Pool(found, sound, _shared_hit)

    def _fused(
        self,
        pools: list[_Pool],
        question: Question,
        filters: SearchFilters,
        limit: int,
        explain: bool,
    ) -> list[Found]:
        settings = self._home.settings.search
        scale = memory.on_one_scale([_top(pool) for pool in pools])
        hits = []
        for pool, best_bm25 in zip(pools, scale, strict=True):
            best = memory.best(
                pool.ids,
                pool.cosines,
                pool.bm25,
                vector_weight=question.vector_weight,
                min_score=settings.min_score if filters.min_score is None else filters.min_score,
                limit=limit,
                best_bm25=best_bm25,
            )
            if explain:
                best = pool.candidates.explained(best)
            hits += [pool.hit(pool.candidates.record(key), factors) for key, factors in best]
        return sorted(hits, key=lambda hit: (-hit.score, hit.origin, hit.id))[:limit]

    def record_sight(self, viewer: str, ids: Sequence[str], surface: str) -> set[str]:
        """Record what `viewer` sees for the first time; returns those of `ids` that still stand."""

        def change(state: GlobalState) -> tuple[list[NewEvent], set[str]]:
            standing = [state.copies[id] for id in ids if id in state.copies]
            new = [
                NewEvent(
                    "learning_seen",
                    LearningSeen(id=one.id, viewer=viewer, surface=surface),
                    company=one.company,
                )
                for one in standing
                if viewer != one.company and viewer not in one.seen_by
            ]
            return new, {one.id for one in standing}

        return self._records.change(change)


class _Asked:
    """A question asked of several tables: it is embedded once, and only when a table has rows."""

    def __init__(self, question: Question, count: int) -> None:
        self._question = question
        self._count = count

    def of(self, table: VectorTable, condition: Callable[[], Any]) -> Candidates | None:
        """The candidates of one table, None when it has no rows.

        A table may be written anew while it is read, to take a text out of its files: then the
        second look finds the new one.
        """
        table.check_model()
        if table.tables.rows(table.shape.table) == 0:
            return None
        try:
            return table.candidates(self._question, condition(), count=self._count)
        except MemoryUnavailable:
            return table.candidates(self._question, condition(), count=self._count)


def _top(pool: _Pool) -> tuple[float, int]:
    """The best BM25 of a table's candidates, and how many words of the query that hit has."""
    bm25 = pool.bm25
    if not bm25:
        return 0.0, 0
    key = min(bm25, key=lambda one: (-bm25[one], one))
    return bm25[key], pool.candidates.words_found(key)


def _copies_that_fit(filters: SearchFilters) -> Any:
    from lancedb.expr import col

    wanted = [
        col(name).isin(list(values))
        for name, values in (("category", filters.categories), ("language", filters.languages))
        if values
    ]
    return all_of([*wanted, *within(filters, "created_at")])


def _private_hit(company: str) -> Hit:
    def hit(record: dict[str, Any], factors: Factors) -> Found:
        return Found(company=company, score=memory.total(factors), factors=factors, **record)

    return hit


def _shared_hit(record: dict[str, Any], factors: Factors) -> Found:
    shared = publication_in(record)
    return Found(
        id=record["id"],
        company=shared.source_instance,
        title=shared.title,
        content=shared.content,
        category=shared.category,
        source=SOURCE,
        language=shared.language,
        evidence_commit=shared.evidence_commit,
        evidence_path=shared.evidence_path,
        evidence_line=0,
        occurred_at=shared.created,
        substance=0.0,
        score=memory.total(factors),
        factors=factors,
        origin="global",
    )
