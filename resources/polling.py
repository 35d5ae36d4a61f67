"""Asks many companies' repositories for their heads at once, each on its own."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from coordinator.errors import OrchError
from coordinator.sweeps import Poll
from resources.companies import Companies

POLL_TIMEOUT_S = 15.0
WORKERS = 8


def poll_heads(
    companies: Companies, names: Sequence[str], *, deadline_s: float | None = None
) -> list[Poll]:
    """The head of each company, in the order of `names`.

    A company that cannot be read has ``head=None`` and says why; it never stops the others. With
    `deadline_s` (seconds from now), the result ends before the first company not asked in time.
    """
    end = None if deadline_s is None else time.monotonic() + deadline_s

    def poll(name: str) -> Poll | None:
        if end is not None and time.monotonic() + POLL_TIMEOUT_S > end:
            return None
        try:
            with companies.instance(name).mirror() as mirror:
                return Poll(name, mirror.remote_head(timeout_s=POLL_TIMEOUT_S).sha)
        except OrchError as error:
            return Poll(name, None, str(error))

    polls = []
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="poll") as pool:
        for found in pool.map(poll, names):
            if found is None:
                break
            polls.append(found)
    return polls
