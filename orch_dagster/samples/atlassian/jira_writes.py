"""Jira's writing operations: create, edit, transition, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from orch_dagster.samples.atlassian import adf
from orch_dagster.samples.atlassian.call import Call, milliseconds
from orch_dagster.samples.atlassian.jira_json import category, status_json
from orch_dagster.samples.atlassian.jira_reads import BAD_PAYLOAD, issue_of, payload, readable
from orch_dagster.samples.atlassian.records import Change, Comment, Container, Issue
from orch_dagster.samples.atlassian.wire import (
    Response,
    answer,
    done,
    field_refusal,
    jira_refusal,
)

TEXT = 32_767
NOT_ADF = "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
UNKNOWN = "Field '{}' cannot be set. It is not on the appropriate screen, or unknown."


def create(call: Call) -> Response:
    body = _details(call, "fields", "properties")
    fields = dict(body.get("fields", {}))
    project = _project(call, fields.pop("project", None))
    issue_type = _issue_type(project, fields.pop("issuetype", None))
    if not call.may_write(project):
        raise jira_refusal(403, "You do not have permission to create issues in this project.")
    if not str(fields.get("summary") or "").strip():
        raise field_refusal("summary", "You must specify a summary of the issue.")
    values = _values(fields)
    now, issue_id = milliseconds(call.now), call.site.new_id()
    issue = Issue(
        id=issue_id,
        key=call.site.new_key(project.key),
        project=project.key,
        summary=values["summary"],
        description=_kept(call, values.get("description"), issue_id),
        issue_type=issue_type,
        status=project.statuses[0],
        resolution=None,
        resolved=None,
        labels=values.get("labels", ()),
        reporter=call.account.account_id,
        created=now,
        updated=now,
        properties=_properties(body),
    )
    call.site.put_issue(issue, call.due(issue.id))
    link = f"{call.root}/rest/api/3/issue/{issue.id}"
    return answer({"id": issue.id, "key": issue.key, "self": link}, 201)


def _details(call: Call, *keys: str) -> dict[str, Any]:
    """The body, when it is an object of known keys; more than the stand-in knows is refused."""
    body = payload(call, {*keys})
    for name in {*keys} - {"properties"}:
        if not isinstance(body.get(name, {}), dict):
            raise jira_refusal(400, BAD_PAYLOAD)
    return body


def _project(call: Call, named: Any) -> Container:
    if isinstance(named, dict):
        for project in readable(call):
            if named.get("id") == project.id or named.get("key") == project.key:
                return project
    raise field_refusal("project", "Specify a valid project ID or key")


def _issue_type(project: Container, named: Any) -> str:
    wanted = named.get("name") if isinstance(named, dict) else None
    if wanted is None:
        raise field_refusal("issuetype", "Specify an issue type")
    if wanted not in project.issue_types:
        raise field_refusal("issuetype", "Specify a valid issue type")
    return str(wanted)


def _values(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields as they are kept, or a refusal that names the first that is wrong."""
    values = {}
    for name, value in fields.items():
        if name not in CHECKS:
            raise field_refusal(name, UNKNOWN.format(name))
        values[name] = CHECKS[name](value)
    return values


def _summary(value: Any) -> str:
    if not isinstance(value, str):
        raise field_refusal("summary", "Operation value must be a string")
    if "\n" in value or "\r" in value:
        raise field_refusal("summary", "The summary contains newline characters.")
    if len(value) > 255:
        raise field_refusal("summary", "Summary can't exceed 255 characters.")
    return value.strip()


def _description(value: Any) -> Any:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise field_refusal("description", NOT_ADF)
    if adf.problem(value):
        raise jira_refusal(400, "INVALID_INPUT")
    if len(adf.text_of(value)) > TEXT:
        raise field_refusal(
            "description",
            "The entered text is too long. It exceeds the allowed limit of 32,767 characters.",
        )
    return value


def _labels(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(label, str) for label in value):
        raise field_refusal("labels", "data was not an array")
    for label in value:
        if any(letter.isspace() for letter in label):
            raise field_refusal("labels", f"The label '{label}' contains spaces which is invalid.")
        if not label or len(label) > 255:
            raise field_refusal("labels", "The label exceeds the maximum length of 255.")
    return tuple(sorted(set(value)))


CHECKS: dict[str, Callable[[Any], Any]] = {
    "summary": _summary,
    "description": _description,
    "labels": _labels,
}


def _properties(body: dict[str, Any]) -> dict[str, Any]:
    rows = body.get("properties") or []
    good = isinstance(rows, list) and all(
        isinstance(row, dict) and set(row) == {"key", "value"} and isinstance(row["key"], str)
        for row in rows
    )
    if not good:
        raise jira_refusal(400, "Properties must be a list of objects with key and value.")
    return {row["key"]: row["value"] for row in rows}


def _kept(call: Call, document: Any, seed: str) -> Any:
    return adf.stored(document, seed) if document and call.rules.normalise else document


