"""What spans companies: the coordinator's own tables, the shared copies, and what was approved."""

from __future__ import annotations

from collections.abc import Iterator

from resources.doctor import tables as doctor_tables
from resources.doctor.findings import Finding, failure, looked, ok, warning
from resources.doctor.published import published
from resources.home import Home

TABLE = "global_memory"
REFRESH = "orch sync --all --force"
REBUILD = "orch memory rebuild"
FINISH = "the next `orch company create` or `remove` finishes the removal"


def shared(home: Home) -> Iterator[Finding]:
    """The tables of the coordinator, the copies against the ledger, and what waits to be done."""
    opened = home.global_tables()
    found = list(doctor_tables.tables(opened, {}, company="", heals=REBUILD))
    yield from found
    if not any(one.what == TABLE and one.level == "failure" for one in found):
        yield from looked("shared", lambda: _copies(home), heals=REBUILD)
    yield from looked("retracted", lambda: _retracted(home), heals=REBUILD)
    yield from looked("approvals", lambda: _approvals(home))
    yield from looked("catalog", lambda: _catalog(home), heals=REFRESH)
    yield from looked("published", lambda: published(home))


def _copies(home: Home) -> Iterator[Finding]:
    """The table holds exactly the copies that were approved, word for word.

    One that is missing or late is only not shown yet; one that nobody approved, or that was taken
    back, is shown to companies that must not see it.
    """
    found = home.global_memory.audit()
    wrong = {*found.unapproved, *found.altered, *found.left_over}
    late = {*found.missing, *found.stale} - wrong
    if wrong:
        said = f"{len(wrong)} of {found.rows} copies are not what was approved, or taken back"
        yield failure("shared", said, REBUILD)
    if late:
        yield warning("shared", f"{len(late)} copies are not searchable as they stand", REBUILD)
    gone = {one.company for one in home.global_memory.state().copies.values()}
    gone -= set(home.companies.names())
    if gone:
        yield failure("shared", f"{len(gone)} companies that are gone still share", FINISH)
    if found.sound and not gone:
        yield ok("shared", f"exactly the {found.rows} copies that were approved")


def _retracted(home: Home) -> Iterator[Finding]:
    """The words of what was taken back are nowhere in the ledger's texts.

    Unless they were shared again, or somebody is asked whether they may be.
    """
    state = home.global_memory.state()
    needed = {(one.company, one.content) for one in state.copies.values()}
    needed |= {
        (one.company, one.content) for one in home.approvals.inbox().proposals if one.is_open
    }
    kept = [
        one
        for one in state.retracted.values()
        if (one.company, one.content) not in needed
        and home.ledger.texts(one.company, [one.content])
    ]
    if kept:
        said = f"the ledger still keeps the words of {len(kept)} copies that were taken back"
        yield failure("retracted", said, REBUILD)
    else:
        yield ok("retracted", f"{len(state.retracted)} copies, their words are purged")


def _approvals(home: Home) -> Iterator[Finding]:
    approved = home.approvals.approved()
    if approved:
        said = f"{len(approved)} approved proposals are not carried out yet"
        yield warning("approvals", said, "orch approve --all")
    else:
        yield ok("approvals", f"{len(home.approvals.waiting())} proposals wait for people")


def _catalog(home: Home) -> Iterator[Finding]:
    listed = set(home.global_tables().read("component_catalog", ["company"])["company"])
    gone = listed - set(home.companies.names())
    if gone:
        said = f"it lists components of {len(gone)} companies that are gone"
        yield warning("catalog", said, REFRESH)
    else:
        yield ok("catalog", f"components of {len(listed)} companies")
