"""The learnings of one company as they stand now, and the redaction that fits it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from coordinator.by_hand import SOURCE
from coordinator.git.address import SCP
from coordinator.memory import LEARNING_COLUMNS
from coordinator.redaction import Redactor
from coordinator.settings import CompanySettings
from resources.tables import schemas
from resources.tables.arrow_rows import to_frame

if TYPE_CHECKING:
    import pandas as pd

    from resources.home import Home
    from resources.tables import Tables


def learning_of(home: Home, company: str, learning: str) -> dict[str, Any] | None:
    """The learning as a row of LEARNING_COLUMNS; None when the company has none of that id.

    What was written by hand comes from the ledger, whether or not it is searchable yet.
    """
    by_hand = home.by_hand.learnings(company)
    for frame in (by_hand, _learned(home.companies.instance(company).tables(), learning)):
        # as Python's text: Arrow's comparison cannot take half of a surrogate pair
        found = frame[frame["id"].astype(object) == learning].to_dict("records")
        if found:
            return {str(name): value for name, value in found[0].items()}
    return None


def _learned(tables: Tables, learning: str) -> pd.DataFrame:
    """The learning's row in the table, if it is there.

    One written by hand is left out: taken back, it may still stand in a table that could not be
    written yet.
    """
    from lancedb.expr import col, lit

    if not tables.exists("learnings") or not learning.isascii():
        return tables.read("none", schema=schemas.learnings())
    with tables.reading("learnings") as table:
        wanted = (col("id") == lit(learning)) & (col("source") != lit(SOURCE))
        return to_frame(table.search().where(wanted).select(list(LEARNING_COLUMNS)).to_arrow())


class Redactors:
    """What each company masks, made once and again when its settings or its people changed."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._made: dict[str, tuple[tuple[str, int, int], Redactor]] = {}

    def of(self, company: str) -> Redactor:
        """What `company` masks: its people, its hosts, its leak list."""
        instance = self._home.companies.instance(company)
        tables = instance.tables()
        versions = (tables.version("git_commits"), tables.version("jira_issues"))
        state = (instance.settings_hash, *versions)
        held = self._made.get(company)
        if held is None or held[0] != state:
            held = (state, _redactor(instance.settings, tables))
            self._made[company] = held
        return held[1]


def _redactor(settings: CompanySettings, tables: Tables) -> Redactor:
    commits = tables.read("git_commits", ["author", "author_email"])
    named = {*commits["author"], *commits["author_email"]}
    for people in tables.read("jira_issues", ["people"])["people"]:
        named.update(people)
    return Redactor(
        people=sorted({*named, *_people(settings)} - {""}),
        hosts=sorted(set(_hosts(settings))),
        words=settings.sharing.mask,
    )


def _people(settings: CompanySettings) -> Iterator[str]:
    for owner in settings.owners:
        yield from (owner.name, owner.email)
    for site in (settings.jira, settings.confluence):
        if site is not None:
            yield site.email
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
    yield from filter(None, (urlsplit(url).hostname for url in _services(settings)))


def _services(settings: CompanySettings) -> Iterator[str]:
    for site in (settings.jira, settings.confluence):
        if site is not None:
            yield site.site
    if settings.supabase is not None and settings.supabase.url is not None:
        yield settings.supabase.url


def _place(url: str) -> tuple[str, str]:
    """Host and path of a repository; no host for a local one."""
    short = SCP.fullmatch(url)
    if short is not None and "://" not in url:
        return short["host"], short["path"]
    parts = urlsplit(url)
    return parts.hostname or "", parts.path
