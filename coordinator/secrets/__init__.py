"""Secrets in texts, found by two layers."""

from coordinator.secrets.finding import (
    find_secrets,
)

__all__ = [
    "find_secrets",
]
