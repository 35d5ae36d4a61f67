"""Pages, versions and properties as Confluence's API v2 writes them."""

from __future__ import annotations

import json
from typing import Any

from orch_dagster.samples.atlassian import adf, storage
from orch_dagster.samples.atlassian.call import Call, confluence_time
from orch_dagster.samples.atlassian.records import (
    Body,
    Comment,
    Container,
    Label,
    Page,
    Property,
    Version,
)


def space_json(space: Container) -> dict[str, Any]:
    return {
        "id": space.id,
        "key": space.key,
        "name": space.name,
        "type": "global",
        "status": "current",
        "homepageId": space.homepage,
        "createdAt": confluence_time(space.created),
        "currentActiveAlias": space.key,
        "_links": {"webui": f"/spaces/{space.key}"},
    }


def version_json(version: Version) -> dict[str, Any]:
    return {
        "number": version.number,
        "message": version.message,
        "minorEdit": False,
        "authorId": version.author,
        "createdAt": confluence_time(version.created),
    }


def as_storage(body: Body) -> str:
    """The document in storage format, whatever it was written in."""
    if body.representation == "storage":
        return str(body.value)
    return storage.of_adf(body.value)


def as_adf(body: Body) -> Any:
    """The document as ADF, whatever it was written in."""
    if body.representation == "atlas_doc_format":
        return body.value
    try:
        return storage.to_adf(body.value)
    except storage.NotXhtml:
        return adf.of_text(body.value)


def body_json(body: Body, wanted: str) -> dict[str, Any]:
    """A body in the format asked for; nothing when none was."""
    if not wanted:
        return {}
    if wanted == "atlas_doc_format":
        value = json.dumps(as_adf(body), ensure_ascii=False, separators=(",", ":"))
    else:
        value = as_storage(body)
    return {wanted: {"representation": wanted, "value": value}}


def page_json(call: Call, page: Page, wanted: str) -> dict[str, Any]:
    """A page as lists have it."""
    web = f"/spaces/{page.space}/pages/{page.id}"
    return {
        "id": page.id,
        "status": page.status,
        "title": page.title,
        "spaceId": call.site.spaces[page.space].id,
        "parentId": page.parent or None,
        "parentType": "page" if page.parent else None,
        "position": page.position,
        "authorId": page.author,
        "ownerId": page.author,
        "lastOwnerId": None,
        "createdAt": confluence_time(page.created),
        "version": version_json(page.version),
        "body": body_json(page.body, wanted),
        "_links": {
            "webui": web,
            "editui": f"/pages/resumedraft.action?draftId={page.id}",
            "tinyui": f"/x/{page.id}",
        },
    }


def single_json(call: Call, page: Page, wanted: str = "", **more: Any) -> dict[str, Any]:
    """A page as it is given alone."""
    made = {**page_json(call, page, wanted), **more}
    made["_links"]["base"] = f"{call.url}/wiki"
    return made


def property_json(found: Property) -> dict[str, Any]:
    version = version_json(found.version)
    return {"id": found.id, "key": found.key, "value": found.value, "version": version}


def label_json(label: Label) -> dict[str, Any]:
    return {"id": label.id, "name": label.name, "prefix": label.prefix}


def comment_json(page: Page, comment: Comment, wanted: str) -> dict[str, Any]:
    """A comment at the foot of a page."""
    version = Version(1, comment.author, comment.created)
    return {
        "id": comment.id,
        "status": "current",
        "title": f"Re: {page.title}",
        "pageId": page.id,
        "version": version_json(version),
        "body": body_json(Body("storage", comment.body), wanted),
        "_links": {"webui": f"/spaces/{page.space}/pages/{page.id}?focusedCommentId={comment.id}"},
    }
