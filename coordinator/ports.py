"""What the brain asks of the world, as protocols: the hands on floor 1 answer them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

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


class Progress(Protocol):
    """Where long work says how far it is: `total` None when unknown."""

    def start(self, label: str, total: int | None) -> None: ...

    def advance(self, amount: int = 1) -> None: ...

    def finish(self) -> None: ...
