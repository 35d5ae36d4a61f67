"""A pattern that all planted companies have: the first showed its part, the second said no.

So the coordinator's page about it stands, and holds the words of one company and a count of the
others: a word of theirs there would be seen. The others have not answered yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from coordinator.errors import OrchError

if TYPE_CHECKING:
    from coordinator.approvals import Proposal
    from resources.home import Home

PLACE = "pattern"
TITLE = "Invoices are numbered per shop by {word}"
WORDS = (
    "Invoices are numbered per shop by {word}, without gaps, since the tax office refuses a year "
    "in which a number is missing or stands twice."
)


def agree(
    home: Home,
    companies: Sequence[str],
    ids: Mapping[str, Mapping[str, str]],
    approvers: Mapping[str, str],
) -> None:
    """Ask every company what it shows of the pattern, and let the first two answer.

    Besides what a look for insights asks by itself, which nobody answers: its lines quote words
    that are to stay where they are.
    """
    from resources.approvals import Wanted
    from resources.carrying_out import carry_out

    home.insights.refresh()
    asked = [_ask(home, one, ids[one][PLACE], approvers[one]) for one in companies]
    answers = zip(asked[:2], companies[:2], (True, False), strict=True)
    for proposal, company, yes in answers:
        wanted = Wanted(proposal.number, yes, reason="" if yes else "not ours to tell")
        (outcome,) = home.approvals.decide([wanted], by=approvers[company])
        if outcome.problem:
            raise OrchError(outcome.problem, hint=outcome.hint)
    problems = [one.problem for one in carry_out(home) if one.problem]
    if problems or not home.insights.standing():
        raise OrchError("no part of a pattern was published", hint="; ".join(problems))


def _ask(home: Home, company: str, learning: str, approver: str) -> Proposal:
    """Ask about exactly the planted line: whatever else is alike stays untold."""
    node = f"{company}/{learning}"
    pattern = next((one for one in home.patterns.standing() if node in one.members), None)
    if pattern is None:
        raise OrchError(f"what '{company}' has in common with the others was not found")
    return home.global_memory.insight_parts.propose(company, pattern.id, [node], by=approver)
