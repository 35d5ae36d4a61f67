"""Proves that nothing private shows: canaries planted, every read path tried, all judged."""

from orch_dagster.isolation.prove import prove
from orch_dagster.isolation.proving import Leak, Proof, Tried

__all__ = ["Leak", "Proof", "Tried", "prove"]
