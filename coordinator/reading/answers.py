"""Answers of strangers' servers as records: what breaks the specification is said, never quoted."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from coordinator.errors import SourceMisbehaved

Answer = TypeVar("Answer", bound="Read")


class Read(BaseModel):
    """What we use of an answer; fields we do not know are left out: services add new ones."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)


def parsed(model: type[Answer], data: Any, what: str) -> Answer:
    """`data` as `model`; SourceMisbehaved names the field that does not fit, never its value."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        shown = where.encode("ascii", "backslashreplace").decode("ascii")[:80]
        raise SourceMisbehaved(
            f"the answer to {what} breaks the specification at '{shown}': {first['type']}",
            hint="it is read again later; when it stays, the service has changed",
        ) from None
