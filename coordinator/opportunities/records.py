"""What an opportunity is: one company's need, another's solution, and why they fit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from coordinator.ledger.chain import canonical_json
from coordinator.ledger.opportunity_events import Kind

NEEDS = ("need",)
SOLUTIONS = ("solution", "pattern", "best_practice", "insight")


@dataclass(frozen=True)
class Told:
    """A need or a solution: a learning or a component (`node`) of a company.

    `anchor` says where it comes from (an issue, a commit, a section of a document): it stays when
    the words are edited. `code` is the programming language around it, '' for none, `libraries`
    what a component depends on, as names are compared.
    """

    node: str
    company: str
    category: str
    language: str
    title: str
    text: str
    anchor: str
    substance: float = 1.0
    code: str = ""
    libraries: frozenset[str] = frozenset()
    licence: str | None = None
    """SPDX, '' when unknown; None where no licence is needed."""


@dataclass(frozen=True)
class Opportunity:
    """`owner` has `solution`, `adopter` has `need`; `features` are what `score` is made of.

    `need_sketch` and `solution_sketch` tell a later reader how much their texts changed.
    """

    id: str
    kind: Kind
    owner: str
    adopter: str
    need: str
    solution: str
    score: float
    features: Mapping[str, float] = field(default_factory=dict)
    need_sketch: str = "0" * 16
    solution_sketch: str = "0" * 16


def anchor_of(id: str, row: Mapping[str, object]) -> str:
    """Where a learning comes from, as it stays when its words are edited.

    An issue by its key, a commit by its hash, a section by document and title.
    """
    source = row["source"]
    if source == "manual":
        return f"manual:{id}"
    if source == "commit":
        return f"commit:{row['evidence_commit']}"
    if source in ("document", "confluence"):
        return f"{source}:{row['evidence_path']}:{row['title']}"
    return f"{source}:{row['evidence_path']}"


def opportunity_id(kind: Kind, need: Told, solution: Told, *, key: str) -> str:
    """The id of an opportunity: the same while both come from the same places.

    Both companies see it. `key` is known to the coordinator alone: without it either could try
    which path or issue of the other makes this id.
    """
    named = canonical_json(
        [key, kind, need.company, need.anchor, solution.company, solution.anchor]
    )
    return f"o-{hashlib.sha256(named.encode('utf-8')).hexdigest()[:12]}"
