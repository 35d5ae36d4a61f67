"""Every call to Jira, Confluence and Supabase: in its lane, within its time, to its host only."""

from resources.http.lane import LaneState
from resources.http.lanes import Lanes
from resources.http.process import process_lanes

__all__ = ["LaneState", "Lanes", "process_lanes"]
