"""A Supabase project by its REST interface: PostgREST, behind the project's gateway."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
from postgrest import SyncPostgrestClient

from coordinator.errors import SourceMisbehaved, SourceRefused, SourceUnreachable
from coordinator.supabase.checking import Checked
from coordinator.supabase.failures import refusal
from coordinator.supabase.keys import ApiKey, key_checked
from coordinator.supabase.tables import OURS, MemoryShape
from resources.supabase.project import Question, Row

if TYPE_CHECKING:
    from collections.abc import Generator

    from postgrest import SyncSelectRequestBuilder

PATH = "/rest/v1"


class KeyAuth(httpx.Auth):
    """Puts the key into the headers it belongs into; neither repr nor log shows it."""

    def __init__(self, key: ApiKey) -> None:
        self._key = key

    def __repr__(self) -> str:
        return f"KeyAuth({self._key.kind} key)"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers.update(self._key.headers)
        yield request


class RestProject:
    """One table by REST.

    `client` makes the httpx client of the lane these calls are to take; `key_name` is the
    environment variable that holds `key`. `company` narrows to that company's rows.
    """

    def __init__(
        self,
        url: str,
        key: ApiKey,
        key_name: str,
        *,
        client: Callable[..., httpx.Client],
        schema: str,
        shape: MemoryShape,
        company: str | None,
    ) -> None:
        self.where = url
        self._key, self._key_name = key, key_name
        self._shape, self._company = shape, company
        base = f"{url}{PATH}"
        self._session = _Session(client(base_url=base, auth=KeyAuth(key)), url, shape)
        self._client = SyncPostgrestClient(
            base,
            schema=schema,
            headers={"X-Client-Info": "orch-dagster"},
            http_client=self._session,  # type: ignore[arg-type]
            retry_enabled=False,  # the lane retries
        )

    def select(self, question: Question) -> list[Row]:
        query = self._client.from_(self._shape.name).select(*question.columns)
        query = query.neq("written_by", OURS) if question.theirs else query.eq("written_by", OURS)
        if self._company is not None:
            query = query.eq("company", self._company)
        if question.standing:
            query = query.is_(self._shape.removed, None)
        if question.ids is not None:
            query = query.in_("id", question.ids)
        if question.since is not None:
            query = query.gte("updated_at", question.since)
        if question.after is not None:
            query = _behind(query, question.order, question.after)
        for name in question.order:
            query = query.order(name)
        return self._rows(query.limit(question.limit))

    def call(self, function: str) -> Any:
        return self._client.rpc(function, {}).execute().data

    def upsert(self, rows: Sequence[Row]) -> int:
        query = self._client.from_(self._shape.name).upsert(
            list(rows), on_conflict=",".join(self._shape.key)
        )
        return len(self._rows(query.select("id")))

    def retract(self, ids: Sequence[str]) -> int:
        query = self._client.from_(self._shape.name).update({self._shape.removed: "now"})
        query = query.eq("written_by", OURS).is_(self._shape.removed, None).in_("id", ids)
        if self._company is not None:
            query = query.eq("company", self._company)
        return len(self._rows(query.select("id")))

    def access(self) -> list[Checked]:
        return [key_checked(self._key, self._key_name, datetime.now(UTC))]

    def close(self) -> None:
        self._session.close()

    def _rows(self, query: SyncSelectRequestBuilder) -> list[Row]:
        try:
            data: Any = query.execute().data
        except ValueError:  # a number that is none, half a character
            raise SourceRefused(
                f"{self.where}: a row holds what no JSON can", status=400, hint="nothing was sent"
            ) from None
        if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
            raise SourceMisbehaved(
                f"{self.where}: the answer is not PostgREST's", hint="check `url`"
            )
        return data


class _Session:
    """The client as postgrest uses it: says what each call does, and turns refusals into ours."""

    def __init__(self, client: httpx.Client, where: str, shape: MemoryShape) -> None:
        self._client = client
        self._where, self._shape = where, shape
        self.auth = client.auth

    def request(
        self,
        method: str,
        url: str,
        *,
        content: bytes | None,
        params: httpx.QueryParams,
        headers: httpx.Headers,
        auth: object,
    ) -> httpx.Response:
        try:
            response = self._client.request(
                method,
                url,
                content=content,
                params=params,
                headers=headers,
                extensions={"effect": _effect(method, url)},
            )
        except httpx.HTTPError as error:
            raise SourceUnreachable(
                f"{self._where} does not answer ({type(error).__name__})",
                hint="check the network and `url`",
            ) from None
        if not response.is_success:
            raise self._refusal(response)
        return response

    def close(self) -> None:
        self._client.close()

    def _refusal(self, response: httpx.Response) -> Exception:
        try:
            told = response.json()
        except ValueError:
            told = None
        told = told if isinstance(told, dict) else {}
        code, words = told.get("code"), told.get("message")
        return refusal(
            self._where,
            self._shape,
            code=code if isinstance(code, str) else None,
            status=response.status_code,
            words=words if isinstance(words, str) else "",
        )


def _effect(method: str, url: str) -> str:
    """Upserts and retractions may be repeated; a function is called by POST and changes nothing."""
    return "read" if method in ("GET", "HEAD") or "/rpc/" in url else "idempotent"


def _behind(
    query: SyncSelectRequestBuilder, order: tuple[str, ...], after: tuple[str, ...]
) -> SyncSelectRequestBuilder:
    """The rows behind `after` in the order of one column, or of two."""
    first, *rest = zip(order, after, strict=True)
    if not rest:
        return query.gt(*first)
    (name, value), ((second, key),) = first, rest
    value, key = _quoted(value), _quoted(key)
    # the first condition is implied by the second: with it the index is entered at the right place
    return query.gte(name, first[1]).or_(
        f"{name}.gt.{value},and({name}.eq.{value},{second}.gt.{key})"
    )


def _quoted(text: str) -> str:
    """`text` as a value inside a condition: strangers choose ids."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
