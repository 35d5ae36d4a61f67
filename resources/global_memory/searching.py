"""Searching what a company may see, and what the operator may: several tables on one scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from coordinator import memory
from coordinator.global_memory import GlobalState
from coordinator.ledger.events import NewEvent
from coordinator.ledger.global_events import LearningSeen
from coordinator.memory import Factors, Found, SearchFilters
from resources.global_memory.index import GlobalIndex
from resources.global_memory.records import GlobalRecords
from resources.memory.private_memory import candidate_count
from resources.memory.search import Candidates, all_of, learnings_that_fit, within
from resources.memory.vector_table import VectorTable

if TYPE_CHECKING:
    from resources.home import Home

SOURCE = "global"


@dataclass(frozen=True)
class _Pool:
    """One table's candidates, and how a record of it becomes a hit."""

    candidates: Candidates
    hit: Callable[[str, dict[str, Any], Factors], Found]


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
        state = self._records.state()
        hidden = {
            key for key, one in state.copies.items() if one.superseded_by or one.company == company
        }
        shown = state.copies.keys() - hidden
        hits = self._search([company], shown, query, filters, limit, explain)
        foreign = [hit.id for hit in hits if hit.origin == SOURCE]
        standing = self._record_sight(company, foreign, surface) if foreign else set()
        return [hit for hit in hits if hit.origin != SOURCE or hit.id in standing]

    def for_operator(
        self, query: str, filters: SearchFilters, limit: int, *, explain: bool
    ) -> list[Found]:
        """The best of everything there is, for the coordinator alone."""
        shown = set(self._records.state().copies)
        return self._search(self._home.companies.names(), shown, query, filters, limit, explain)

    def _search(
        self,
        companies: Sequence[str],
        shown: set[str],
        query: str,
        filters: SearchFilters,
        limit: int,
        explain: bool,
    ) -> list[Found]:
        if limit <= 0 or not query.strip():
            return []
        terms, count = memory.query_terms(query), candidate_count(limit)
        vector: Any = None

        def pool(
            table: VectorTable,
            condition: Callable[[], Any],
            hit: Callable[[str, dict[str, Any], Factors], Found],
        ) -> list[_Pool]:
            nonlocal vector
            table.check_model()
            if table.tables.rows(table.shape.table) == 0:
                return []
            if vector is None:
                vector = self._home.embedder.embed_query(query)
            found = table.candidates(vector, terms, condition(), count=count)
            return [_Pool(found, hit)] if found is not None else []

        pools = [
            one
            for company in companies
            for one in pool(
                self._home.memory(company).rows,
                lambda: learnings_that_fit(filters),
                _private(company),
            )
        ]
        if shown and (not filters.sources or SOURCE in filters.sources):
            pools += pool(self._index.table, lambda: _copies_that_fit(filters, shown), _shared)
        return self._fused(pools, terms, filters, limit, explain)

    def _fused(
        self, pools: list[_Pool], terms: str, filters: SearchFilters, limit: int, explain: bool
    ) -> list[Found]:
        settings = self._home.settings.search
        scale = memory.on_one_scale([_top(pool.candidates, terms) for pool in pools])
        hits = []
        for pool, best_bm25 in zip(pools, scale, strict=True):
            best = memory.best(
                pool.candidates.ids,
                pool.candidates.cosines,
                pool.candidates.bm25,
                vector_weight=settings.vector_weight,
                min_score=settings.min_score if filters.min_score is None else filters.min_score,
                limit=limit,
                best_bm25=best_bm25,
            )
            keys = [key for key, _ in best]
            matched = pool.candidates.matched(terms, keys) if explain else {}
            hits += [
                pool.hit(
                    key,
                    pool.candidates.record(key),
                    replace(factors, matched_terms=matched.get(key, ())),
                )
                for key, factors in best
            ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.origin, hit.id))[:limit]

    def _record_sight(self, viewer: str, ids: Sequence[str], surface: str) -> set[str]:
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


def _top(found: Candidates, terms: str) -> tuple[float, int]:
    """The best BM25 of a table's candidates, and how many words of the query that hit has."""
    if not found.bm25:
        return 0.0, 0
    key = min(found.bm25, key=lambda one: (-found.bm25[one], one))
    return found.bm25[key], len(found.matched(terms, [key])[key])


def _copies_that_fit(filters: SearchFilters, shown: set[str]) -> Any:
    from lancedb.expr import col

    wanted = [
        col(name).isin(list(values))
        for name, values in (("category", filters.categories), ("language", filters.languages))
        if values
    ]
    return all_of([col("id").isin(sorted(shown)), *wanted, *within(filters, "created_at")])


def _private(company: str) -> Callable[[str, dict[str, Any], Factors], Found]:
    def hit(_: str, record: dict[str, Any], factors: Factors) -> Found:
        return Found(company=company, score=memory.total(factors), factors=factors, **record)

    return hit


def _shared(key: str, record: dict[str, Any], factors: Factors) -> Found:
    import json

    evidence = json.loads(record["metadata"])["evidence"]
    return Found(
        id=key,
        company=record["source_instance"],
        title=record["title"],
        content=record["content"],
        category=record["category"],
        source=SOURCE,
        language=record["language"],
        evidence_commit=evidence["commit"],
        evidence_path=evidence["path"],
        evidence_line=0,
        occurred_at=record["created_at"],
        substance=0.0,
        score=memory.total(factors),
        factors=factors,
        origin="global",
    )
