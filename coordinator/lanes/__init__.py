"""What bounds every call to another host: how often, how long, where to, and what its end means."""

from coordinator.lanes.addresses import address_kind, allowed_kinds, worth_trying
from coordinator.lanes.breaker import Breaker, Stand
from coordinator.lanes.bucket import Bucket
from coordinator.lanes.line import Line
from coordinator.lanes.meaning import (
    ANSWERED,
    Effect,
    Outcome,
    again_after,
    effect_of,
    error_of,
    outcome_of,
    wait_after,
)
from coordinator.lanes.shown import redirect_host, shown_path
from coordinator.lanes.waits import Told, told

__all__ = [
    "ANSWERED",
    "Breaker",
    "Bucket",
    "Effect",
    "Line",
    "Outcome",
    "Stand",
    "Told",
    "address_kind",
    "again_after",
    "allowed_kinds",
    "effect_of",
    "error_of",
    "outcome_of",
    "redirect_host",
    "shown_path",
    "told",
    "wait_after",
    "worth_trying",
]
