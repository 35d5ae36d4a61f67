"""What the ledger knows of the coordinator itself, folded from the stream ``coordinator``."""

from __future__ import annotations

from dataclasses import dataclass, replace

from coordinator.ledger.coordinator_events import (
    DamageAcknowledged,
    HomeInitialized,
    TextsPurged,
)
from coordinator.ledger.events import Event
from coordinator.ledger.reducer import Reducer


@dataclass(frozen=True)
class CoordinatorState:
    """The embedding model the home was made with, and the damaged positions somebody accepted."""

    version: int = 0
    model: str = ""
    width: int | None = None
    acknowledged: tuple[int, ...] = ()


def _initialized(
    state: CoordinatorState, initialized: HomeInitialized, _: Event
) -> CoordinatorState:
    return replace(state, model=initialized.model, width=initialized.width)


def _unchanged(state: CoordinatorState, _: TextsPurged, __: Event) -> CoordinatorState:
    return state


def _acknowledged(
    state: CoordinatorState, acknowledged: DamageAcknowledged, _: Event
) -> CoordinatorState:
    return replace(state, acknowledged=(*state.acknowledged, acknowledged.position))


COORDINATOR_ITSELF: Reducer[CoordinatorState] = Reducer(
    name="coordinator",
    version=1,
    initial=CoordinatorState(),
    rules={
        HomeInitialized: _initialized,
        TextsPurged: _unchanged,
        DamageAcknowledged: _acknowledged,
    },
)
"""The reducer of the stream ``coordinator``."""
