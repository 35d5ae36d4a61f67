"""Restores what is searched from what is true: the ledger and the companies' sources."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from coordinator.errors import OrchError
from coordinator.ports import Progress
from orch_dagster.syncing import Synced, sync_companies
from resources.home import Home
from resources.rebuilding import LEARNINGS, Cleared, clear, embed_anew


@dataclass(frozen=True)
class Rebuilt:
    """What became of one company: the rows of its memory, and the damaged tables made anew.

    `problem` is empty when all of it was restored. Else the repository could not be read or the
    company was busy: what the ledger holds and what was there is searchable.
    """

    company: str
    rows: int
    made_anew: tuple[str, ...] = ()
    problem: str = ""
    hint: str = ""


def rebuild_companies(
    home: Home,
    names: Sequence[str],
    *,
    progress: Callable[[str], Progress],
    done: Callable[[Rebuilt], None] = lambda _: None,
) -> list[Rebuilt]:
    """Restore tables, learnings and memory of each of `names`; one that fails stops no other.

    Damaged tables are dropped, all sources are read again, what was written by hand comes from the
    ledger, and every learning is embedded anew. Searches answer from the old memory meanwhile,
    unless that was damaged.
    """
    cleared: dict[str, Cleared] = {}
    failed: dict[str, OrchError] = {}
    for name in names:
        try:
            cleared[name] = clear(home, name, progress(name))
        except OrchError as error:
            failed[name] = error
    synced: dict[str, Synced] = {}

    def keep(result: Synced) -> None:
        synced[result.company] = result

    sync_companies(home, list(cleared), force=True, progress=progress, done=keep)
    results = []
    for name in names:
        if name in failed:
            result = Rebuilt(name, 0, (), failed[name].message, failed[name].hint)
        else:
            result = _finished(home, cleared[name], synced[name], progress(name))
        results.append(result)
        done(result)
    return results


def _finished(home: Home, cleared: Cleared, synced: Synced, progress: Progress) -> Rebuilt:
    """Embed anew what stayed, and index what was written by hand where no sync could."""
    name, problem, hint = synced.company, synced.error, synced.hint
    try:
        if problem:
            home.by_hand.index(name)
        # without a sync an emptied table of learnings would empty a memory that is whole
        if cleared.embed_anew and not (problem and LEARNINGS in cleared.tables):
            embed_anew(home, name, progress)
    except OrchError as error:
        problem, hint = problem or error.message, hint or error.hint
    rows = home.companies.instance(name).tables().rows("private_memory")
    return Rebuilt(name, rows, cleared.tables, problem, hint)
