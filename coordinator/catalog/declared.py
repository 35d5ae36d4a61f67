"""A component somebody declared by hand: which folder it is, and what they say of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

CATEGORIES = (
    *("service", "frontend", "library", "datastore", "infrastructure", "tool", "job"),
    "documentation",
)

DECLARED = "declared by hand"
"""The reason such a component gives for being one."""


@dataclass(frozen=True)
class Declared:
    """A folder declared a component; empty words leave what the folder itself says."""

    path: str
    name: str = ""
    description: str = ""
    category: str = ""

    @property
    def id(self) -> str:
        """What events call it: not its path, which may be a private word."""
        return hashlib.sha256(self.path.encode()).hexdigest()[:32]
