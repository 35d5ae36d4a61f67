"""Git, hardened: a bare mirror of our own, fetched and read by object id."""

from resources.git.mirror import (
    Fetched,
    Mirror,
    RemoteHead,
    fast_import,
)

__all__ = [
    "Fetched",
    "Mirror",
    "RemoteHead",
    "fast_import",
]
