"""One account on one Atlassian Cloud site: every call in its lane, every refusal as our error.

A scoped token works only through api.atlassian.com by the site's cloud id, any other only on the
site's own host. What the server says in an error is never quoted: it may hold what was sent.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from coordinator.errors import (
    OutcomeUnknown,
    SourceAbsent,
    SourceLimit,
    SourceMisbehaved,
    SourceRefused,
    SourceUnauthorized,
)
from coordinator.reading.answers import Read, parsed
from coordinator.settings import Atlassian

if TYPE_CHECKING:
    import httpx

    from resources.http import Lanes

Product = Literal["jira", "confluence"]
Effect = Literal["read", "idempotent", "once"]
GATEWAY = "https://api.atlassian.com"
LONGEST_FIELD = 40


class Tenant(Read):
    cloudId: str


@dataclass(frozen=True)
class Answer:
    """A successful answer: its JSON (None when it has no body) and the server's clock."""

    data: Any
    at: datetime | None


class Site:
    """One account on one site, for Jira or Confluence; `owner` is the company it works for.

    The token is read from the environment when the first call is made and kept in no attribute
    that a repr would show.
    """

    def __init__(
        self,
        settings: Atlassian,
        product: Product,
        *,
        owner: str,
        lanes: Lanes,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.settings = settings
        self.product = product
        self.owner = owner
        self._lanes = lanes
        self._environ = os.environ if environ is None else environ

    def __repr__(self) -> str:
        return f"Site({self.product} of {self.owner} at {self.settings.site})"

    def call(
        self,
        method: str,
        path: str,
        *,
        what: str,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        effect: Effect | None = None,
    ) -> Answer:
        """Call `path` and return the answer; `what` names the call in errors.

        Raises a SourceError: SourceUnauthorized for 401 and 403, SourceAbsent for 404,
        SourceRefused for any other refusal, SourceMisbehaved for what is no JSON; what the lane
        raises besides (SourceUnreachable, SourceBusy, SourceLimit, OutcomeUnknown).
        """
        response = self._client.request(
            method,
            path,
            params={key: value for key, value in (params or {}).items() if value is not None},
            json=json,
            extensions={"effect": effect} if effect else {},
        )
        if response.status_code >= 300:
            raise self._refusal(response, what)
        return Answer(self._body(response, what, effect or "read"), _server_time(response))

    @cached_property
    def cloud_id(self) -> str:
        """The site's cloud id: from the settings, else as the site itself says."""
        if self.settings.cloud_id:
            return self.settings.cloud_id
        client = self._lanes.client(
            self.owner, self.product, self.settings, base_url=self.settings.site
        )
        response = client.get("/_edge/tenant_info")
        if response.status_code != 200:
            raise SourceAbsent(
                f"there is no Atlassian Cloud site at {self.settings.site}",
                hint="check `site`; Jira Data Center has another interface, which is not read",
            )
        return parsed(Tenant, self._body(response, "the cloud id", "read"), "the cloud id").cloudId

    @property
    def token_name(self) -> str:
        """The environment variable that holds the token."""
        return self.settings.token_env

    @cached_property
    def _client(self) -> httpx.Client:
        import httpx

        token = self._environ.get(self.settings.token_env, "")
        if not token:
            raise SourceUnauthorized(
                f"the environment variable {self.settings.token_env} is not set",
                hint=f"put the API token of {self.settings.email} there",
            )
        base = self.settings.site
        if self.settings.scoped:
            gateway = self.settings.site if self.settings.loopback else GATEWAY
            base = f"{gateway}/ex/{self.product}/{self.cloud_id}"
        return self._lanes.client(
            self.owner,
            self.product,
            self.settings,
            base_url=base,
            auth=httpx.BasicAuth(self.settings.email, token),
            headers={"Accept": "application/json"},
        )

    def _refusal(self, response: httpx.Response, what: str) -> Exception:
        where = f"{self.product} of {self.owner}: {what}"
        status = response.status_code
        if status == 401:
            return SourceUnauthorized(
                f"{where}: the token in {self.token_name} was refused",
                hint="tokens live at most 365 days: make a new one for "
                f"{self.settings.email}; a token with scopes needs `scoped: true`",
            )
        if status == 403:
            return SourceUnauthorized(
                f"{where}: {self.settings.email} may not do that",
                hint="`orch sources check` says which permission is missing",
            )
        if status == 404:
            return SourceAbsent(
                f"{where}: it is not there, or {self.settings.email} may not see it",
                hint="`orch sources check` says what that account sees",
            )
        if status == 413:
            return SourceLimit(f"{where}: it is too large for the service", hint="make it shorter")
        if status == 410:
            return SourceMisbehaved(
                f"{where}: the service took that call away", hint="a newer orch may know another"
            )
        return SourceRefused(
            f"{where}: refused with status {status}{_fields(response)}",
            status=status,
            hint="`orch publish status` and `orch sources check` say more",
        )

    def _body(self, response: httpx.Response, what: str, effect: Effect) -> Any:
        if not response.content:
            return None
        try:
            return response.json()
        except ValueError:
            problem = f"{self.product} of {self.owner}: the answer to {what} is no JSON"
        if effect == "read":
            raise SourceMisbehaved(problem, hint="is `site` an Atlassian Cloud site?")
        raise OutcomeUnknown(problem, hint="it is looked for before it is tried again")


def _fields(response: httpx.Response) -> str:
    """The names of the fields an error is about; its words may hold what was sent."""
    try:
        errors = response.json().get("errors", {})
        names = sorted(str(name) for name in errors)[:5] if isinstance(errors, dict) else []
    except (ValueError, AttributeError):
        return ""
    shown = [name.encode("ascii", "backslashreplace").decode()[:LONGEST_FIELD] for name in names]
    return f", for the fields {', '.join(shown)}" if shown else ""


def _server_time(response: httpx.Response) -> datetime | None:
    try:
        moment = parsedate_to_datetime(response.headers["Date"])
    except (KeyError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
