"""What is recorded of publishing, in the streams ``outbox:<service>`` and
``outbox:<service>:<company>``.

Ids, hashes and counts only: what is published is made anew from where it comes from. `owner` is
the company whose words they are.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from coordinator.ledger.approval_events import Moment
from coordinator.ledger.payloads import Count, Name, Number, Payload
from coordinator.settings import CompanySlug

Operation = Literal["create", "write", "withdraw", "archive"]
"""The calls that change what people see; each is announced before it is made."""

Purpose = Literal["first", "doubt", "late"]
"""Why a place is looked at: before anything is made there, after a call whose end nobody knows,
and once more long after that."""
Key = Annotated[str, Field(pattern=r"^orch-[0-9a-f]{20}$")]
ContentHash = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
ExternalId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,100}$")]
Stamp = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,64}$")]
"""What tells whether somebody changed an object since: a page's version, a digest of an issue."""


class PublicationRequested(Payload):
    """A call that changes the world is about to be made, and is over within `within_s` seconds."""

    event_type = "publication_requested"
    key: Key
    subject: Name
    owner: CompanySlug
    operation: Operation
    content: ContentHash
    attempt: Number
    within_s: Count


class PublicationDone(Payload):
    """The call succeeded, or is seen to have: the object `id` stands there with `stamp`."""

    event_type = "publication_done"
    key: Key
    operation: Operation
    content: ContentHash
    id: ExternalId
    name: Name
    stamp: Stamp


class PublicationUnknown(Payload):
    """Nobody can say whether the call succeeded; `error_kind` is the name of an error class."""

    event_type = "publication_unknown"
    key: Key
    error_kind: Name


class PublicationRefused(Payload):
    """A call was refused for certain; nothing changed.

    `operation` is the one that was announced, or "look" for any that changes nothing people see.
    """

    event_type = "publication_refused"
    key: Key
    subject: Name
    owner: CompanySlug
    operation: Operation | Literal["look"]
    error_kind: Name
    status: Count | None = None
    retry_at: Moment | None = None


class PlaceRefused(Payload):
    """The place as a whole cannot be written to now: no answer, a refused token, too many calls."""

    event_type = "place_refused"
    error_kind: Name
    retry_at: Moment | None = None


class PublicationLooked(Payload):
    """The place was looked at; `found` are the objects that carry the key, oldest first."""

    event_type = "publication_looked"
    key: Key
    subject: Name
    owner: CompanySlug
    purpose: Purpose
    found: Annotated[tuple[ExternalId, ...], Field(max_length=100)] = ()


class PublicationAdopted(Payload):
    """The object `id`, found with the key, is ours; it carries `content`, if it is known what."""

    event_type = "publication_adopted"
    key: Key
    id: ExternalId
    name: Name
    stamp: Stamp
    content: ContentHash | None = None


class PublicationMarked(Payload):
    """Label and property stand on the object."""

    event_type = "publication_marked"
    key: Key


class PublicationEdited(Payload):
    """Somebody else changed or removed the object before `content` could be written over it.

    It stands there with `stamp` now.
    """

    event_type = "publication_edited"
    key: Key
    stamp: Stamp
    content: ContentHash


class PublicationReleased(Payload):
    """A person allowed to write `content` over the object as it stands with `stamp`."""

    event_type = "publication_released"
    key: Key
    stamp: Stamp
    content: ContentHash
    proposal: Number


class PublicationKept(Payload):
    """A person said to leave the object as it is: it is not touched again."""

    event_type = "publication_kept"
    key: Key
    proposal: Number


class DuplicateClosed(Payload):
    """The object `id`, which carries the key too, was closed or archived."""

    event_type = "duplicate_closed"
    key: Key
    id: ExternalId


class PublicationRetried(Payload):
    """A person asked to try again: refusals and a wish to leave the object alone are forgotten."""

    event_type = "publication_retried"
    key: Key