def edit(call: Call) -> Response:
    issue = issue_of(call)
    body = _details(call, "fields", "update", "properties")
    if not body.keys() & {"fields", "update", "properties"}:
        raise jira_refusal(400, "one of 'fields' or 'update' required")
    if not call.may_write(call.site.projects[issue.project]):
        raise jira_refusal(400, "You do not have permission to edit issues in this project.")
    call.site.put_issue(touched(call, issue, _edited(call, issue, body)), call.due(issue.id))
    return done()


def _edited(call: Call, issue: Issue, body: dict[str, Any]) -> Issue:
    """The issue with fields, updates and properties put in."""
    fields, update = dict(body.get("fields", {})), body.get("update", {})
    if both := set(fields) & set(update):
        raise field_refusal(min(both), "Field is in both 'fields' and 'update'.")
    comments: tuple[Comment, ...] = ()
    for name, operations in update.items():
        if name == "comment":
            comments += _new_comments(call, operations)
        else:
            fields[name] = _updated(issue, name, operations)
    values = _values(fields)
    if "description" in values:
        values["description"] = _kept(call, values["description"], issue.id)
    properties = {**issue.properties, **_properties(body)}
    return replace(issue, **values, comments=issue.comments + comments, properties=properties)


def _updated(issue: Issue, name: str, operations: Any) -> Any:
    """A field's value once its operations are done: `set` for all, `add`, `remove` for labels."""
    value: Any = list(issue.labels) if name == "labels" else getattr(issue, name, None)
    if not isinstance(operations, list):
        raise field_refusal(name, "Operations must be a list.")
    for operation in operations:
        match operation:
            case {"set": new}:
                value = new
            case {"add": label} if name == "labels":
                value = [*value, label]
            case {"remove": label} if name == "labels":
                value = [kept for kept in value if kept != label]
            case _:
                raise field_refusal(name, "Unknown operation.")
    return value


def _new_comments(call: Call, operations: Any) -> tuple[Comment, ...]:
    made = []
    for operation in operations if isinstance(operations, list) else [None]:
        match operation:
            case {"add": {"body": body}} if isinstance(body, dict) and not adf.problem(body):
                comment_id = call.site.new_id()
                kept = _kept(call, body, comment_id)
                now = milliseconds(call.now)
                made.append(Comment(comment_id, call.account.account_id, kept, now))
            case _:
                raise field_refusal("comment", "Comment body is not valid!")
    return tuple(made)


def touched(call: Call, old: Issue, new: Issue) -> Issue:
    """The new issue with its history and time stamp; properties alone touch neither."""
    items = history_items(old, new)
    if not items and new.comments == old.comments:
        return new
    now = milliseconds(call.now)
    changes = new.changes
    if items:
        changes += (Change(call.site.new_id(), call.account.account_id, now, items),)
    return replace(new, changes=changes, updated=now)


def history_items(old: Issue, new: Issue) -> tuple[tuple[str, str | None, str | None], ...]:
    """What the history says of a change, field by field."""
    return tuple(
        (name, _as_text(getattr(old, name)), _as_text(getattr(new, name)))
        for name in ("summary", "description", "labels", "status", "resolution")
        if getattr(old, name) != getattr(new, name)
    )


def _as_text(value: Any) -> str | None:
    if isinstance(value, dict):
        return adf.text_of(value)
    return " ".join(value) if isinstance(value, tuple) else value


def _transitions(call: Call, issue: Issue) -> dict[str, str]:
    """The statuses an issue may go to, by transition id."""
    project = call.site.projects[issue.project]
    if not call.may_write(project):
        return {}
    return {
        str(10 * at + 11): status
        for at, status in enumerate(project.statuses)
        if status != issue.status
    }


def transitions(call: Call) -> Response:
    rows = [
        {
            "id": transition_id,
            "name": status,
            "to": status_json(call, status),
            "hasScreen": False,
            "isGlobal": True,
            "isInitial": False,
            "isAvailable": True,
            "isConditional": False,
        }
        for transition_id, status in _transitions(call, issue_of(call)).items()
    ]
    return answer({"expand": "transitions", "transitions": rows})


def transition(call: Call) -> Response:
    issue = issue_of(call)
    body = _details(call, "transition", "fields", "update")
    wanted = body.get("transition", {}).get("id")
    if not isinstance(wanted, str):
        raise jira_refusal(400, "The transition id must be a string.")
    status = _transitions(call, issue).get(wanted)
    if status is None:
        raise jira_refusal(
            400, "It seems that you have tried to perform a workflow operation that is not valid."
        )
    fields = dict(body.get("fields", {}))
    resolution = fields.pop("resolution", {"name": "Done"})
    changed = _edited(call, issue, {**body, "fields": fields})
    ended = category(status) == "done"
    name = str(resolution.get("name")) if isinstance(resolution, dict) else "Done"
    moved = replace(
        changed,
        status=status,
        resolution=name if ended else None,
        resolved=milliseconds(call.now) if ended else None,
    )
    call.site.put_issue(touched(call, issue, moved), call.due(issue.id))
    return done()
