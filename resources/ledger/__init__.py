"""The ledger on disk: one append-only table, chained and anchored."""

from resources.ledger.ledger import (
    Ledger,
)

__all__ = [
    "Ledger",
]
