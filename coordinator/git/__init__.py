"""What is known of a repository: records, addresses, and what git's words mean."""

from coordinator.git.records import (
    Commit,
    Snapshot,
    TreeEntry,
)

__all__ = [
    "Commit",
    "Snapshot",
    "TreeEntry",
]
