"""Whether a Confluence space can be read and published to, and what to do where it cannot."""

from __future__ import annotations

from collections.abc import Iterator

from coordinator.settings import ConfluenceSettings, ConfluenceTarget
from resources.atlassian import Site, checking
from resources.confluence.client import ConfluenceClient
from resources.doctor.findings import Finding, failure, looked, ok


def check(site: Site, settings: ConfluenceTarget) -> Iterator[Finding]:
    """Look at token, account and space; nothing is changed."""
    yield from looked("token", lambda: checking.token(settings))
    yield from looked("space", lambda: _space(ConfluenceClient(site), settings))


def _space(client: ConfluenceClient, settings: ConfluenceTarget) -> Iterator[Finding]:
    found, at = client.space(settings.space)
    yield from checking.clock(at)
    own = isinstance(settings, ConfluenceSettings)
    reads = own and settings.read
    writes = bool(settings.publish) or (own and bool(settings.docs))
    if writes and not client.may_write(found.id):
        said = f"{settings.space} is there, but {settings.email} may not make pages in it"
        yield failure("space", said, "give the account Add Page in the space")
        return
    can = [*(["read"] if reads else []), *(["published to"] if writes else [])]
    yield ok("space", f"{settings.space} can be {' and '.join(can) or 'seen'}")
