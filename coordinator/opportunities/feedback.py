"""What people's answers change: the bar of a kind, and what two companies are to each other.

The rule is plain on purpose. Each no raises the bar of its kind by one step and each unanswered
question by half a step, each yes lowers it by one; a no between two companies also lowers what is
suggested between them. Both stay within bounds, so that no run of luck opens or shuts everything;
withdrawn ones count for nothing.
"""

from __future__ import annotations

from coordinator.opportunities.state import OpportunitiesState
from coordinator.settings import OpportunitySettings

HIGHER, LOWER = 0.25, 0.1
"""How far answers can raise and lower the bar."""
BETWEEN = 0.1
"""How far answers can move the score between two companies."""

_VERDICT = {"rejected": 1.0, "dismissed": 1.0, "ignored": 0.5, "accepted": -1.0}


def bar_of(kind: str, state: OpportunitiesState, settings: OpportunitySettings) -> float:
    """The score from which people are asked about an opportunity of `kind`."""
    against = sum(
        _VERDICT.get(one.outcome, 0.0) for one in state.suggestions.values() if one.kind == kind
    )
    moved = max(-LOWER, min(HIGHER, settings.answer_step * against))
    return round(min(1.0, max(0.0, settings.bar + moved)), 4)


def between(
    owner: str, adopter: str, state: OpportunitiesState, settings: OpportunitySettings
) -> float:
    """What is added to the score of an opportunity, for what `adopter`'s and `owner`'s people said.

    Half of a step for each answer to a suggestion between the same two, in that direction.
    """
    against = sum(
        _VERDICT.get(one.outcome, 0.0)
        for one in state.suggestions.values()
        if (one.owner, one.adopter) == (owner, adopter)
    )
    moved = max(-BETWEEN, min(BETWEEN, -settings.answer_step / 2 * against))
    return round(moved, 4) + 0.0  # no negative nought
