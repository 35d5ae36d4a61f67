"""The companies' projects and spaces in the proof: a stand-in site, and what may be read on it.

Each company's account sees its own project and space; the coordinator's has one for all. What the
coordinator publishes there is read the way people read it: as it stands now.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from coordinator.settings import (
    ALL_CATEGORIES,
    CompanySettings,
    ConfluenceSettings,
    CoordinatorConfluence,
    CoordinatorJira,
    CoordinatorSettings,
    JiraSettings,
)
from orch_dagster.isolation.canaries import Canary
from orch_dagster.samples.atlassian import Account, Rules, StandIn

TOKEN, TOKEN_ENV = "canary", "ORCH_CANARY_TOKEN"
OWN = "ORCH"
"""The coordinator's project and space."""
SHOWN_TO = 2
"""Companies that have what others share published in their own places; with fifty, all of them
would be thousands of pages."""

ISSUE = (
    "{word} answered after our timeout because its queue was full, so orders were lost; each "
    "order is now kept until {word} says it has it. {reporter} found out."
)
PAGE = (
    "<h1>Decisions about {word}</h1><h2>Why {word} is asked once a minute</h2><p>Calls to {word} "
    "failed in bursts whenever the network was slow, so we ask once a minute and keep what it "
    "said; since then {word} has not been down for a whole minute.</p>"
)


@dataclass(frozen=True)
class Sites:
    """A site with the places of all companies; `keys` are their projects' and spaces' keys."""

    stand_in: StandIn
    url: str
    keys: Mapping[str, str]

    def own(self, settings: CoordinatorSettings) -> CoordinatorSettings:
        """The coordinator's settings with its places on the site."""
        account = self._account("coordinator")
        return settings.model_copy(
            update={
                "jira": CoordinatorJira(project=OWN, **account),
                "confluence": CoordinatorConfluence(space=OWN, **account),
                "supabase": None,
            }
        )

    def with_places(self, settings: CompanySettings) -> CompanySettings:
        """A company's settings with its places on the site, and with none anywhere else."""
        key, account = self.keys[settings.name], self._account(settings.name)
        shown = ALL_CATEGORIES if [*self.keys].index(settings.name) < SHOWN_TO else ()
        return settings.model_copy(
            update={
                "jira": JiraSettings(project=key, publish=shown, comments=True, **account),
                "confluence": ConfluenceSettings(space=key, publish=shown, docs="docs", **account),
                "supabase": None,
            }
        )

    def fill(self, company: str, mine: Mapping[str, Canary]) -> None:
        """Put the company's canaries into its issues and pages."""
        old, key = datetime.now(UTC) - timedelta(days=30), self.keys[company]
        reporter = f"Rui {mine['reporter'].word}"
        said = [(reporter, f"{mine['comment'].word} is well now")]
        for place, comments in (("issue", said), ("shared-issue", [])):
            words = ISSUE.format(word=mine[place].word, reporter=reporter)
            self.stand_in.add_issue(
                key,
                summary=f"Orders lost in {mine[place].word}",
                description=words,
                status="Done",
                reporter=reporter,
                created=old,
                comments=comments,
            )
        storage = PAGE.format(word=mine["page"].word)
        title = f"Decisions about {mine['page'].word}"
        self.stand_in.add_page(key, title=title, storage=storage, author=reporter, created=old)

    def shown(self, company: str) -> str:
        """Everything people with access to a company's places read there; "": to our own."""
        key = self.keys[company] if company else OWN
        issues = [
            [row.key, row.summary, row.description, row.labels, row.properties]
            + [one.body for one in row.comments]
            for row in self.stand_in.issues(key)
        ]
        pages = [
            [page.title, page.body.value, *map(asdict, (*page.labels, *page.properties))]
            for page in self.stand_in.pages(key, status="current")
        ]
        return json.dumps([issues, pages], ensure_ascii=False, default=str)

    def _account(self, name: str) -> dict[str, object]:
        where = {"site": self.url, "email": _email(name), "token_env": TOKEN_ENV}
        return where | {"loopback": True, "requests_per_second": 100}


@contextmanager
def sites_of(companies: Sequence[str]) -> Iterator[Sites]:
    """The site, served on this machine while the block runs."""
    stand_in = StandIn(lambda: datetime.now(UTC), Rules())
    keys = {name: f"C{number}" for number, name in enumerate(companies)}
    for name, key in (("coordinator", OWN), *keys.items()):
        email = _email(name)
        stand_in.add_account(Account(email, TOKEN, f"acc-{key.lower()}", f"Bot of {key}"))
        stand_in.add_project(key, readers={email}, writers={email})
        stand_in.add_space(key, readers={email}, writers={email})
    before = os.environ.get(TOKEN_ENV)
    os.environ[TOKEN_ENV] = TOKEN
    try:
        with stand_in.serving() as url:
            yield Sites(stand_in, url, keys)
    finally:
        if before is None:
            del os.environ[TOKEN_ENV]
        else:
            os.environ[TOKEN_ENV] = before


def _email(name: str) -> str:
    return f"bot@{name}.example"
