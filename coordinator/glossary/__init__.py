"""A small glossary of software words, Portuguese and English, that widens queries both ways."""

from coordinator.glossary.widening import NOTHING, Widening, widen

__all__ = ["NOTHING", "Widening", "widen"]
