"""What is published, and what stands there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from coordinator.ledger.chain import canonical_json

Service = Literal["jira", "confluence"]
GONE = "gone"
"""The stamp of an object that was deleted, trashed or archived by somebody else."""


@dataclass(frozen=True)
class Target:
    """A place of one service: the coordinator's own (`company` empty) or a company's."""

    service: Service
    company: str = ""

    @property
    def stream(self) -> str:
        """The stream of the ledger that holds what is published there."""
        return f"outbox:{self.service}:{self.company}" if self.company else f"outbox:{self.service}"

    @property
    def whose(self) -> str:
        """Whose place it is, for people."""
        return self.company or "the coordinator"

    @classmethod
    def of_stream(cls, stream: str) -> Target:
        """The target whose stream that is."""
        _, service, *company = stream.split(":")
        return cls("jira" if service == "jira" else "confluence", *company)


@dataclass(frozen=True)
class Wanted:
    """A publication as it should stand: `body` is Markdown, `parent` the key of the page above.

    `owner` is the company whose words they are; its people are asked when somebody changed them.
    """

    key: str
    subject: str
    owner: str
    title: str
    body: str
    parent: str = ""
    labels: tuple[str, ...] = ()

    @property
    def content(self) -> str:
        """The hash of all that is written: equal content is not written again."""
        said = canonical_json([self.title, self.body, self.parent, list(self.labels)])
        return hashlib.sha256(said.encode("utf-8")).hexdigest()[:32]


@dataclass(frozen=True)
class Draft:
    """What is sent to a service: an ADF document that carries the key, under the page `parent`."""

    key: str
    title: str
    document: Mapping[str, Any]
    content: str
    parent: str | None = None
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Remote:
    """An object as it stands in its place.

    `stamp` tells whether somebody changed it since. `ours` says that nobody else wrote what stands
    there, `content` is its hash where that is known. `state` is ``archived`` for what was taken
    out of sight, ``gone`` for what was thrown away. `name` is what people call it: an issue's key,
    a page's id.
    """

    id: str
    name: str
    stamp: str
    ours: bool
    content: str = ""
    title: str = ""
    state: Literal["standing", "archived", "gone"] = "standing"
