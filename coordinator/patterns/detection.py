"""Patterns over several companies: from rows and copies to groups with an identity.

One detection compares what there is now with what was known, and returns what changed. It costs
the neighbours of what is new; everything else is carried on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from coordinator.ledger import pattern_events as events
from coordinator.ledger.payloads import Payload
from coordinator.patterns.calibration import calibrated, is_stale
from coordinator.patterns.communities import Community, Edge, Likeness, communities
from coordinator.patterns.components import (
    component_node,
    drift_of,
    edges_of,
    is_component,
    told_by,
)
from coordinator.patterns.identity import identify
from coordinator.patterns.neighbours import Near, mutual, updated
from coordinator.patterns.rows import Rows, distinct
from coordinator.patterns.space import Space, measured, placed
from coordinator.patterns.state import Calibration, PatternsState
from coordinator.settings import PatternSettings

DRIFTED = 0.01
"""A smaller change of likeness to the origin is not recorded."""


@dataclass(frozen=True)
class Known:
    """The neighbours of the last detection, and what they were found with."""

    lists: Mapping[str, Near] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    model: str = ""
    least: float = 0.0
    space: Space | None = None


@dataclass(frozen=True)
class Material:
    """What is compared: `rows` of all companies that could be read, and their components.

    `texts` holds a hash of each row's text, `evidence` its source and path, `languages` what it is
    written in, `substance` how much it says; all by row. `components` are ids. `unread` are the
    companies that could not be read, `companies` all there are.
    """

    rows: Rows
    texts: Mapping[str, str]
    evidence: Mapping[str, tuple[str, str]]
    substance: Mapping[str, float]
    languages: Mapping[str, str]
    components: Sequence[str]
    pairs: pd.DataFrame
    groups: pd.DataFrame
    companies: Sequence[str]
    model: str
    unread: Sequence[str] = ()


@dataclass(frozen=True)
class Pattern:
    """A pattern as it stands: who belongs to it, how alike they are, and how it ranks.

    `coverage` is the share of the companies that have it; `copied` the number of members that are
    copies of one another.
    """

    id: str
    members: tuple[str, ...]
    companies: tuple[str, ...]
    medoid: str
    likeness: tuple[float, ...]
    cohesion: float
    coverage: float
    substance: float
    score: float


@dataclass(frozen=True)
class Detection:
    """What one detection found: the patterns by falling score, and what is to be recorded.

    `frozen` are ids of patterns nothing can be said of now, because a company of theirs could
    not be read. `searched` rows were compared with all others.
    """

    patterns: tuple[Pattern, ...]
    recorded: tuple[Payload, ...]
    known: Known
    searched: int
    rows: int
    frozen: tuple[str, ...] = ()


def detect(
    material: Material, known: Known, state: PatternsState, settings: PatternSettings
) -> Detection:
    """The patterns of `material`, given what was known before."""
    usable = distinct(material.rows)
    spoken = [material.languages.get(id, "") for id in usable.ids]
    space, anew = _space(usable, spoken, known, state.calibration, material)
    rows = placed(usable, spoken, space)
    calibration, told = _calibration(rows, state.calibration, material, settings, anew=anew)
    least = settings.min_similarity or calibration.least
    before, changed = ({}, ()) if anew else _before(known, material, least)
    near = updated(before, rows, least=least, changed=changed)
    graph = _Graph(rows, material, near.lists, least)
    frozen = [one for one in state.standing() if {*map(_company, one.members)} & {*material.unread}]
    held = {member for one in frozen for member in one.members}
    found = [one for one in graph.communities() if not held & {*one.members}]
    free = _without(state, [one.id for one in frozen])
    identified = identify(free, [one.members for one in found], graph.present)
    patterns = [
        _pattern(id, one, material, settings) for id, one in zip(identified.ids, found, strict=True)
    ]
    return Detection(
        patterns=tuple(sorted(patterns, key=lambda one: (-one.score, one.id))),
        recorded=(*told, *identified.recorded, *_drifted(state, patterns, material.groups)),
        known=Known(
            near.lists,
            {id: material.texts[id] for id in rows.ids},
            material.model,
            least,
            space,
        ),
        searched=near.searched,
        rows=len(rows.ids),
        frozen=tuple(one.id for one in frozen),
    )


def _space(
    rows: Rows,
    languages: Sequence[str],
    known: Known,
    held: Calibration | None,
    material: Material,
) -> tuple[Space, bool]:
    """The space rows are compared in, and whether it was measured anew.

    Not while a company could not be read: its rows are missing for a moment only.
    """
    model = material.model
    stale = not material.unread and is_stale(held, model=model, rows=len(rows.ids))
    if known.space is not None and known.model == model and not stale:
        return known.space, False
    return measured(rows, languages, model=model), True


def _calibration(
    rows: Rows,
    held: Calibration | None,
    material: Material,
    settings: PatternSettings,
    *,
    anew: bool,
) -> tuple[Calibration, list[Payload]]:
    """The calibration that counts, and its event when it was made anew and says something else."""
    if held is not None and not anew:
        return held, []
    made = calibrated(rows, model=material.model, strictness=settings.strictness)
    if held is not None and made == held:
        return held, []
    return made, [events.SimilarityCalibrated(**vars(made))]


def _before(
    known: Known, material: Material, least: float
) -> tuple[Mapping[str, Near], Collection[str]]:
    """The lists that can be carried on, and the rows among them whose text changed."""
    if known.model != material.model or known.least != least:
        return {}, ()
    changed = [id for id, text in known.texts.items() if material.texts.get(id, text) != text]
    return known.lists, changed


class _Graph:
    """The nodes that may belong together: learnings, and components with what describes them."""

    def __init__(
        self, rows: Rows, material: Material, lists: Mapping[str, Near], least: float
    ) -> None:
        self._least = least
        components = [component_node(one) for one in material.components]
        self._node = told_by(material.evidence, components)
        self._row = {self._node.get(id, id): at for at, id in enumerate(rows.ids)}
        self._vectors = rows.vectors
        self.present = frozenset((*material.texts, *components))
        code = edges_of(material.pairs, material.groups, least=least)
        self._edges = [*self._by_words(lists), *code]
        self._copies: dict[str, dict[str, float]] = {}
        for one in code:
            self._copies.setdefault(one.left, {})[one.right] = one.strength

    def _by_words(self, lists: Mapping[str, Near]) -> Iterator[Edge]:
        for left, right, cosine in mutual(lists):
            one, other = self._node.get(left, left), self._node.get(right, right)
            yield Edge(min(one, other), max(one, other), cosine)

    def communities(self) -> list[Community]:
        company = {node: _company(node) for one in self._edges for node in (one.left, one.right)}
        return communities(self._edges, company, self._likeness, least=self._least)

    def _likeness(self, nodes: Sequence[str]) -> Likeness:
        """Cosines where both have a vector, what their code says where they are copies."""
        at = [self._row.get(node, -1) for node in nodes]
        vectors = np.where(np.asarray(at)[:, None] >= 0, self._vectors[at], 0).astype(np.float32)
        alike: Likeness = np.clip(vectors @ vectors.T, 0, 1)
        place = {node: at for at, node in enumerate(nodes)}
        for left in nodes:
            for right, strength in self._copies.get(left, {}).items():
                if right in place:
                    one, other = place[left], place[right]
                    alike[one, other] = alike[other, one] = max(alike[one, other], strength)
        np.fill_diagonal(alike, 1)
        return alike


def _pattern(id: str, found: Community, material: Material, settings: PatternSettings) -> Pattern:
    companies = tuple(sorted({_company(member) for member in found.members}))
    coverage = len(companies) / max(2, len(material.companies))
    told = [material.substance.get(member, 1.0) for member in found.members]
    substance = sum(told) / len(told)
    weights = (settings.cohesion_weight, settings.coverage_weight, settings.substance_weight)
    parts = (found.cohesion, coverage, substance)
    total = sum(weights) or 1.0
    score = sum(one * weight for one, weight in zip(parts, weights, strict=True)) / total
    return Pattern(
        id=id,
        members=found.members,
        companies=companies,
        medoid=found.medoid,
        likeness=found.likeness,
        cohesion=found.cohesion,
        coverage=round(coverage, 4),
        substance=round(substance, 4),
        score=round(score, 4),
    )


def _drifted(
    state: PatternsState, patterns: Sequence[Pattern], groups: pd.DataFrame
) -> list[Payload]:
    """What to record of copies whose likeness to their origin changed."""
    pattern_of = {
        member: one.id for one in patterns for member in one.members if is_component(member)
    }
    told: list[Payload] = []
    for node, (_, likeness) in sorted(drift_of(groups).items()):
        before = state.drift.get(node)
        if node in pattern_of and (before is None or abs(likeness - before) >= DRIFTED):
            told.append(
                events.ComponentDrifted(
                    pattern=pattern_of[node],
                    component=node,
                    similarity=likeness,
                    before=likeness if before is None else before,
                )
            )
    return told


def _without(state: PatternsState, ids: Sequence[str]) -> PatternsState:
    kept = {id: one for id, one in state.patterns.items() if id not in ids}
    return PatternsState(state.version, kept, state.calibration, state.drift)


def _company(node: str) -> str:
    return node.partition("/")[0]
