"""The lanes of this process: breakers and buckets must outlive the home that is opened a tick."""

from __future__ import annotations

from functools import cache

from resources.http.lanes import Lanes


@cache
def process_lanes() -> Lanes:
    """The one set of lanes all homes of this process share."""
    return Lanes()
