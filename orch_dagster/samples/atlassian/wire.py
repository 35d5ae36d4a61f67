"""What goes over the wire: requests, responses, refusals in each product's own shape."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

JSON = "application/json"
LIMIT = 5 * 1024 * 1024


@dataclass(frozen=True)
class Request:
    """A request as it was sent: `target` is the path with its query, header names are any case."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def header(self, name: str) -> str:
        """The header's value, empty when it was not sent."""
        return next((v for n, v in self.headers.items() if n.lower() == name.lower()), "")

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def segments(self) -> tuple[str, ...]:
        """The path's parts, unquoted one by one, so that a quoted slash stays inside its part."""
        return tuple(unquote(part) for part in self.path.split("/")[1:])

    @property
    def query(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, value in parse_qsl(urlsplit(self.target).query, keep_blank_values=True):
            found.setdefault(name, []).append(value)
        return found


@dataclass(frozen=True)
class Response:
    """A response; `misbehaved` names the wrong it does on purpose, empty when it is right."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    misbehaved: str = ""

    def json(self) -> Any:
        return json.loads(self.body)


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON response."""
    data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(status, {"Content-Type": f"{JSON};charset=UTF-8", **(headers or {})}, data)


def done() -> Response:
    """A response without a body; Jira names a media type all the same."""
    return Response(204, {"Content-Type": f"{JSON};charset=UTF-8"})


def page_of_html(text: str, status: int = 200) -> Response:
    """A page for people. Nothing on it may run or load, whatever an issue says."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy}
    return Response(status, headers, text.encode())


class Refused(Exception):
    """The request is answered with `response` and changes nothing."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def jira_refusal(status: int, message: str, headers: Mapping[str, str] | None = None) -> Refused:
    """A refusal as Jira words it."""
    return Refused(answer({"errorMessages": [message], "errors": {}}, status, headers=headers))


def field_refusal(field: str, message: str) -> Refused:
    """A refusal of one field's value, as Jira words it."""
    return Refused(answer({"errorMessages": [], "errors": {field: message}}, 400))


CODES = {
    400: "INVALID_REQUEST_PARAMETER",
    401: "UNAUTHORIZED",
    404: "NOT_FOUND",
    409: "CONFLICT",
    413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "RATE_LIMITED",
}


def v2_refusal(status: int, title: str, headers: Mapping[str, str] | None = None) -> Refused:
    """A refusal as Confluence's API v2 words it."""
    error = {"status": status, "code": CODES[status], "title": title, "detail": None}
    return Refused(answer({"errors": [error]}, status, headers=headers))


def v1_refusal(status: int, message: str, headers: Mapping[str, str] | None = None) -> Refused:
    """A refusal as Confluence's API v1 words it."""
    data = {"authorized": status != 403, "valid": False, "errors": [], "successful": False}
    body = {"statusCode": status, "data": data, "message": message}
    return Refused(answer(body, status, headers=headers))


def gateway_refusal(status: int, message: str) -> Refused:
    """A refusal by what stands in front of the products."""
    return Refused(answer({"code": status, "message": message}, status))
