"""What is told of patterns and offers, and who is asked before."""

from resources.insights.insights import Insights, RefreshedInsights

__all__ = ["Insights", "RefreshedInsights"]
