"""Confluence's writing operations of API v2."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from orch_dagster.samples.atlassian import adf, storage
from orch_dagster.samples.atlassian.call import Call, milliseconds
from orch_dagster.samples.atlassian.confluence_json import property_json, single_json
from orch_dagster.samples.atlassian.confluence_reads import page_of, space_of
from orch_dagster.samples.atlassian.records import Body, Page, Property, Version
from orch_dagster.samples.atlassian.wire import Response, answer, v2_refusal

CREATE_KEYS = {"spaceId", "status", "title", "parentId", "body", "subtype"}
UPDATE_KEYS = {"id", "status", "title", "spaceId", "parentId", "ownerId", "body", "version"}
TITLE = 255


def create(call: Call) -> Response:
    body = _object(call, CREATE_KEYS, needed={"spaceId"})
    space = space_of(call, str(body["spaceId"]))
    if not call.may_write(space):
        raise v2_refusal(404, f"Space with id {space.id} not found")
    if body.get("status", "current") != "current" or "subtype" in body:
        raise v2_refusal(400, "Only pages are made here, and published at once")
    title = _title(call, space.key, body.get("title"))
    parent = _parent(call, space.key, body.get("parentId") or space.homepage)
    page_id, now = call.site.new_id(), milliseconds(call.now)
    me = call.account.account_id
    kept = body_of(call, body.get("body"), page_id)
    page = Page(
        id=page_id,
        space=space.key,
        status="current",
        parent=parent,
        position=len(call.site.pages),
        author=me,
        created=now,
        versions=(Version(1, me, now, title=title, body=kept),),
    )
    call.site.put_page(page)
    return answer(single_json(call, page, "storage"))


def _object(call: Call, keys: set[str], needed: set[str]) -> dict[str, Any]:
    if not isinstance(call.body, dict):
        raise v2_refusal(400, "The body must be an object")
    if unknown := set(call.body) - keys:
        raise v2_refusal(400, f"Unknown key: {min(unknown)}")
    if missing := needed - set(call.body):
        raise v2_refusal(400, f"Missing key: {min(missing)}")
    return call.body


def _title(call: Call, space: str, title: Any, *, but: str = "") -> str:
    if not isinstance(title, str) or not title.strip():
        raise v2_refusal(400, "Title is required")
    title = title.strip()
    if len(title) > TITLE:
        raise v2_refusal(400, "Title cannot be longer than 255 characters")
    if call.site.title_taken(space, title, but=but):
        raise v2_refusal(
            400,
            "A page with this title already exists: A page already exists with the same TITLE"
            " in this space",
        )
    return str(title)


def _parent(call: Call, space: str, parent: Any) -> str:
    found = call.site.pages.get(str(parent))
    if found is None or found.space != space:
        raise v2_refusal(404, f"Parent page with id {parent} not found")
    return found.id


def body_of(call: Call, given: Any, seed: str) -> Body:
    """A body as it is kept: `{"representation", "value"}`, or that under the representation."""
    if isinstance(given, dict) and len(given) == 1:
        (given,) = given.values()
    if not isinstance(given, dict) or set(given) != {"representation", "value"}:
        raise v2_refusal(400, "The body needs a representation and a value")
    value = given["value"]
    if not isinstance(value, str):
        raise v2_refusal(400, "The body's value must be a string")
    if given["representation"] == "storage":
        return _storage_body(call, value, seed)
    if given["representation"] == "atlas_doc_format":
        return _adf_body(call, value, seed)
    raise v2_refusal(400, f"Unsupported representation: {given['representation']}")


def _storage_body(call: Call, value: str, seed: str) -> Body:
    try:
        storage.tree(value)
    except storage.NotXhtml as problem:
        raise v2_refusal(400, str(problem)) from None
    return Body("storage", storage.stored(value, seed) if call.rules.normalise else value)


def _adf_body(call: Call, value: str, seed: str) -> Body:
    try:
        document = json.loads(value)
    except (ValueError, RecursionError):
        document = None
    if problem := adf.problem(document):
        raise v2_refusal(400, f"Invalid ADF: {problem}")
    kept = adf.stored(document, seed) if call.rules.normalise else document
    return Body("atlas_doc_format", kept)


def _writable(call: Call) -> Page:
    """The page the path names, when the account may write there: v2 hides it otherwise."""
    page = page_of(call)
    if not call.may_write(call.site.spaces[page.space]):
        raise v2_refusal(404, f"Page with id {page.id} not found")
    return page


def update(call: Call) -> Response:
    """Put a version on a page. A trashed page comes back as it was: its content is not replaced."""
    page = _writable(call)
    body = _object(call, UPDATE_KEYS, needed={"id", "status", "title", "body", "version"})
    if str(body["id"]) != page.id or body["status"] != "current":
        raise v2_refusal(400, "The id must be the page's and the status must be current")
    if page.status == "archived":
        raise v2_refusal(400, "Archived content cannot be edited")
    version = body["version"] if isinstance(body["version"], dict) else {}
    _next_version(version.get("number"), page.version.number, "page")
    title = _title(call, page.space, body["title"], but=page.id)
    if page.status == "trashed":
        return _restored(call, page)
    parent = _parent(call, page.space, body["parentId"]) if body.get("parentId") else page.parent
    kept = body_of(call, body["body"], page.id)
    message = str(version.get("message") or "")
    return _put(call, replace(page, parent=parent), title, kept, message)


def _next_version(given: Any, current: int, what: str) -> None:
    if type(given) is not int:
        raise v2_refusal(400, "The version's number is missing")
    if given != current + 1:
        raise v2_refusal(
            409,
            f"Version must be incremented when updating a {what}."
            f" Current Version: [{current}]. Provided version: [{given}]",
        )


def _restored(call: Call, page: Page) -> Response:
    if call.site.title_taken(page.space, page.title, but=page.id):
        raise v2_refusal(400, "A page with this title already exists")
    current = replace(page, status="current")
    call.site.put_page(current)
    return answer(single_json(call, current, "storage"))


def _put(call: Call, page: Page, title: str, body: Body, message: str) -> Response:
    made = Version(
        page.version.number + 1,
        call.account.account_id,
        milliseconds(call.now),
        message,
        title,
        body,
    )
    changed = replace(page, versions=(*page.versions, made))
    call.site.put_page(changed)
    return answer(single_json(call, changed, "storage"))


def create_property(call: Call) -> Response:
    page = _writable(call)
    body = _object(call, {"key", "value"}, needed={"key", "value"})
    key = body["key"]
    if not isinstance(key, str) or not 0 < len(key) <= 255:
        raise v2_refusal(400, "The property's key must have 1 to 255 characters")
    if any(row.key == key for row in page.properties):
        raise v2_refusal(400, f"A property with key {key} already exists on this page")
    version = Version(1, call.account.account_id, milliseconds(call.now))
    made = Property(call.site.new_id(), key, body["value"], version)
    call.site.put_page(replace(page, properties=(*page.properties, made)))
    return answer(property_json(made))


def update_property(call: Call) -> Response:
    page = _writable(call)
    body = _object(call, {"key", "value", "version"}, needed={"key", "value", "version"})
    old = _property(call, page)
    if body["key"] != old.key:
        raise v2_refusal(400, "A property's key cannot be changed")
    version = body["version"] if isinstance(body["version"], dict) else {}
    _next_version(version.get("number"), old.version.number, "property")
    number, message = old.version.number + 1, str(version.get("message") or "")
    made = Version(number, call.account.account_id, milliseconds(call.now), message)
    changed = replace(old, value=body["value"], version=made)
    rows = tuple(changed if row.id == old.id else row for row in page.properties)
    call.site.put_page(replace(page, properties=rows))
    return answer(property_json(changed))


def _property(call: Call, page: Page) -> Property:
    for row in page.properties:
        if row.id == call.parts["property"]:
            return row
    raise v2_refusal(404, f"Property with id {call.parts['property']} not found")
