"""What is recorded of the coordinator itself, in the stream ``coordinator``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from coordinator.ledger.payloads import Count, Name, Payload, Reason, TextHash


class HomeInitialized(Payload):
    event_type = "home_initialized"
    model: Name
    width: Annotated[int, Field(ge=1, le=65_536)] | None = None


class TextsPurged(Payload):
    """Texts of the event's company were deleted for good; the events that name them stay.

    Recorded in the stream that decided it. Without this event the ledger refuses the deletion.
    """

    event_type = "texts_purged"
    texts: Annotated[tuple[TextHash, ...], Field(min_length=1, max_length=10_000)]
    reason: Reason = ""


class DamageAcknowledged(Payload):
    """Somebody went on with a ledger that is damaged at `position`."""

    event_type = "damage_acknowledged"
    position: Count
