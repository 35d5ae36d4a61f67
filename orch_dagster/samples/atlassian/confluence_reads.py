"""Confluence's reading operations of API v2. Reads by id, space or title are never behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlencode

from orch_dagster.samples.atlassian.call import Call
from orch_dagster.samples.atlassian.confluence_json import (
    body_json,
    comment_json,
    label_json,
    page_json,
    property_json,
    single_json,
    space_json,
    version_json,
)
from orch_dagster.samples.atlassian.records import Comment, Container, Page, Version
from orch_dagster.samples.atlassian.wire import Response, answer, v2_refusal

T = TypeVar("T")
FORMATS = {"", "storage", "atlas_doc_format"}
SORTS: dict[str, Callable[[Page], Any]] = {
    "id": lambda page: int(page.id),
    "created-date": lambda page: page.created.timestamp(),
    "modified-date": lambda page: page.version.created.timestamp(),
    "title": lambda page: page.title.casefold(),
}
STATUSES = {"current", "archived", "deleted", "trashed"}


def spaces(call: Call) -> Response:
    keys, ids = call.many("keys"), call.many("ids")
    found = [
        space
        for space in call.site.spaces.values()
        if call.may_read(space) and (not keys or space.key in keys) and (not ids or space.id in ids)
    ]
    found.sort(key=lambda space: int(space.id))
    return _listed(call, found, lambda space: [int(space.id)], space_json)


def space_of(call: Call, space_id: str) -> Container:
    """The space, or a refusal: absent and forbidden look the same."""
    space = call.site.space_by_id(space_id)
    if space is None or not call.may_read(space):
        raise v2_refusal(404, f"Space with id {space_id} not found")
    return space


def space_operations(call: Call) -> Response:
    """What the account may do in a space: readers read, writers make and archive pages too."""
    space = space_of(call, call.parts["space"])
    rows = [("read", "space")]
    if call.may_write(space):
        rows += [("create", "page"), ("create", "comment"), ("archive", "page")]
    found = [{"operation": operation, "targetType": kind} for operation, kind in rows]
    return answer({"operations": found})


def pages(call: Call) -> Response:
    wanted = call.many("space-id")
    places = [
        space
        for space in call.site.spaces.values()
        if call.may_read(space) and (not wanted or space.id in wanted)
    ]
    title, ids = call.one("title"), set(call.many("id"))
    statuses = set(call.many("status")) or {"current", "archived"}
    if statuses - STATUSES:
        raise v2_refusal(400, f"Invalid status: {min(statuses - STATUSES)}")
    sort = call.one("sort", "id")
    if (field := sort.lstrip("-")) not in SORTS:
        raise v2_refusal(400, f"Invalid sort: {sort}")
    form = _format(call)
    found = [
        page
        for space in places
        for page in (call.site.titled(space.key, title) if title else call.site.pages_in(space.key))
        if page.status in statuses and (not ids or page.id in ids)
    ]

    def place(page: Page) -> list[Any]:
        return [SORTS[field](page), int(page.id)]

    found.sort(key=place, reverse=sort.startswith("-"))
    backward = sort.startswith("-")
    return _listed(call, found, place, lambda page: page_json(call, page, form), backward=backward)


def _format(call: Call) -> str:
    form = call.one("body-format")
    if form not in FORMATS:
        raise v2_refusal(400, f"Invalid body-format: {form}")
    return form


def _listed(
    call: Call,
    rows: list[T],
    place: Callable[[T], list[Any]],
    shown: Callable[[T], Any],
    *,
    backward: bool = False,
) -> Response:
    """A page of a list, with the way to the next one in `_links` and the Link header."""
    limit = call.one("limit", "25")
    most = int(limit) if limit.isdecimal() else 0
    if not 1 <= most <= 250:
        raise v2_refusal(400, "Provided limit must be between 1 and 250")
    asked = {k: v for k, v in call.request.query.items() if k not in {"cursor", "limit"}}
    question = urlencode(sorted(asked.items()), doseq=True)
    if cursor := call.one("cursor"):
        after = call.after(cursor, question)
        if after is None:
            raise v2_refusal(400, "Invalid cursor")
        rows = [row for row in rows if (place(row) < after if backward else place(row) > after)]
    page, links = rows[:most], {"base": f"{call.url}/wiki"}
    header = f'<{call.url}/wiki>; rel="base"'
    if len(rows) > most:
        following = {**asked, "limit": [str(most)]}
        following["cursor"] = [call.token(place(page[-1]), question)]
        links["next"] = f"{call.parts['path']}?{urlencode(following, doseq=True)}"
        header = f'<{links["next"]}>; rel="next", {header}'
    body = {"results": [shown(row) for row in page], "_links": links}
    return answer(body, headers={"Link": header})


def page_of(call: Call) -> Page:
    """The page the path names, or a refusal: absent and forbidden look the same."""
    page = call.site.pages.get(call.parts["page"])
    if page is None or not call.may_read(call.site.spaces[page.space]):
        raise v2_refusal(404, f"Page with id {call.parts['page']} not found")
    return page


def page(call: Call) -> Response:
    found = page_of(call)
    statuses = call.many("status")
    if statuses and found.status not in statuses:
        raise v2_refusal(404, f"Page with id {found.id} not found")
    version = _version(call, found)
    form = _format(call)
    made = single_json(call, found)
    made |= {"title": version.title, "version": version_json(version)}
    made["body"] = body_json(version.body, form)
    if call.one("include-labels") == "true":
        made["labels"] = _included(found, "labels", [label_json(row) for row in found.labels])
    if call.one("include-properties") == "true":
        rows = [property_json(row) for row in found.properties]
        made["properties"] = _included(found, "properties", rows)
    return answer(made)


def _version(call: Call, page: Page) -> Version:
    asked = call.one("version", str(page.version.number))
    for version in page.versions:
        if str(version.number) == asked:
            return version
    raise v2_refusal(404, f"Version {asked} of page {page.id} not found")


def _included(page: Page, name: str, rows: list[Any]) -> dict[str, Any]:
    link = f"/wiki/api/v2/pages/{page.id}/{name}"
    return {
        "results": rows[:50],
        "meta": {"hasMore": len(rows) > 50},
        "_links": {"self": link},
    }


def properties(call: Call) -> Response:
    key = call.one("key")
    found = [row for row in page_of(call).properties if not key or row.key == key]
    return _listed(call, found, lambda row: [int(row.id)], property_json)


def footer_comments(call: Call) -> Response:
    found, form = page_of(call), _format(call)
    backward = call.one("sort", "created-date").startswith("-")
    rows = sorted(found.comments, key=_comment_place, reverse=backward)
    return _listed(
        call,
        rows,
        _comment_place,
        lambda row: comment_json(found, row, form),
        backward=backward,
    )


def _comment_place(comment: Comment) -> list[Any]:
    return [comment.created.timestamp(), int(comment.id)]
