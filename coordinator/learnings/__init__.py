"""What history teaches: commits, documents and components as short texts worth remembering."""

from coordinator.learnings.learning import (
    Learned,
    learn,
)

__all__ = [
    "Learned",
    "learn",
]
