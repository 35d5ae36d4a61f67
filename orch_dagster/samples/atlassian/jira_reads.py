"""Jira's reading operations."""

from __future__ import annotations

from typing import Any

from orch_dagster.samples.atlassian.call import Call, jira_time
from orch_dagster.samples.atlassian.jira_json import (
    ALL,
    NAVIGABLE,
    chosen,
    comment_json,
    issue_json,
    named_json,
    person_json,
    project_json,
)
from orch_dagster.samples.atlassian.records import Container, Issue
from orch_dagster.samples.atlassian.wire import Response, answer, jira_refusal

FETCH_KEYS = {"issueIdsOrKeys", "fields", "expand", "properties"}
BAD_PAYLOAD = "Invalid request payload. Refer to the REST API documentation and try again."
PAGE = 100
WRITES = {"CREATE_ISSUES", "EDIT_ISSUES", "TRANSITION_ISSUES", "ADD_COMMENTS"}
PERMISSIONS = {"BROWSE_PROJECTS", *WRITES}


def tenant_info(call: Call) -> Response:
    return answer({"cloudId": call.parts["cloud_id"]})


def server_info(call: Call) -> Response:
    return answer(
        {
            "baseUrl": call.url,
            "version": "1001.0.0-SNAPSHOT",
            "versionNumbers": [1001, 0, 0],
            "deploymentType": "Cloud",
            "buildNumber": 100_285,
            "buildDate": "2026-01-05T00:00:00.000+0000",
            "serverTime": jira_time(call.now, call.zone),
            "scmInfo": "stand-in",
            "serverTitle": "Jira",
            "serverTimeZone": call.account.time_zone,
        }
    )


def myself(call: Call) -> Response:
    person = person_json(call, call.account.account_id)
    zone = {"timeZone": call.account.time_zone, "emailAddress": call.account.email}
    return answer({**person, **zone, "locale": "pt_BR"})


def my_permissions(call: Call) -> Response:
    asked = call.many("permissions")
    if not asked:
        raise jira_refusal(400, "The 'permissions' query parameter is required.")
    if unknown := set(asked) - PERMISSIONS:
        raise jira_refusal(400, f"Unrecognized permission: {min(unknown)}")
    places = [project_of(call, key)] if (key := call.one("projectKey")) else readable(call)
    rows = {}
    for at, name in enumerate(asked):
        held = any(call.may_write(place) or name not in WRITES for place in places)
        label = name.replace("_", " ").capitalize()
        known = {"id": str(at + 1), "key": name, "name": label, "type": "PROJECT"}
        rows[name] = {**known, "description": "", "havePermission": held}
    return answer({"permissions": rows})


def readable(call: Call) -> list[Container]:
    """The projects the account may browse."""
    return [project for project in call.site.projects.values() if call.may_read(project)]


def project_of(call: Call, id_or_key: str) -> Container:
    """The project, or a refusal: absent and forbidden look the same."""
    for project in readable(call):
        if id_or_key in {project.id, project.key}:
            return project
    raise jira_refusal(404, f"No project could be found with key '{id_or_key}'.")


def project(call: Call) -> Response:
    found = project_of(call, call.parts["project"])
    types = [
        {**named_json(call, "issuetype", name), "description": "", "subtask": False}
        for name in found.issue_types
    ]
    more = {"description": "", "issueTypes": types, "components": [], "versions": []}
    return answer({**project_json(call, found), **more, "isPrivate": False})


def issue_of(call: Call) -> Issue:
    """The issue the path names, or a refusal: absent and forbidden look the same."""
    issue = call.site.issue(call.parts["issue"])
    if issue is None or not call.may_read(call.site.projects[issue.project]):
        raise jira_refusal(404, "Issue does not exist or you do not have permission to see it.")
    return issue


def issue(call: Call) -> Response:
    found = issue_of(call)
    fields = chosen(call.many("fields"), ALL)
    properties, expand = call.many("properties"), call.many("expand")
    return answer(issue_json(call, found, fields, properties=properties, expand=expand))


def bulk_fetch(call: Call) -> Response:
    """Several issues by id or key, by ascending id; those nobody may see are simply left out."""
    body = payload(call, FETCH_KEYS)
    names = body.get("issueIdsOrKeys")
    if not texts(names) or not names:
        raise jira_refusal(400, "At least one issue ID or key is required.")
    extra = {name: body.get(name, []) for name in ("fields", "properties", "expand")}
    if not all(texts(value) for value in extra.values()):
        raise jira_refusal(400, BAD_PAYLOAD)
    if len(names) > PAGE:
        raise jira_refusal(400, "The number of issue IDs or keys must not exceed 100.")
    found = {issue.id: issue for name in names if (issue := call.site.issue(name)) is not None}
    seen = sorted(
        (i for i in found.values() if call.may_read(call.site.projects[i.project])),
        key=lambda issue: int(issue.id),
    )
    fields = chosen(extra.pop("fields"), NAVIGABLE)
    issues = [issue_json(call, issue, fields, **extra) for issue in seen]
    return answer({"issues": issues, "issueErrors": []})


def payload(call: Call, keys: set[str]) -> dict[str, Any]:
    """The body, when it is an object of known keys."""
    if not isinstance(call.body, dict) or set(call.body) - keys:
        raise jira_refusal(400, BAD_PAYLOAD)
    return call.body


def texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def comments(call: Call) -> Response:
    issue = issue_of(call)
    if call.one("orderBy", "created") not in {"created", "+created", "-created"}:
        raise jira_refusal(400, "The orderBy parameter is not valid.")
    rows = [comment_json(call, issue, comment) for comment in issue.comments]
    if call.one("orderBy").startswith("-"):
        rows.reverse()
    start, most = _window(call)
    page = rows[start : start + most]
    return answer({"startAt": start, "maxResults": most, "total": len(rows), "comments": page})


def _window(call: Call) -> tuple[int, int]:
    """Where to start and how many, at most a hundred."""
    start, most = call.one("startAt", "0"), call.one("maxResults", "100")
    if not start.isdecimal() or not most.isdecimal():
        raise jira_refusal(400, "startAt and maxResults must be numbers.")
    return int(start), max(1, min(int(most), 100))
