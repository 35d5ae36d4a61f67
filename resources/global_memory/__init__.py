"""The global memory: copies that companies agreed to share."""

from resources.global_memory.global_memory import GlobalMemory
from resources.global_memory.retracting import Retracted

__all__ = ["GlobalMemory", "Retracted"]
