"""Whose text a proposal is: who says what it is now, and who carries an approval out."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from coordinator.approvals import Proposal
    from resources.home import Home


class Owner(Protocol):
    """What answers for one kind of proposal."""

    def current_text(self, proposal: Proposal) -> str | None:
        """What the proposal would be about if it were made now; None when that is gone."""

    def carry_out(self, proposal: Proposal) -> str:
        """Do what was approved and say what came of it; doing it again changes nothing."""


class Owners(MutableMapping[str, Owner]):
    """The owner of each kind of proposal, made when it is first asked.

    A kind without an owner waits and is decided like any other; whoever reads the decision from
    the ledger (a feature that waits at its gate) goes on by itself.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._given: dict[str, Owner] = {}

    def __getitem__(self, kind: str) -> Owner:
        if kind in self._given:
            return self._given[kind]
        if kind in ("publish_learning", "merge_learnings"):
            return self._home.global_memory
        raise KeyError(kind)

    def __setitem__(self, kind: str, owner: Owner) -> None:
        self._given[kind] = owner

    def __delitem__(self, kind: str) -> None:
        del self._given[kind]

    def __iter__(self) -> Iterator[str]:
        return iter({"publish_learning", "merge_learnings", *self._given})

    def __len__(self) -> int:
        return len(set(self))
