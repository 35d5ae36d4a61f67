"""Looks at everything a home consists of, and says what is damaged and what heals it."""

from resources.doctor.doctor import examine
from resources.doctor.findings import Finding

__all__ = ["Finding", "examine"]
