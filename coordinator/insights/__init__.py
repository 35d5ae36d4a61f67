"""Insights: what a company is asked to show of a pattern, in its own words."""

from coordinator.insights.parts import (
    INSIGHT,
    Quoted,
    counts_as_asked,
    part_text,
    quotable,
    quoted_in,
)

__all__ = ["INSIGHT", "Quoted", "counts_as_asked", "part_text", "quotable", "quoted_in"]
