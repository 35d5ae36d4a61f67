"""What several companies have in common."""

from resources.patterns.patterns import Patterns, Refreshed
from resources.patterns.showing import Shown, ShownMember

__all__ = ["Patterns", "Refreshed", "Shown", "ShownMember"]
