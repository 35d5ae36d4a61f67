"""Which needs of one company another has a solution for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from coordinator.ledger.opportunity_events import Kind
from coordinator.opportunities.feedback import between
from coordinator.opportunities.records import NEEDS, SOLUTIONS, Opportunity, Told, opportunity_id
from coordinator.opportunities.scoring import features_of, score_of, shared_titles, shared_words
from coordinator.opportunities.sketch import sketch
from coordinator.opportunities.state import OpportunitiesState
from coordinator.patterns.rows import Rows
from coordinator.patterns.searching import Hits, exact
from coordinator.settings import OpportunitySettings

PER_NEED = 3
"""The best solutions of a need, at most one of a company; and the needs of a company that one
solution is offered for, the nearest: a thousand copies of a need are asked about once."""

_SHORTEST_NAME = 4


@dataclass(frozen=True)
class Candidate:
    """A need and a solution by row, with their cosine."""

    need: str
    solution: str
    cosine: float


def candidates(rows: Rows, category: Mapping[str, str], *, least: float) -> list[Candidate]:
    """For each need the `PER_NEED` nearest solutions of other companies from a cosine of `least`.

    `rows` are those of all companies as `distinct` gives them; `category` says by row what it is,
    a component's description counting as a solution too.
    """
    told = [category[id] for id in rows.ids]
    needs = np.array([at for at, one in enumerate(told) if one in NEEDS], np.int64)
    solving = np.array(
        [at for at, one in enumerate(told) if one in (*SOLUTIONS, "component")], np.int64
    )
    if not len(needs) or not len(solving):
        return []
    hits = Hits.joined(list(exact(rows, needs, least=least, best=PER_NEED, among=solving)))
    pairs = zip(hits.rows.tolist(), hits.others.tolist(), hits.cosines.tolist(), strict=True)
    taken: set[tuple[int, str]] = set()
    per_need: Counter[int] = Counter()
    asked_for: Counter[tuple[int, str]] = Counter()
    found: list[Candidate] = []
    for at, other, cosine in sorted(pairs, key=lambda one: (-one[2], one[0], one[1])):
        needing, having = (at, rows.companies[other]), (other, rows.companies[at])
        if needing in taken or max(per_need[at], asked_for[having]) >= PER_NEED:
            continue
        taken.add(needing)
        per_need[at] += 1
        asked_for[having] += 1
        found.append(Candidate(rows.ids[at], rows.ids[other], cosine))
    return found


def missing_dependencies(components: Iterable[Mapping[str, object]]) -> list[tuple[str, str, str]]:
    """Components somebody depends on and another company has: component, dependency's owner, name.

    Each is (component that needs it, component that is it, the name): one for each name a company
    lacks and each company that has it. Only a library whose name is the dependency's whole name
    counts, and none that the company has itself.
    """
    rows = sorted(((str(row["id"]), row) for row in components), key=lambda one: one[0])
    having: dict[str, dict[str, str]] = {}
    own: set[tuple[str, str]] = set()
    for id, row in rows:
        company, name = str(row["company"]), str(row["name"]).casefold()
        own.add((company, name))
        if row["category"] == "library" and len(name) >= _SHORTEST_NAME:
            having.setdefault(name, {}).setdefault(company, id)
    found: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    for id, row in rows:
        company = str(row["company"])
        for name in dependencies_of(row):
            if (company, name) not in own and (company, name) not in found:
                found[company, name] = [
                    (id, has, name) for _, has in sorted(having.get(name, {}).items())
                ]
    return [one for each in found.values() for one in each]


def dependencies_of(component: Mapping[str, object]) -> list[str]:
    """The names a component declares to depend on, as names are compared."""
    named = component["dependencies"]
    return [str(one).casefold() for one in named] if isinstance(named, Iterable) else []


def opportunities(
    pairs: Sequence[tuple[Kind, Told, Told, float]],
    adopter_code: Mapping[str, Collection[str]],
    state: OpportunitiesState,
    settings: OpportunitySettings,
    *,
    key: str,
    adopter_libraries: Mapping[str, Collection[str]] | None = None,
) -> list[Opportunity]:
    """The opportunities of `pairs` (kind, need, solution, cosine), best first.

    `adopter_code` holds the programming languages of each company, `adopter_libraries` what its
    components depend on, `key` goes into the ids. Of pairs that come from the same two places only
    the best stays.
    """
    words = shared_words([(need.text, solution.text) for _, need, solution, _ in pairs])
    titles = shared_titles([(need.title, solution.title) for _, need, solution, _ in pairs])
    texts = {told.text for _, need, solution, _ in pairs for told in (need, solution)}
    drawn = {text: sketch(text) for text in texts}
    best: dict[str, Opportunity] = {}
    for (kind, need, solution, cosine), shared, named in zip(pairs, words, titles, strict=True):
        by_name = kind == "dependency"
        features = features_of(
            cosine=cosine,
            words=1.0 if by_name else shared,
            titles=1.0 if by_name else named,
            solution=solution,
            adopter_code=adopter_code.get(need.company, ()),
            adopter_libraries=(adopter_libraries or {}).get(need.company, ()),
        )
        features["answers"] = between(solution.company, need.company, state, settings)
        one = Opportunity(
            id=opportunity_id(kind, need, solution, key=key),
            kind=kind,
            owner=solution.company,
            adopter=need.company,
            need=need.node,
            solution=solution.node,
            score=score_of(features, settings),
            features=features,
            need_sketch=drawn[need.text],
            solution_sketch=drawn[solution.text],
        )
        held = best.get(one.id)
        if held is None or one.score > held.score:
            best[one.id] = one
    return sorted(best.values(), key=lambda one: (-one.score, one.id))


def least_of(mean: float, deviation: float, judged: float, strictness: float) -> float:
    """The cosine from which a need and a solution are looked at."""
    return round(float(np.clip(max(judged, mean + strictness * deviation), 0.0, 0.97)), 4)
