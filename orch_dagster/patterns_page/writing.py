"""Gathers what the page shows and writes it, readable by its owner only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from orch_dagster.patterns_page.document import document
from orch_dagster.patterns_page.page import MARKER, page
from resources.files import write_text
from resources.patterns.mapping import gather_exchange, gather_map, names_of, words_of

if TYPE_CHECKING:
    from coordinator.ports import Progress
    from resources.home import Home


@dataclass(frozen=True)
class Written:
    """What is on the page: `shown` of so many `learnings`, and learnings by company.

    `problems` says by company why it is not on it.
    """

    learnings: int
    shown: int
    patterns: int
    exchanged: int
    companies: Mapping[str, int]
    bytes: int
    problems: Mapping[str, str]


def write_page(home: Home, target: Path, progress: Progress | None = None) -> Written:
    """Write the page of `home` to `target`, whole or not at all, with mode 0600."""
    standing = home.patterns.standing()
    gathered = gather_map(home, standing, progress=progress)
    exchange = gather_exchange(home)
    text = page(
        document(
            gathered,
            words_of(home, gathered.map.rows),
            home.patterns.shown(standing),
            exchange,
            names_of(home, exchange),
            home.companies.names(),
            made=datetime.now(UTC),
        )
    )
    write_text(target, text)
    totals = gathered.map.totals
    return Written(
        learnings=sum(totals.values()),
        shown=len(gathered.map.rows),
        patterns=len(standing),
        exchanged=len(exchange.things),
        companies=totals,
        bytes=len(text.encode()),
        problems=gathered.problems,
    )


def is_page(file: Path) -> bool:
    """Whether that file is such a page, of any home."""
    if not file.is_file():
        return False
    with file.open("rb") as opened:
        return opened.read(len(MARKER)) == MARKER.encode()
