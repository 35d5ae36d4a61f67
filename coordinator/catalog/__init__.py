"""The components of a company: where they are, what they are, and which are copies."""

from coordinator.catalog.discovery import (
    COLUMNS,
    Discovered,
    KnownFingerprint,
    discover,
    remembered,
)

__all__ = [
    "COLUMNS",
    "Discovered",
    "KnownFingerprint",
    "discover",
    "remembered",
]
