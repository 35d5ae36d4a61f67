"""The demo's Atlassian site: served on this machine, in the sample companies' settings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from coordinator.errors import UsageError
from coordinator.settings import (
    ConfluenceSettings,
    CoordinatorConfluence,
    CoordinatorJira,
    JiraSettings,
    dump,
)
from orch_dagster.samples.company_sites import (
    COORDINATOR_EMAIL,
    COORDINATOR_KEY,
    TOKEN,
    TOKEN_ENV,
    company_sites,
    open_site,
)
from resources.files import write_text
from resources.home import SETTINGS_FILE, Home

if TYPE_CHECKING:
    from orch_dagster.samples.atlassian import StandIn

DOCS = "docs"


def state_file(home: Home) -> Path:
    """Where the site is kept between two demos; there when a demo had one."""
    return home.path / "samples" / "atlassian.json"


@contextmanager
def served(home: Home, port: int) -> Iterator[tuple[StandIn, str]]:
    """Serve the site on 127.0.0.1 while the block runs, and name it in the companies' settings.

    What happened on it is kept for the next demo. UsageError when the port is in use.
    """
    site = open_site(state_file(home))
    os.environ.setdefault(TOKEN_ENV, TOKEN)
    with ExitStack() as stack:
        try:
            url = stack.enter_context(site.serving(port))
        except OSError:
            hint = "is another demo running? else choose one with --port"
            raise UsageError(f"port {port} is in use", hint=hint) from None
        stack.callback(site.save, state_file(home))
        _configure(home, url)
        yield site, url


def _configure(home: Home, url: str) -> None:
    """Write the site into the settings, where it does not stand there already."""
    # a site on this machine needs no sparing
    account = {"site": url, "token_env": TOKEN_ENV, "loopback": True, "requests_per_second": 50}
    own = account | {"email": COORDINATOR_EMAIL}
    settings = home.settings.model_copy(
        update={
            "jira": CoordinatorJira(project=COORDINATOR_KEY, **own),
            "confluence": CoordinatorConfluence(space=COORDINATOR_KEY, **own),
        }
    )
    if settings != home.settings:
        write_text(home.path / SETTINGS_FILE, dump(settings))
        home.__dict__.pop("settings", None)
    for one in company_sites():
        instance = home.companies.instance(one.company)
        mine = account | {"email": one.email}
        wanted = instance.settings.model_copy(
            update={
                "jira": JiraSettings(project=one.project, comments=True, **mine),
                "confluence": ConfluenceSettings(space=one.space, docs=DOCS, **mine),
            }
        )
        if wanted != instance.settings:
            instance.write_settings(wanted)
