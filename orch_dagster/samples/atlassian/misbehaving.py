"""Answers that are wrong on purpose, to see what a client makes of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args
from urllib.parse import parse_qsl, urlencode, urlsplit

from orch_dagster.samples.atlassian.wire import Request, Response, page_of_html

How = Literal[
    "not_json",  # 200 with a page for people, as a proxy in between gives
    "empty",  # 200 with nothing
    "wrong_types",  # every value of the answer is of another kind
    "missing_fields",  # the rows of a list, else the answer itself, lack what identifies them
    "repeated_token",  # the way to the next page always leads to the same one
    "endless",  # there is always a next page, and another way to it
    "not_last_without_token",  # Jira's search only: there is more, but no way to it
    "issue_errors",  # Jira's bulk fetch only: nothing could be read just now
    "redirect",  # 302 to another host
    "unavailable",  # 503 with Retry-After
]
PAGED = {"repeated_token", "endless"}
ELSEWHERE = "https://elsewhere.example/rest"
IDENTIFYING = (
    "id",
    "key",
    "accountId",
    "cloudId",
    "permissions",
    "transitions",
    "comments",
    "values",
)


@dataclass
class Wrong:
    """A wrong that is done `times` more times (None: until told otherwise)."""

    how: How
    times: int | None
    done: int = 0

    def __post_init__(self) -> None:
        if self.how not in get_args(How):
            raise ValueError(f"no such wrong: {self.how}")

    def asked(self, request: Request) -> Request:
        """What is asked in its place: wrong pages are always made from the first one."""
        if self.how not in PAGED:
            return request
        parts = urlsplit(request.target)
        kept = [(k, v) for k, v in parse_qsl(parts.query, True) if k != "cursor"]
        target = f"{parts.path}?{urlencode(kept)}"
        return replace(request, target=target, body=_without_token(request.body))

    def spoiled(self, asked: Request, response: Response) -> Response:
        """The answer to what was `asked`, with its wrong done to it."""
        self.done += 1
        match self.how:
            case "not_json":
                spoiled = page_of_html("<html><body>Log in to continue</body></html>")
            case "empty":
                spoiled = replace(response, body=b"")
            case "redirect":
                spoiled = Response(302, {"Location": ELSEWHERE})
            case "unavailable":
                spoiled = Response(503, {"Retry-After": "30"}, b"Service Unavailable")
            case _:
                spoiled = self._rewritten(asked, response)
        return replace(spoiled, misbehaved=self.how)

    def _rewritten(self, asked: Request, response: Response) -> Response:
        if not response.body or response.status >= 400:
            return response
        body = response.json()
        match self.how:
            case "wrong_types":
                body = {key: _other_kind(value) for key, value in body.items()}
            case "missing_fields":
                body = _without_identity(body)
            case "not_last_without_token":
                body = {**body, "isLast": False}
                body.pop("nextPageToken", None)
            case "issue_errors":
                rows = body["issues"]
                errors = [{"id": row["id"], "errorMessage": "Try again."} for row in rows]
                body = {"issues": [], "issueErrors": errors}
            case _:
                return self._with_next(asked, response, body)
        return replace(response, body=json.dumps(body).encode())

    def _with_next(self, asked: Request, response: Response, body: dict[str, Any]) -> Response:
        token = f"page-{self.done}" if self.how == "endless" else "the-same-page"
        if "issues" in body:
            body |= {"isLast": False, "nextPageToken": token}
            return replace(response, body=json.dumps(body).encode())
        link = f"{asked.target}&cursor={token}"
        body["_links"]["next"] = link
        headers = {**response.headers, "Link": f'<{link}>; rel="next"'}
        return replace(response, body=json.dumps(body).encode(), headers=headers)


def _without_token(body: bytes) -> bytes:
    try:
        held = json.loads(body)
    except ValueError:
        return body
    if isinstance(held, dict):
        held.pop("nextPageToken", None)
    return json.dumps(held).encode()


def _other_kind(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, dict):
        return list(value)
    if isinstance(value, list):
        return {"first": value[0] if value else None}
    return [value]


def _without_identity(body: dict[str, Any]) -> dict[str, Any]:
    for name, rows in body.items():
        if name in {"issues", "results"} and isinstance(rows, list) and rows:
            return {**body, name: [_bare(row) for row in rows]}
    return _bare(body)


def _bare(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in IDENTIFYING}
