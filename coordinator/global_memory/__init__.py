"""The global memory: what is published of a learning, and what became of each copy."""

from coordinator.global_memory.merging import MERGE, PUBLISH, learnings_of
from coordinator.global_memory.publication import Publication, global_id, publication_of
from coordinator.global_memory.state import GLOBAL_MEMORY, Copy, GlobalState, is_pattern

__all__ = [
    "GLOBAL_MEMORY",
    "MERGE",
    "PUBLISH",
    "Copy",
    "GlobalState",
    "Publication",
    "global_id",
    "is_pattern",
    "learnings_of",
    "publication_of",
]
