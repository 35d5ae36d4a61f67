"""The metrics, read from the ledger and drawn."""

from resources.metrics.reading import read_history

__all__ = ["read_history"]
