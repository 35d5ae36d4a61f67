"""Carrying out what was approved: each kind's owner does it, the inbox remembers that it was done.

The owner verifies again (all asks answered, what it is about to do is what was approved) and does
nothing a second time, so that a crash between doing and remembering is healed by the next call.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coordinator.errors import OrchError
from resources.approvals.owners import COPY_KIND

if TYPE_CHECKING:
    from coordinator.approvals import Proposal
    from resources.home import Home


@dataclass(frozen=True)
class CarriedOut:
    """What became of one approved proposal: its result, or the problem and what to do."""

    number: int
    result: str = ""
    problem: str = ""
    hint: str = ""


def carry_out(
    home: Home,
    kinds: Collection[str] | None = None,
    *,
    begun: Callable[[Proposal], None] = lambda _: None,
) -> list[CarriedOut]:
    """Carry out everything approved whose kind has an owner here; `kinds` limits to those.

    `begun` is told of each before its work begins. One that cannot be carried out does not stop
    the others; it stays approved and is tried again by the next call.
    """
    done = []
    for proposal in home.approvals.approved():
        owner = home.approvals.owners.get(proposal.kind)
        if owner is None or proposal.kind == COPY_KIND:
            continue
        if kinds is not None and proposal.kind not in kinds:
            continue
        begun(proposal)
        try:
            result = owner.carry_out(proposal)
            home.approvals.mark_carried_out(proposal.number, result)
        except OrchError as error:
            done.append(CarriedOut(proposal.number, problem=error.message, hint=error.hint))
        else:
            done.append(CarriedOut(proposal.number, result=result))
    return done
