"""Whether an Atlassian account can be used: its token, and the clock of its site."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from coordinator.settings import Atlassian
from resources.doctor.findings import Finding, failure, ok, warning

NEAR_ITS_END = timedelta(days=30)
SKEW = timedelta(minutes=2)


def token(settings: Atlassian) -> Iterator[Finding]:
    """Whether there is a token, and for how long."""
    name = settings.token_env
    if not os.environ.get(name):
        said = f"the environment variable {name} is not set"
        yield failure("token", said, f"put the API token of {settings.email} there")
        return
    end = settings.token_expires
    today = datetime.now(UTC).date()
    heals = f"make a new one for {settings.email}, put it in {name}, and set `token_expires`"
    if end is None:
        yield ok("token", f"{name} is set; set `token_expires` to be warned in time")
    elif end < today:
        yield failure("token", f"its last day was {end}", heals)
    elif end - today <= NEAR_ITS_END:
        yield warning("token", f"it ends on {end}, in {(end - today).days} days", heals)
    else:
        yield ok("token", f"{name} is set, until {end}")


def clock(server: datetime | None) -> Iterator[Finding]:
    """Whether the server's clock and ours say the same, as far as it told."""
    if server is None:
        return
    apart = abs(datetime.now(UTC) - server)
    if apart > SKEW:
        said = f"its clock and this machine's are {int(apart.total_seconds())} seconds apart"
        yield warning("clock", said, "set this machine's clock; the service's is what counts")
