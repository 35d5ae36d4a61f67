"""What every event's payload is: a frozen model that forbids unknown keys, known by its type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from coordinator.ledger.chain import MAX_INTEGER

Name = Annotated[str, Field(min_length=1, max_length=500)]
Reason = Annotated[str, Field(max_length=2_000)]
Count = Annotated[int, Field(ge=0, le=MAX_INTEGER)]
Number = Annotated[int, Field(ge=1, le=MAX_INTEGER)]
TextHash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""sha256 of a text kept beside the events: it can be purged, the event that names it cannot."""

REGISTRY: dict[str, type[Payload]] = {}
"""Payload model by event type."""


class Payload(BaseModel):
    """The typed content of one event; subclasses name their `event_type`.

    `text_fields` are the fields that name a text (TextHash) kept for the event's company.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False
    )
    event_type: ClassVar[str]
    schema_version: ClassVar[int] = 1
    text_fields: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        REGISTRY[cls.event_type] = cls

    def text_hashes(self) -> Iterator[str]:
        """The hashes of the texts this event names."""
        for name in self.text_fields:
            yield getattr(self, name)
