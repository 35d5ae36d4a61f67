"""What spans companies: the coordinator's own tables, and the copies companies share."""

from __future__ import annotations

from collections.abc import Iterator

from resources.doctor import tables as doctor_tables
from resources.doctor.findings import Finding, looked, ok, warning
from resources.home import Home

REFRESH = "orch sync --all --force"


def memory(home: Home) -> Iterator[Finding]:
    """The tables of the coordinator, and whether they still tell of companies that are gone."""
    opened = home.global_tables()
    yield from doctor_tables.tables(opened, {}, company="", heals=REFRESH)
    yield from looked("catalog", lambda: _catalog(home), heals=REFRESH)


def _catalog(home: Home) -> Iterator[Finding]:
    listed = set(home.global_tables().read("component_catalog", ["company"])["company"])
    gone = listed - set(home.companies.names())
    if gone:
        said = f"it lists components of {len(gone)} companies that are gone"
        yield warning("catalog", said, REFRESH)
    else:
        yield ok("catalog", f"components of {len(listed)} companies")
