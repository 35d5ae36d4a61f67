"""The learnings of one company as they stand now, and the redaction that fits it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from coordinator.by_hand import SOURCE
from coordinator.git.address import SCP
from coordinator.redaction import Redactor
from coordinator.settings import CompanySettings

if TYPE_CHECKING:
    from resources.home import Home


def learning_of(home: Home, company: str, learning: str) -> dict[str, Any] | None:
    """The learning as a row of LEARNING_COLUMNS; None when the company has none of that id.

    What was written by hand comes from the ledger, whether or not it is searchable yet.
    """
    learned = home.companies.instance(company).tables().read("learnings")
    # one taken back by hand may still stand in a table that could not be written yet
    learned = learned[learned["source"] != SOURCE]
    for frame in (home.by_hand.learnings(company), learned):
        # as Python's text: Arrow's comparison cannot take half of a surrogate pair
        found = frame[frame["id"].astype(object) == learning].to_dict("records")
        if found:
            return {str(name): value for name, value in found[0].items()}
    return None


def redactor_for(home: Home, company: str) -> Redactor:
    """What `company` masks: its people, its hosts, its leak list."""
    instance = home.companies.instance(company)
    settings = instance.settings
    commits = instance.tables().read("git_commits", ["author", "author_email"])
    authors = {*commits["author"], *commits["author_email"]}
    return Redactor(
        people=sorted({*authors, *_people(settings)} - {""}),
        hosts=sorted(set(_hosts(settings))),
        words=settings.sharing.mask,
    )


def _people(settings: CompanySettings) -> Iterator[str]:
    for owner in settings.owners:
        yield from (owner.name, owner.email)
    roles = settings.approvals
    yield from (*roles.export, *roles.import_, *roles.publication)


def _hosts(settings: CompanySettings) -> Iterator[str]:
    for owner in settings.owners:
        if "@" in owner.email:
            yield owner.email.rpartition("@")[2]
    host, path = _place(settings.git.url)
    if host:
        yield host
        yield f"{host}/{path.strip('/').partition('/')[0]}"


def _place(url: str) -> tuple[str, str]:
    """Host and path of a repository; no host for a local one."""
    short = SCP.fullmatch(url)
    if short is not None and "://" not in url:
        return short["host"], short["path"]
    parts = urlsplit(url)
    return parts.hostname or "", parts.path
