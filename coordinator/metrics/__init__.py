"""Metrics of the coordination: what each one is, and its history as the ledger tells it."""

from coordinator.metrics.definitions import COUNT, METRICS, SHARE, Measured, Metric
from coordinator.metrics.history import Day, History, as_frame, history

__all__ = [
    "COUNT",
    "METRICS",
    "SHARE",
    "Day",
    "History",
    "Measured",
    "Metric",
    "as_frame",
    "history",
]
