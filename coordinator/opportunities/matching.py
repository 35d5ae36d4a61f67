"""Which needs of one company another has a solution for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from coordinator.ledger.opportunity_events import Kind
from coordinator.opportunities.feedback import between
from coordinator.opportunities.records import NEEDS, SOLUTIONS, Opportunity, Told, opportunity_id
from coordinator.opportunities.scoring import features_of, score_of, shared_titles, shared_words
from coordinator.opportunities.sketch import sketch
from coordinator.opportunities.state import OpportunitiesState
from coordinator.patterns.neighbours import Rows, nearest
from coordinator.settings import OpportunitySettings

PER_NEED = 3
"""The best solutions of a need, at most one of a company."""

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
    kept = [
        at for at, id in enumerate(rows.ids) if category[id] in (*NEEDS, *SOLUTIONS, "component")
    ]
    some = Rows(
        [rows.ids[at] for at in kept], [rows.companies[at] for at in kept], rows.vectors[kept]
    )
    needs = [at for at, id in enumerate(some.ids) if category[id] in NEEDS]
    company = dict(zip(some.ids, some.companies, strict=True))
    found: list[Candidate] = []
    for at, near in nearest(some, needs, least=least):
        solving = [one for one in near if category[one[0]] not in NEEDS]
        taken: set[str] = set()
        for id, cosine in sorted(solving, key=lambda one: (-one[1], one[0])):
            if company[id] not in taken and len(taken) < PER_NEED:
                taken.add(company[id])
                found.append(Candidate(some.ids[at], id, cosine))
    return found


def missing_dependencies(components: Iterable[Mapping[str, object]]) -> list[tuple[str, str, str]]:
    """Components somebody depends on and another company has: component, dependency's owner, name.

    Each is (component that needs it, component that is it, the name). Only a library whose name
    is the dependency's whole name counts, and none that the company has itself.
    """
    rows = [(str(row["id"]), row) for row in components]
    by_name: dict[str, list[str]] = {}
    own: set[tuple[str, str]] = set()
    for id, row in rows:
        name = str(row["name"]).casefold()
        own.add((str(row["company"]), name))
        if row["category"] == "library" and len(name) >= _SHORTEST_NAME:
            by_name.setdefault(name, []).append(id)
    found = []
    for id, row in sorted(rows, key=lambda one: one[0]):
        company = str(row["company"])
        named = row["dependencies"]
        for dependency in named if isinstance(named, Collection) else ():
            name = str(dependency).casefold()
            if (company, name) in own:
                continue
            found += [(id, has, name) for has in sorted(by_name.get(name, []))]
    return [one for one in found if one[0].partition("/")[0] != one[1].partition("/")[0]]


def opportunities(
    pairs: Sequence[tuple[Kind, Told, Told, float]],
    adopter_code: Mapping[str, Collection[str]],
    state: OpportunitiesState,
    settings: OpportunitySettings,
) -> list[Opportunity]:
    """The opportunities of `pairs` (kind, need, solution, cosine), best first.

    `adopter_code` holds the programming languages of each company. Of pairs that come from the
    same two places only the best stays.
    """
    words = shared_words([(need.text, solution.text) for _, need, solution, _ in pairs])
    titles = shared_titles([(need.title, solution.title) for _, need, solution, _ in pairs])
    best: dict[str, Opportunity] = {}
    for (kind, need, solution, cosine), shared, named in zip(pairs, words, titles, strict=True):
        by_name = kind == "dependency"
        features = features_of(
            cosine=cosine,
            words=1.0 if by_name else shared,
            titles=1.0 if by_name else named,
            solution=solution,
            adopter_code=adopter_code.get(need.company, ()),
        )
        features["answers"] = between(solution.company, need.company, state, settings)
        one = Opportunity(
            id=opportunity_id(kind, need, solution),
            kind=kind,
            owner=solution.company,
            adopter=need.company,
            need=need.node,
            solution=solution.node,
            score=score_of(features, settings),
            features=features,
            need_sketch=sketch(need.text),
            solution_sketch=sketch(solution.text),
        )
        held = best.get(one.id)
        if held is None or one.score > held.score:
            best[one.id] = one
    return sorted(best.values(), key=lambda one: (-one.score, one.id))


def least_of(mean: float, deviation: float, judged: float, strictness: float) -> float:
    """The cosine from which a need and a solution are looked at."""
    return round(float(np.clip(max(judged, mean + strictness * deviation), 0.0, 0.97)), 4)
