"""The ledger: its files, chain, pages, anchors and texts, and the companies it knows."""

from __future__ import annotations

import os
from collections.abc import Iterator

from resources.doctor.findings import Finding, failure, ok, warning
from resources.home import Home

RESTORE = "restore ledger.db and ledger.anchors from a backup"


def missing(home: Home) -> list[Finding]:
    """The ledger's files that are gone: opening would make new, empty ones in their place."""
    files = ["ledger.anchors"]
    if not os.environ.get("ORCH_LEDGER_URL"):
        files.append("ledger.db")
    gone = [name for name in files if not (home.path / name).exists()]
    return [failure("ledger", f"{name} is missing", RESTORE) for name in gone]


def ledger(home: Home) -> Iterator[Finding]:
    verified = home.ledger.verify()
    yield ok("ledger", f"{verified.count} events, chain, pages, texts and anchors fit")
    behind = verified.count - verified.anchored_count
    if behind:
        said = f"the last {behind} events have no anchor: a cut there would not show"
        yield warning("ledger", said, "the next event anchors them all")


def companies(home: Home) -> Iterator[Finding]:
    """Companies of the ledger without a folder, and folders the ledger does not know."""
    folders = set(home.companies.names())
    created = home.ledger.read(event_type="company_created")
    known = {event.company for event in created if event.company is not None}
    living = {name for name in known if home.ledger.state(name).exists}
    for name in sorted(living - folders):
        folder = home.instances_folder / name
        said = f"the ledger knows '{name}', its folder {folder} is gone"
        yield failure("companies", said, "put the folder back from a backup")
    for name in sorted(folders - living):
        said = f"the ledger does not know '{name}' yet"
        yield warning("companies", said, f"orch sync {name}")
    if living == folders:
        yield ok("companies", f"{len(folders)}, all known to the ledger")
