"""What one company has and another needs."""

from resources.opportunities.opportunities import Opportunities, RefreshedOpportunities
from resources.opportunities.showing import ShownOpportunity, Side

__all__ = ["Opportunities", "RefreshedOpportunities", "ShownOpportunity", "Side"]
