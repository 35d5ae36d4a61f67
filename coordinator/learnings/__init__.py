"""What history teaches: commits, documents and components as short texts worth remembering."""

from coordinator.learnings.learning import (
    COLUMNS,
    Learned,
    learn,
)

__all__ = [
    "COLUMNS",
    "Learned",
    "learn",
]
