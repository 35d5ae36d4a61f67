"""The way from a request to its operation: gateway, token, rate, body."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from orch_dagster.samples.atlassian.call import Call
from orch_dagster.samples.atlassian.limits import Buckets, IssueWrites, Refusal
from orch_dagster.samples.atlassian.misbehaving import Wrong
from orch_dagster.samples.atlassian.operations import OPERATIONS, Operation, Product
from orch_dagster.samples.atlassian.records import Account, Rules
from orch_dagster.samples.atlassian.site import Site
from orch_dagster.samples.atlassian.wire import (
    JSON,
    LIMIT,
    Refused,
    Request,
    Response,
    gateway_refusal,
    jira_refusal,
    v1_refusal,
    v2_refusal,
)

GATEWAY = re.compile(r"/ex/(jira|confluence)/([^/]+)(/.*)")
REFUSAL = "Client must be authenticated to access this resource."


@dataclass(frozen=True)
class Found:
    """An operation and where it was called: `gateway` is its prefix, empty on the site."""

    operation: Operation
    parts: dict[str, str]
    gateway: str


def refusal(
    product: Product, status: int, message: str, headers: Mapping[str, str] | None = None
) -> Refused:
    """A refusal in the product's own shape."""
    if product == "jira":
        return jira_refusal(status, message, headers=headers)
    return (v2_refusal if product == "v2" else v1_refusal)(status, message, headers)


def find(request: Request, cloud_id: str) -> Found | None:
    """The operation a request calls, None when the stand-in has no such operation."""
    path, gateway = request.path, ""
    if behind := GATEWAY.fullmatch(path):
        product, asked, path = behind.groups()
        if asked != cloud_id:
            raise gateway_refusal(404, "Site not found")
        if (product == "confluence") != path.startswith("/wiki/"):
            return None
        gateway = f"/ex/{product}/{cloud_id}"
    segments = replace(request, target=path).segments
    for operation in OPERATIONS:
        if operation.method == request.method:
            parts = operation.parts(segments)
            if parts is not None:
                return Found(operation, {**parts, "path": path, "cloud_id": cloud_id}, gateway)
    return None


@dataclass
class Door:
    """Lets calls in, or says why not."""

    site: Site
    rules: Rules
    cloud_id: str
    buckets: Buckets = field(default_factory=Buckets)
    writes: IssueWrites = field(default_factory=IssueWrites)
    wrongs: dict[str, Wrong] = field(default_factory=dict)

    def answer(self, request: Request, url: str, now: datetime, real_now: datetime) -> Response:
        """What the site answers; an operation nobody knows is a 404 and remembered."""
        try:
            found = find(request, self.cloud_id)
            if found is None:
                self.site.unexpected.append(request)
                raise gateway_refusal(404, "No such operation here")
            wrong = self._wrong(found.operation)
            if wrong is None:
                return self._let_in(request, found, url, now, real_now)
            asked = wrong.asked(request)
            return wrong.spoiled(asked, self._let_in(asked, found, url, now, real_now))
        except Refused as refused:
            return refused.response

    def _wrong(self, operation: Operation) -> Wrong | None:
        """The wrong that is to be done to this operation's answer, once less from now on."""
        wrong = self.wrongs.get(f"{operation.product}.{operation.name}")
        if wrong is None or wrong.times == 0:
            return None
        if wrong.times is not None:
            wrong.times -= 1
        return wrong

    def _let_in(
        self, request: Request, found: Found, url: str, now: datetime, real_now: datetime
    ) -> Response:
        account = self._account(request, found, url, real_now)
        left = self._take_token(found, account, now)
        call = Call(
            site=self.site,
            rules=self.rules,
            request=request,
            account=account,
            parts=found.parts,
            body=_body(request, found.operation),
            now=now,
            real_now=real_now,
            url=url,
            root=f"{_host(url, found.gateway)}{found.gateway}",
        )
        self._count_write(call, found.operation)
        response = found.operation.answer(call)
        return replace(response, headers={**response.headers, **left})

    def _account(self, request: Request, found: Found, url: str, now: datetime) -> Account:
        account = self._known(request.header("Authorization"), now)
        if account is not None and account.scoped == bool(found.gateway):
            return account
        if found.operation.anonymous and not found.gateway:
            return NOBODY
        if found.gateway:
            raise gateway_refusal(401, "Unauthorized")
        realm = url.replace(":", "%3A").replace("/", "%2F")
        headers = {"WWW-Authenticate": f'OAuth realm="{realm}"'}
        if request.header("Authorization"):
            headers["X-Seraph-Loginreason"] = "AUTHENTICATED_FAILED"
        raise refusal(found.operation.product, 401, REFUSAL, headers)

    def _known(self, header: str, now: datetime) -> Account | None:
        """Whose token a Basic header holds, None when it is nobody's or no longer good."""
        scheme, _, value = header.partition(" ")
        try:
            email, _, token = base64.b64decode(value, validate=True).decode().partition(":")
        except ValueError:
            return None
        account = self.site.accounts.get((email, token)) if scheme.lower() == "basic" else None
        if account is None or (account.expires is not None and account.expires <= now):
            return None
        return account

    def _take_token(self, found: Found, account: Account, now: datetime) -> dict[str, str]:
        if self.rules.rate is None or account is NOBODY:
            return {}
        brand = "jira" if found.operation.product == "jira" else "confluence"
        taken = self.buckets.take(account.account_id, self.rules.rate, now, f"{brand}-burst-based")
        if isinstance(taken, Refusal):
            raise self._too_many(found.operation, taken, now)
        near = {"X-RateLimit-NearLimit": "true"} if taken < self.rules.rate.burst / 5 else {}
        limit = str(self.rules.rate.burst)
        return {"X-RateLimit-Limit": limit, "X-RateLimit-Remaining": str(taken), **near}

    def _count_write(self, call: Call, operation: Operation) -> None:
        issue = call.site.issue(call.parts["issue"]) if operation.writes_issue else None
        if issue is not None and self.rules.issue_writes:
            taken = self.writes.take(issue.id, call.now)
            if taken is not None:
                raise self._too_many(operation, taken, call.now)

    def _too_many(self, operation: Operation, taken: Refusal, now: datetime) -> Refused:
        headers = taken.headers(now, retry_after=self.rules.retry_after)
        return refusal(operation.product, 429, "Rate limit exceeded.", headers)


NOBODY = Account("", "", "", "Anonymous", time_zone="UTC")


def _host(url: str, gateway: str) -> str:
    """Where links to the API lead: behind the gateway that is another host, but on loopback."""
    return "https://api.atlassian.com" if gateway and url.startswith("https://") else url


def _body(request: Request, operation: Operation) -> Any:
    """The JSON body of a writing request."""
    if request.method not in {"POST", "PUT"}:
        return None
    if operation.product != "jira" and len(request.body) > LIMIT:
        raise refusal(operation.product, 413, "The request is over 5 MB")
    if request.header("Content-Type").partition(";")[0].strip().lower() != JSON:
        raise refusal(operation.product, 415, "The Content-Type must be application/json")
    try:
        return json.loads(request.body)
    except (ValueError, RecursionError):
        raise refusal(operation.product, 400, "The body is not valid JSON") from None
