"""Insights: what a company is asked to show of a pattern, in its own words."""

from coordinator.insights.parts import INSIGHT, Quoted, part_text, quoted_in

__all__ = ["INSIGHT", "Quoted", "part_text", "quoted_in"]
