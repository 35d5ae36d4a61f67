"""Proves that nothing private shows: canaries planted, every read path tried, all judged."""

from orch_dagster.isolation.judging import Leak, Proof, Tried
from orch_dagster.isolation.proving import prove

__all__ = ["Leak", "Proof", "Tried", "prove"]
