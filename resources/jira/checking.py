"""Whether a Jira project can be read and published to, and what to do where it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from coordinator.settings import JiraSettings, JiraTarget
from resources.atlassian import Site, checking
from resources.doctor.findings import Finding, failure, looked, ok, warning
from resources.jira.client import JiraClient

READS = ("BROWSE_PROJECTS",)
WRITES = ("CREATE_ISSUES", "EDIT_ISSUES", "TRANSITION_ISSUES")


def check(site: Site, settings: JiraTarget) -> Iterator[Finding]:
    """Look at token, account and project; nothing is changed."""
    client = JiraClient(site)
    yield from looked("token", lambda: checking.token(settings))
    account = list(looked("account", lambda: _account(client)))
    yield from account
    if any(one.level == "failure" for one in account):
        return  # nothing else can be said of it
    yield from looked("project", lambda: _project(client, settings))


def _account(client: JiraClient) -> Iterator[Finding]:
    kind = client.server().deployment
    if kind != "Cloud":
        yield failure(
            "account",
            f"this is Jira {kind or 'of an unknown kind'}: only Jira Cloud is read",
            "Jira Data Center has another interface; take its settings out",
        )
        return
    account, at = client.myself()
    zone = account.zone or "no time zone"
    yield from checking.clock(at)
    try:
        ZoneInfo(account.zone or "")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield warning(
            "account",
            f"its time zone is not known here ({zone}): twelve hours more are read each time",
            "set a time zone in the account's profile, or update tzdata",
        )
    else:
        yield ok("account", f"accepted, in {zone}")


def _project(client: JiraClient, settings: JiraTarget) -> Iterator[Finding]:
    client.check_browsable(settings.project)
    needed = WRITES if settings.publish else ()
    have = client.permissions(settings.project, [*READS, *needed])
    missing = sorted(key for key, held in have.items() if not held)
    if missing:
        said = f"{settings.project} is there, but {settings.email} lacks {', '.join(missing)}"
        yield failure("project", said, "give the account these permissions in the project")
        return
    reads = isinstance(settings, JiraSettings) and settings.read
    can = [*(["read"] if reads else []), *(["published to"] if needed else [])]
    yield ok("project", f"{settings.project} can be {' and '.join(can) or 'seen'}")
