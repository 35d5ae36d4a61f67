"""What the brain asks of the world, as protocols: the hands on floor 1 answer them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from coordinator.publishing.records import Draft, Remote, Wanted

BlobReader = Callable[[str], bytes | None]
"""Content of the file at a path of the current tree; None when missing or over the size limit."""

TokenCounter = Callable[[str], int]
"""Number of the embedding model's tokens in a text, special tokens not counted."""


class Embedder(Protocol):
    """Turns texts into unit vectors of shape (n, width), float32."""

    model: str
    width: int

    def embed_passages(
        self, texts: Sequence[str], on_batch: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]: ...

    def embed_query(self, text: str) -> NDArray[np.float32]: ...


class Publisher(Protocol):
    """One place where something is published; every method raises a SourceError when it cannot.

    What changes the world raises OutcomeUnknown when nobody can say whether it did.
    """

    within_s: float
    """A call is over after so many seconds, one way or the other."""

    def draft(self, wanted: Wanted, parent: str | None) -> Draft:
        """What would be sent for `wanted`, under the object whose id is `parent`."""

    def look(self, key: str, title: str | None, since: datetime | None) -> Sequence[Remote]:
        """The objects that carry `key`, oldest first.

        `title` is what one would be called, `since` when a call that may have made one was first
        announced. SourceRefused where something that is not ours stands in the way.
        """

    def read(self, id: str) -> Remote | None:
        """The object as it stands; None when it is gone for good."""

    def document(self, id: str) -> tuple[str, Any] | None:
        """The title and ADF document that stand there; None when the object is gone."""

    def create(self, draft: Draft) -> Remote: ...

    def write(self, remote: Remote, draft: Draft) -> Remote:
        """Write `draft` over the object as it was just read."""

    def withdraw(self, remote: Remote, key: str, content: str) -> Remote:
        """Put a notice in the place of what was published."""

    def mark(self, id: str, key: str, content: str) -> None:
        """Set label and property; doing it again changes nothing."""

    def archive(self, remote: Remote) -> Remote: ...

    def close(self, id: str, key: str) -> None:
        """Take a duplicate out of sight; doing it again changes nothing."""


class Progress(Protocol):
    """Where long work says how far it is: `total` None when unknown."""

    def start(self, label: str, total: int | None) -> None: ...

    def advance(self, amount: int = 1) -> None: ...

    def finish(self) -> None: ...
