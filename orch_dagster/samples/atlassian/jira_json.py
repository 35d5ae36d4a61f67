"""Issues and people as Jira writes them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from orch_dagster.samples.atlassian.call import Call, jira_time
from orch_dagster.samples.atlassian.records import Change, Comment, Container, Issue

CATEGORIES = {
    "new": {"id": 2, "key": "new", "colorName": "blue-gray", "name": "To Do"},
    "indeterminate": {
        "id": 4,
        "key": "indeterminate",
        "colorName": "yellow",
        "name": "In Progress",
    },
    "done": {"id": 3, "key": "done", "colorName": "green", "name": "Done"},
}
NEW = {"to do", "open", "backlog", "new", "reopened", "selected for development"}
DONE = {"done", "closed", "resolved", "complete", "completed", "won't do"}


def category(status: str) -> str:
    """The category a status belongs to."""
    name = status.lower()
    return "new" if name in NEW else "done" if name in DONE else "indeterminate"


def number_of(name: str) -> str:
    """An id for something that has none of its own, the same each time."""
    return str(10_000 + sum(ord(letter) * (at + 1) for at, letter in enumerate(name)) % 89_999)


def status_json(call: Call, name: str) -> dict[str, Any]:
    """A status with its category."""
    status_id = number_of(name)
    found = CATEGORIES[category(name)]
    return {
        "self": f"{call.root}/rest/api/3/status/{status_id}",
        "description": "",
        "iconUrl": f"{call.url}/images/icons/statuses/generic.png",
        "name": name,
        "id": status_id,
        "statusCategory": {
            "self": f"{call.root}/rest/api/3/statuscategory/{found['id']}",
            **found,
        },
    }


def named_json(call: Call, kind: str, name: str) -> dict[str, Any]:
    """An issue type, a resolution or a priority."""
    made = number_of(name)
    return {"self": f"{call.root}/rest/api/3/{kind}/{made}", "id": made, "name": name}


def person_json(call: Call, account_id: str) -> dict[str, Any]:
    """Somebody, with what their privacy settings allow."""
    person = call.site.people[account_id]
    return {
        "self": f"{call.root}/rest/api/3/user?accountId={account_id}",
        "accountId": account_id,
        "displayName": person.display_name,
        "active": True,
        "timeZone": person.time_zone,
        "accountType": "atlassian",
    }


def project_json(call: Call, project: Container) -> dict[str, Any]:
    """A project in brief, as an issue names it."""
    return {
        "self": f"{call.root}/rest/api/3/project/{project.id}",
        "id": project.id,
        "key": project.key,
        "name": project.name,
        "projectTypeKey": "software",
        "simplified": False,
    }


def comment_json(call: Call, issue: Issue, comment: Comment) -> dict[str, Any]:
    """A comment of an issue."""
    return {
        "self": f"{call.root}/rest/api/3/issue/{issue.id}/comment/{comment.id}",
        "id": comment.id,
        "author": person_json(call, comment.author),
        "body": comment.body,
        "updateAuthor": person_json(call, comment.author),
        "created": jira_time(comment.created, call.zone),
        "updated": jira_time(comment.created, call.zone),
        "jsdPublic": True,
    }


def change_json(call: Call, change: Change) -> dict[str, Any]:
    """An entry of an issue's history."""
    items = [
        {
            "field": name,
            "fieldtype": "jira",
            "fieldId": name,
            "from": None if old is None or name not in {"status", "resolution"} else number_of(old),
            "fromString": old,
            "to": None if new is None or name not in {"status", "resolution"} else number_of(new),
            "toString": new,
        }
        for name, old, new in change.items
    ]
    return {
        "id": change.id,
        "author": person_json(call, change.author),
        "created": jira_time(change.created, call.zone),
        "items": [{k: v for k, v in item.items() if v is not None} for item in items],
    }


def _comments(call: Call, issue: Issue) -> dict[str, Any]:
    comments = [comment_json(call, issue, comment) for comment in issue.comments]
    count = len(comments)
    return {"comments": comments, "startAt": 0, "maxResults": count, "total": count}


def _resolution(call: Call, issue: Issue) -> Any:
    return named_json(call, "resolution", issue.resolution) if issue.resolution else None


FIELDS: dict[str, Callable[[Call, Issue], Any]] = {
    "summary": lambda _, issue: issue.summary,
    "description": lambda _, issue: issue.description,
    "status": lambda call, issue: status_json(call, issue.status),
    "resolution": _resolution,
    "resolutiondate": lambda call, issue: (
        jira_time(issue.resolved, call.zone) if issue.resolved else None
    ),
    "labels": lambda _, issue: list(issue.labels),
    "created": lambda call, issue: jira_time(issue.created, call.zone),
    "updated": lambda call, issue: jira_time(issue.updated, call.zone),
    "reporter": lambda call, issue: person_json(call, issue.reporter),
    "creator": lambda call, issue: person_json(call, issue.reporter),
    "assignee": lambda _call, _issue: None,
    "issuetype": lambda call, issue: {
        **named_json(call, "issuetype", issue.issue_type),
        "subtask": False,
    },
    "project": lambda call, issue: project_json(call, call.site.projects[issue.project]),
    "priority": lambda call, _: named_json(call, "priority", "Medium"),
    "comment": _comments,
    "attachment": lambda _call, _issue: [],
}
ALL = tuple(FIELDS)
NAVIGABLE = tuple(name for name in ALL if name not in {"comment", "attachment"})


def chosen(asked: Collection[str], default: Collection[str]) -> list[str]:
    """The fields a list like `*all,-comment` chooses; empty means `default`."""
    named = [name for name in asked if not name.startswith("-")]
    found = [] if named else list(default)
    for name in named:
        found += {"*all": ALL, "*navigable": NAVIGABLE}.get(name, [name] if name in ALL else [])
    dropped = {name[1:] for name in asked if name.startswith("-")}
    return [name for name in dict.fromkeys(found) if name not in dropped]


def issue_json(
    call: Call,
    issue: Issue,
    fields: Collection[str],
    *,
    properties: Collection[str] = (),
    expand: Collection[str] = (),
) -> dict[str, Any]:
    """An issue with the fields, properties and expansions asked for."""
    made: dict[str, Any] = {
        "expand": "renderedFields,names,schema,operations,editmeta,changelog",
        "id": issue.id,
        "self": f"{call.root}/rest/api/3/issue/{issue.id}",
        "key": issue.key,
    }
    if fields:
        made["fields"] = {name: FIELDS[name](call, issue) for name in fields}
    if properties:
        wanted = issue.properties if "*all" in properties else properties
        made["properties"] = {k: issue.properties[k] for k in wanted if k in issue.properties}
    if "changelog" in expand:
        histories = [change_json(call, change) for change in reversed(issue.changes)]
        count = len(histories)
        made["changelog"] = {"startAt": 0, "maxResults": count, "total": count}
        made["changelog"]["histories"] = histories
    return made
