"""Looks whether each configured service can be used, and says what to do where it cannot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from coordinator.settings import ConfluenceTarget, JiraTarget, SupabaseTarget
from resources.confluence import checking as confluence_checking
from resources.doctor.findings import Finding, looked
from resources.jira import checking as jira_checking
from resources.publishing.places import COORDINATOR

if TYPE_CHECKING:
    from resources.home import Home


def check(home: Home, companies: Sequence[str], *, coordinator: bool) -> Iterator[Finding]:
    """Everything configured for `companies`, and the coordinator's own places; nothing is changed.

    `what` of a finding begins with the service; a look that fails does not stop the others.
    """
    if coordinator:
        own = home.settings
        yield from _atlassian(home, COORDINATOR, own.jira, own.confluence)
        yield from _named("supabase", COORDINATOR, _supabase(home, "", own.supabase))
    for name in companies:
        settings = home.companies.instance(name).settings
        yield from _atlassian(home, name, settings.jira, settings.confluence)
        yield from _named("supabase", name, _supabase(home, name, settings.supabase))


def _atlassian(
    home: Home, owner: str, jira: JiraTarget | None, confluence: ConfluenceTarget | None
) -> Iterator[Finding]:
    if jira is not None:
        site = home.site(owner, jira, "jira")
        yield from _named("jira", owner, jira_checking.check(site, jira))
    if confluence is not None:
        site = home.site(owner, confluence, "confluence")
        yield from _named("confluence", owner, confluence_checking.check(site, confluence))


def _supabase(home: Home, company: str, settings: SupabaseTarget | None) -> Iterator[Finding]:
    if settings is None:
        return

    def look() -> Iterator[Finding]:
        with home.supabase(company, settings) as table:
            for one in table.check():
                yield Finding(one.level, one.what, one.said, one.hint)

    yield from looked("key", look)


def _named(service: str, owner: str, found: Iterator[Finding]) -> Iterator[Finding]:
    for one in found:
        yield replace(one, what=f"{service}: {one.what}", company=owner)
