"""A company's private memory in its own LanceDB database."""

from resources.memory.private_memory import (
    NEXT_TABLE,
    TABLE,
    PrivateMemory,
)

__all__ = [
    "NEXT_TABLE",
    "TABLE",
    "PrivateMemory",
]
