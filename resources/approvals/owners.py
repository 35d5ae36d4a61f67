"""Whose text a proposal is: who says what it is now, and who carries an approval out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from coordinator.approvals import MEMORY_KINDS, OFFER_KINDS, OUTBOX_KINDS

if TYPE_CHECKING:
    from coordinator.approvals import Proposal
    from resources.home import Home

COPY_KIND = "share_import"
"""A yes to a copy: what it is about is held against what stands, and who copies reads it."""


class Owner(Protocol):
    """What answers for one kind of proposal."""

    def current_text(self, proposal: Proposal) -> str | None:
        """What the proposal would be about if it were made now; None when that is gone."""

    def carry_out(self, proposal: Proposal) -> str:
        """Do what was approved and say what came of it; doing it again changes nothing."""

    def closed(self, proposal: Proposal) -> None:
        """Let go of what only this question needed: nobody can say yes to it any more."""


class Owners:
    """The owner of each kind of proposal, made when it is first asked.

    A kind without an owner waits and is decided like any other; whoever reads the decision from
    the ledger (a feature that waits at its gate) goes on by itself.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._given: dict[str, Owner] = {}

    def set(self, kind: str, owner: Owner) -> None:
        self._given[kind] = owner

    def get(self, kind: str) -> Owner | None:
        if kind in self._given:
            return self._given[kind]
        if kind in MEMORY_KINDS:
            return self._home.global_memory
        if kind in (*OFFER_KINDS, COPY_KIND):
            return self._home.opportunities.offers
        return self._home.publishing if kind in OUTBOX_KINDS else None
