"""Store or rebuild a memory and die by SIGKILL after so many texts: ``FOLDER VERB TEXTS COUNT``."""

import os
import signal
import sys
from pathlib import Path

import memories

from coordinator.settings import EmbeddingSettings
from resources.memory import vector_table as memory


class Deadly:
    """A progress that ends its process without a word."""

    def __init__(self, after: int) -> None:
        self._left = after

    def start(self, label: str, total: int | None) -> None: ...

    def advance(self, amount: int = 1) -> None:
        self._left -= amount
        if self._left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def finish(self) -> None: ...


folder, verb, count, after = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
memory.CHUNK = 4
model = EmbeddingSettings(query_prompt="q: " if verb == "rebuild" else "")
kept = memories.memory_in(Path(folder), memories.HashEmbedder(), embedding=model)
rows = memories.learnings(*(f"key{number}" for number in range(count)))
getattr(kept, verb)(rows, Deadly(after))
