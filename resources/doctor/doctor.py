"""The round a doctor makes: the home, the ledger, each company, the global memory."""

from __future__ import annotations

from collections.abc import Iterator

from coordinator.errors import CompanyError, OrchError
from coordinator.ledger.company_state import CompanyState
from coordinator.ports import Progress
from coordinator.settings import SLUG, company_slug
from resources.doctor import house, instance, records, shared
from resources.doctor.findings import Finding, looked
from resources.home import Home
from resources.instances import Instance


def examine(
    home: Home, company: str | None = None, progress: Progress | None = None
) -> Iterator[Finding]:
    """Everything of `home`, or of one company and what it stands on; each thing as it is found.

    Nothing is changed. A look that breaks down is a failure and does not stop the others.
    CompanyError when there is no such company.
    """
    if (
        company is not None
        and not Instance(home.instances_folder / company_slug(company)).folder.is_dir()
    ):
        hint = "`orch company list` shows the companies"
        raise CompanyError(f"there is no company '{company}'", hint=hint)
    yield from looked("home", lambda: house.modes(home.path))
    yield from looked("settings", lambda: house.settings(home))
    yield from looked("disk", lambda: house.disk(home.path))
    yield from looked("dagster", lambda: house.dagster(home.dagster_folder))
    model = list(looked("model", lambda: house.model(home)))
    yield from model
    readable = True
    for finding in _ledger(home):
        readable = readable and finding.level != "failure"
        yield finding
    if readable and company is None:
        yield from looked("companies", lambda: records.companies(home))
        yield from looked("leftovers", lambda: house.leftovers(home))
    names = _names(home, company)
    if progress:
        progress.start("looking at companies", len(names))
    searches = readable and [finding.level for finding in model] == ["ok"]
    for name in names:
        yield from _company(home, name, readable=readable, search=searches)
        if progress:
            progress.advance()
    if progress:
        progress.finish()
    if readable:
        yield from shared.shared(home)


def _ledger(home: Home) -> Iterator[Finding]:
    gone = records.missing(home)
    if gone:
        yield from gone
        return
    yield from looked("ledger", lambda: records.ledger(home), heals=records.RESTORE)


def _names(home: Home, company: str | None) -> list[str]:
    """The companies to look at, without `home.companies`: that needs a sound ledger."""
    if company is not None:
        return [company]
    folder = home.instances_folder
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(path.name for path in found if SLUG.fullmatch(path.name) and path.is_dir())


def _company(home: Home, name: str, *, readable: bool, search: bool) -> Iterator[Finding]:
    state: CompanyState | None = None
    if readable:
        try:
            state = home.ledger.state(name)
        except OrchError as error:
            yield Finding("failure", "ledger", error.message, error.hint, name)
    yield from looked(
        "company", lambda: instance.company(home, name, state, search=search), company=name
    )
