"""A company's part of an insight: the lines of its own that it is asked to show.

A pattern is said by several companies; each decides for itself what others may read of what it
said. Its part is one text of a few lines, masked like everything that leaves a company, and it
enters the global memory once that company's people said yes to exactly it.

A line tells where its words come from: the path and commit in the company's own repository, or an
issue's key. Never an address: those name hosts, and hosts are what the redaction masks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from coordinator.approvals import Proposal
from coordinator.plain_text import one_line

INSIGHT: Literal["publish_insight"] = "publish_insight"
MOST_LINES = 5
LONGEST_LINE = 200
_REASONS = {
    "en": "Several companies say the same; this is what one of them shows of it.",
    "pt": "Várias empresas dizem o mesmo; isto é o que uma delas mostra.",
}


@dataclass(frozen=True)
class Quoted:
    """A member of a pattern as its company would show it: what must be masked is masked.

    `says` is what a component does, where its title alone would not tell.
    """

    title: str
    evidence_path: str
    evidence_commit: str
    occurred_at: datetime | None
    says: str = ""


def part_text(quoted: Sequence[Quoted], *, language: str, undated: datetime) -> dict[str, Any]:
    """The part as a learning (a row `coordinator.global_memory.publication_of` takes).

    `quoted` are the company's members, the most central first; at most `MOST_LINES` are shown,
    and what two of them say alike once. `language` is the company's: ``pt`` or ``en``. `undated`
    is the date where no member has one.
    """
    import pandas as pd

    first, shown = quoted[0], quoted[:MOST_LINES]
    lines = [f"- {_told(one)}{_where(one)}" for one in shown]
    dates = [one.occurred_at for one in shown if one.occurred_at is not None]
    return {
        "title": one_line(first.title, LONGEST_LINE),
        "content": "\n".join(dict.fromkeys(lines)),
        "category": "insight",
        "language": language,
        "evidence_commit": first.evidence_commit,
        "evidence_path": first.evidence_path,
        "occurred_at": pd.Timestamp(max(dates) if dates else undated),
        "reason": _REASONS[language],
    }


def quoted_in(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """The members a proposal for a part quotes, by node."""
    found = facts.get("members", ())
    return tuple(str(one) for one in found)


def quotable(
    company: str,
    members: Sequence[str],
    likeness: Sequence[float],
    kept_back: Collection[tuple[str, str]],
) -> list[str]:
    """The members of a pattern that `company` may be asked to show, the most central first.

    `kept_back` are companies and learnings whose people said no to showing them, or took them
    back: a pattern does not ask about them again, nor does a standing grant let them out.
    """
    ranked = sorted(zip(likeness, members, strict=True), key=lambda one: (-one[0], one[1]))
    mine = [node for _, node in ranked if node.startswith(f"{company}/")]
    return [one for one in mine if (company, one.partition("/")[2]) not in kept_back][:MOST_LINES]


def counts_as_asked(proposal: Proposal, outdated: Collection[int]) -> bool:
    """Whether a company is not to be asked again after this question about its part.

    A question that became void was about words that no longer stood, and so were those in
    `outdated`, whose part was taken back for that. What somebody withdrew was answered by that.
    """
    if proposal.status == "void":
        return proposal.is_withdrawn
    return proposal.number not in outdated


def _told(one: Quoted) -> str:
    return one_line(": ".join(filter(None, (one.title, one.says))), LONGEST_LINE)


def _where(one: Quoted) -> str:
    commit = f"@{one.evidence_commit[:12]}" if one.evidence_commit else ""
    place = " ".join(filter(None, (one.evidence_path, commit)))
    return f" · {place}" if place else ""
