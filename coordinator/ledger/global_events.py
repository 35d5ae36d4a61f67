"""What is recorded of the global memory, in the stream ``global``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from coordinator.ledger.company_events import LearningId
from coordinator.ledger.payloads import Name, Number, Payload, Reason, TextHash
from coordinator.settings import Category, CompanySlug

GlobalId = Annotated[str, Field(pattern=r"^g-[0-9a-f]{16}$")]


class LearningPublished(Payload):
    """A copy of a learning of the event's company entered the global memory.

    `content` is the hash of the publication as it was approved in proposal `proposal`.
    """

    event_type = "learning_published"
    text_fields = ("content",)
    id: GlobalId
    learning: LearningId
    category: Category
    content: TextHash
    proposal: Number


class LearningSuperseded(Payload):
    """The copy `id` is told by the copy `by` from now on, as approved in `proposal`."""

    event_type = "learning_superseded"
    id: GlobalId
    by: GlobalId
    proposal: Number


class LearningSeen(Payload):
    """The company `viewer` was shown the copy `id` of another company for the first time."""

    event_type = "learning_seen"
    id: GlobalId
    viewer: CompanySlug
    surface: Name


class LearningRetracted(Payload):
    """The copy `id` was taken back; `seen_by` are the companies that had been shown it."""

    event_type = "learning_retracted"
    id: GlobalId
    reason: Reason
    seen_by: tuple[CompanySlug, ...] = ()
