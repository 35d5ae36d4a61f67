"""LanceDB tables: reconciled by id, durable, one writer at a time."""

from resources.tables.tables import (
    Tables,
    Written,
)

__all__ = [
    "Tables",
    "Written",
]
