"""The few operations that stand in Confluence's API v1 only: labels, archiving, CQL."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from orch_dagster.samples.atlassian.call import Call
from orch_dagster.samples.atlassian.records import Label, Later, Page
from orch_dagster.samples.atlassian.site import Site
from orch_dagster.samples.atlassian.wire import Response, answer, v1_refusal

CLAUSE = re.compile(r'\s*(label|space|type)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([\w-]+))\s*', re.I)
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
        call.site.put_page(replace(page, labels=labels), call.due(page.id))
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


def finish_archiving(site: Site, page_id: str, due: datetime) -> None:
    """What an archiving task does to a page when its time has come."""
    page = site.pages.get(page_id)
    if page is not None and page.status == "current":
        site.put_page(replace(page, status="archived"), due)


def content_by_cql(call: Call) -> Response:
    """Current pages by label, space and type, as the index has them."""
    wanted = _clauses(call, call.one("cql"))
    call.site.page_index.catch_up(call.real_now)
    space = call.site.spaces.get(wanted.get("space", ""))
    if "space" in wanted and (space is None or not call.may_read(space)):
        return _listed(call, [])
    terms = [("label", wanted["label"].lower())] if "label" in wanted else []
    terms += [("space", wanted["space"])] if "space" in wanted else []
    found = [
        page
        for page in call.site.page_index.find(terms)
        if call.may_read(call.site.spaces[page.space])
    ]
    return _listed(call, sorted(found, key=lambda page: int(page.id)))


def _clauses(call: Call, cql: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in re.split(r"(?i)\band\b(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", cql):
        match = CLAUSE.fullmatch(part)
        if match is None:
            call.site.unexpected.append(call.request)
            raise v1_refusal(400, f"Could not parse cql : {cql}")
        field, quoted, bare = match.groups()
        found[field.lower()] = bare if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
    if found.get("type", "page") != "page" or not found.keys() & {"label", "space"}:
        call.site.unexpected.append(call.request)
        raise v1_refusal(400, f"Could not parse cql : {cql}")
    return found


def _listed(call: Call, rows: list[Page]) -> Response:
    limit = call.one("limit", "25")
    if not limit.isdecimal():
        raise v1_refusal(400, "The limit must be a number")
    most = min(int(limit), 250)
    question = call.one("cql")
    if cursor := call.one("cursor"):
        after = call.after(cursor, question)
        if after is None:
            raise v1_refusal(400, "Invalid cursor")
        rows = [page for page in rows if int(page.id) > after[0]]
    page = rows[:most]
    links = {"base": f"{call.url}/wiki", "context": "/wiki", "self": f"{call.root}/wiki/rest/api"}
    if len(rows) > most:
        cursor = call.token([int(page[-1].id)], question)
        query = urlencode({"cql": question, "limit": most, "cursor": cursor})
        links["next"] = f"/rest/api/content/search?{query}"
    body = {"results": [_content(call, row) for row in page], "start": 0, "limit": most}
    return answer({**body, "size": len(page), "_links": links})


def _content(call: Call, page: Page) -> dict[str, Any]:
    return {
        "id": page.id,
        "type": "page",
        "status": page.status,
        "title": page.title,
        "macroRenderedOutput": {},
        "extensions": {"position": page.position},
        "_expandable": {"version": "", "body": "", "space": f"/rest/api/space/{page.space}"},
        "_links": {
            "self": f"{call.root}/wiki/rest/api/content/{page.id}",
            "webui": f"/spaces/{page.space}/pages/{page.id}",
            "tinyui": f"/x/{page.id}",
        },
    }
