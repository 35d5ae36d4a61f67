"""Every call to Jira, Confluence and Supabase: in its lane, within its time, to its host only."""

from resources.http.lane import LaneState
from resources.http.lanes import Lanes

__all__ = ["LaneState", "Lanes"]
