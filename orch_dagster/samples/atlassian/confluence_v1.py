"""The few operations that stand in Confluence's API v1 only: labels, archiving, the account."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from typing import Any

from orch_dagster.samples.atlassian.call import Call
from orch_dagster.samples.atlassian.records import Label, Later, Page
from orch_dagster.samples.atlassian.site import Site
from orch_dagster.samples.atlassian.wire import Response, answer, v1_refusal

MOST_ARCHIVED = 300


def current_user(call: Call) -> Response:
    me = call.account
    picture = {"path": "/wiki/aa-avatar/default", "width": 48, "height": 48, "isDefault": True}
    links = {"self": f"{call.root}/wiki/rest/api/user?accountId={me.account_id}"}
    return answer(
        {
            "type": "known",
            "accountId": me.account_id,
            "accountType": "atlassian",
            "email": me.email,
            "publicName": me.display_name,
            "displayName": me.display_name,
            "timeZone": me.time_zone,
            "profilePicture": picture,
            "isExternalCollaborator": False,
            "_expandable": {"operations": "", "personalSpace": ""},
            "_links": {**links, "base": f"{call.url}/wiki", "context": "/wiki"},
        }
    )


def _page(call: Call, page_id: str) -> Page | None:
    page = call.site.pages.get(page_id)
    if page is None or not call.may_read(call.site.spaces[page.space]):
        return None
    return page


def add_labels(call: Call) -> Response:
    """Put labels on a page; names are kept in lower case, and those it has are left alone."""
    page = _page(call, call.parts["page"])
    if page is None or page.status == "trashed":
        raise v1_refusal(404, f"No content found with id {call.parts['page']}")
    if not call.may_write(call.site.spaces[page.space]):
        raise v1_refusal(403, "User not permitted to edit labels on this content")
    rows = call.body if isinstance(call.body, list) else [call.body]
    names = [_label_name(row) for row in rows]
    held = {label.name for label in page.labels}
    new = [name for name in dict.fromkeys(names) if name not in held]
    labels = page.labels + tuple(Label(call.site.new_id(), name) for name in new)
    if new:
        call.site.put_page(replace(page, labels=labels))
    results = [{**asdict(label), "label": label.name} for label in labels]
    links = {"base": f"{call.url}/wiki", "context": "/wiki"}
    size = len(results)
    return answer({"results": results, "start": 0, "limit": 200, "size": size, "_links": links})


def _label_name(row: Any) -> str:
    if not isinstance(row, dict) or not {"prefix", "name"} <= set(row):
        raise v1_refusal(400, "A label needs a prefix and a name")
    name = row["name"]
    if row["prefix"] != "global" or not isinstance(name, str):
        raise v1_refusal(400, "Only global labels with a name are kept here")
    if not 0 < len(name) <= 255 or re.search(r"[\s:;,.?&\[\]()#^*@!]", name):
        raise v1_refusal(400, "The label has invalid or too many characters")
    return name.lower()


def archive(call: Call) -> Response:
    """Accept pages to be archived; it is done a little later, one task at a time."""
    rows = call.body.get("pages") if isinstance(call.body, dict) else None
    good = isinstance(rows, list) and all(
        isinstance(row, dict) and type(row.get("id")) is int for row in rows
    )
    if not good or not rows or len(rows) > MOST_ARCHIVED:
        raise v1_refusal(400, "Between 1 and 300 pages with numeric ids can be archived")
    if call.rules.edition == "free" or (call.rules.edition == "standard" and len(rows) > 1):
        raise v1_refusal(400, "This edition cannot archive these pages")
    if any(task.kind == "archive" for task in call.site.later):
        raise v1_refusal(400, "There is an archival job already running for this tenant")
    for row in rows:
        page = _page(call, str(row["id"]))
        if page is None or not call.may_write(call.site.spaces[page.space]):
            raise v1_refusal(400, f"No page found with id {row['id']}")
        if page.status != "current":
            raise v1_refusal(400, f"The page with id {page.id} is archived already")
    task_id = call.site.new_id()
    due = call.real_now + call.rules.archive_delay
    call.site.later.append(Later(due, "archive", {"pages": [str(row["id"]) for row in rows]}))
    link = f"{call.root}/wiki/rest/api/longtask/{task_id}"
    return answer({"id": task_id, "links": {"status": link}}, 202)


def finish_archiving(site: Site, page_id: str) -> None:
    """What an archiving task does to a page when its time has come."""
    page = site.pages.get(page_id)
    if page is not None and page.status == "current":
        site.put_page(replace(page, status="archived"))
