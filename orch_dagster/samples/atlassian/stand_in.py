"""A stand-in for an Atlassian Cloud site: Jira and Confluence in this process."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import httpx

from orch_dagster.samples.atlassian.in_confluence import InConfluence
from orch_dagster.samples.atlassian.in_jira import InJira
from orch_dagster.samples.atlassian.records import Account, Person, Rules
from orch_dagster.samples.atlassian.saving import load, save
from orch_dagster.samples.atlassian.serving import InProcess, serving
from orch_dagster.samples.atlassian.site import Site

CLOUD_ID = "11111111-2222-4333-8444-555555555555"


class StandIn(InJira, InConfluence):
    """A site with its accounts, projects and spaces.

    `clock` gives the real time in UTC; what the site's own clock shows is that plus `rules.skew`.
    `url` is its address, `cloud_id` what the gateway calls it. All methods may be called from any
    thread; the same calls at the same times always give the same answers.
    """

    def __init__(
        self,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        rules: Rules | None = None,
        *,
        url: str = "https://stand-in.atlassian.net",
        cloud_id: str = CLOUD_ID,
        site: Site | None = None,
    ) -> None:
        super().__init__(clock, rules or Rules(), url, cloud_id, site or Site())

    @classmethod
    def load(
        cls,
        path: Path,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        rules: Rules | None = None,
        **options: str,
    ) -> StandIn:
        """The stand-in that was saved to a file; searches see all that stands there at once."""
        return cls(clock, rules, site=load(path, clock()), **options)

    def save(self, path: Path) -> None:
        """Write all that stands there, accounts too, to a file only its owner may read."""
        with self._lock:
            self.settle()
            save(self.site, path)

    def add_account(self, account: Account) -> Account:
        """Give somebody a token; one person may have several."""
        with self._lock:
            self.site.accounts[account.email, account.token] = account
            self.site.people[account.account_id] = Person(
                account.account_id, account.display_name, account.email, account.time_zone
            )
            return account

    def remove_account(self, account: Account) -> None:
        """Revoke a token."""
        with self._lock:
            self.site.accounts.pop((account.email, account.token), None)

    def transport(self) -> httpx.BaseTransport:
        """What an httpx client takes to talk to the stand-in without a network."""
        return InProcess(self.handle)

    def serving(self, port: int = 0) -> AbstractContextManager[str]:
        """Serve over HTTP on 127.0.0.1 while the block runs; gives the URL."""
        return serving(self.handle, port)
