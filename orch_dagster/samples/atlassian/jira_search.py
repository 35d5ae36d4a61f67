"""Jira's search: issues by JQL as the index has them, page by page."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import product
from typing import Any

from orch_dagster.samples.atlassian import jql
from orch_dagster.samples.atlassian.call import Call
from orch_dagster.samples.atlassian.index import Term
from orch_dagster.samples.atlassian.jira_json import chosen, issue_json
from orch_dagster.samples.atlassian.jira_reads import BAD_PAYLOAD, PAGE, payload, readable, texts
from orch_dagster.samples.atlassian.records import Issue
from orch_dagster.samples.atlassian.wire import Response, answer, jira_refusal

KEYS = {"jql", "nextPageToken", "maxResults", "fields", "expand", "properties"}
PAGE_OF_IDS = 5000
REMOVED = (
    "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API."
    " A full migration guideline is available at"
    " https://developer.atlassian.com/changelog/#CHANGE-2046"
)


@dataclass(frozen=True)
class Asked:
    """A search request that makes sense."""

    text: str
    token: str | None
    most: int
    fields: list[str]
    properties: list[str]
    expand: list[str]


@dataclass(frozen=True)
class Found:
    """All issues that match, in the order asked for, each with its place in that order."""

    order: tuple[tuple[str, bool], ...]
    places: list[tuple[Any, ...]]
    issues: list[Issue]


def removed(_call: Call) -> Response:
    raise jira_refusal(410, REMOVED)


def search(call: Call) -> Response:
    asked = _asked(call)
    found = _found(call, asked.text)
    start = 0
    if asked.token is not None:
        after = call.after(asked.token, asked.text)
        if after is None:
            raise jira_refusal(400, "The provided next page token is invalid or expired.")
        start = bisect_right(found.places, jql.sort_key(after, found.order))
    page = found.issues[start : start + asked.most]
    last = start + asked.most >= len(found.issues)
    result: dict[str, Any] = {"issues": [_shown(call, i, asked) for i in page], "isLast": last}
    if not last:
        result["nextPageToken"] = call.token(jql.place(page[-1], found.order), asked.text)
    return answer(result)


def _asked(call: Call) -> Asked:
    body = payload(call, KEYS)
    text, token = body.get("jql", ""), body.get("nextPageToken")
    most, expand = body.get("maxResults", 50), body.get("expand", "")
    fields, properties = body.get("fields", ["id"]), body.get("properties", [])
    plain = isinstance(text, str) and isinstance(expand, str) and isinstance(token, str | None)
    if not plain or not texts(fields) or not texts(properties) or type(most) is not int:
        raise jira_refusal(400, BAD_PAYLOAD)
    if not 1 <= most <= PAGE_OF_IDS:
        raise jira_refusal(400, "The max results parameter has to be between 1 and 5,000.")
    if len(properties) > 5:
        raise jira_refusal(400, "The number of properties must not exceed 5.")
    if not set(fields) <= {"id", "key"}:
        most = min(most, PAGE)
    return Asked(text, token, most, fields, properties, expand.split(","))


def _shown(call: Call, issue: Issue, asked: Asked) -> dict[str, Any]:
    if asked.fields == ["id"] and not asked.properties:
        return {"id": issue.id}
    wanted = chosen([name for name in asked.fields if name not in {"id", "key"}], [])
    return issue_json(call, issue, wanted, properties=asked.properties, expand=asked.expand)


def _found(call: Call, text: str) -> Found:
    """What the index has for a query; kept until the index changes, for the pages after this."""
    call.site.issue_index.catch_up(call.real_now)
    visible = frozenset(project.key for project in readable(call))
    key = (text, call.account.time_zone, visible, call.site.issue_index.generation)
    if key not in call.site.answers:
        if len(call.site.answers) > 50:
            call.site.answers.clear()
        call.site.answers[key] = _matching(call, text, visible)
    found: Found = call.site.answers[key]
    return found


def _matching(call: Call, text: str, visible: frozenset[str]) -> Found:
    try:
        query = jql.parse(text)
        checks = jql.tests(query, call.zone)
    except jql.NotUnderstood as problem:
        call.site.unexpected.append(call.request)
        raise jira_refusal(400, str(problem)) from None
    except jql.BadQuery as problem:
        raise jira_refusal(400, str(problem)) from None
    found: dict[str, Issue] = {}
    for terms in product(*_terms(call, query, visible)):
        found |= {issue.id: issue for issue in call.site.issue_index.find(terms)}
    kept = [i for i in found.values() if i.project in visible and all(ok(i) for ok in checks)]
    placed = [(jql.sort_key(jql.place(issue, query.order), query.order), issue) for issue in kept]
    placed.sort(key=lambda pair: pair[0])
    return Found(query.order, [place for place, _ in placed], [issue for _, issue in placed])


def _terms(call: Call, query: jql.Query, visible: frozenset[str]) -> list[list[Term]]:
    """Per clause the terms of the index that satisfy it."""
    made: list[list[Term]] = []
    for clause in query.clauses:
        if clause.field == "project":
            made.append([("project", _project(call, value)) for value in clause.values])
        elif clause.field == "key":
            made.append([("key", _key(call, value)) for value in clause.values])
        elif clause.field == "labels":
            made.append([("labels", value) for value in clause.values])
    return made or [[("project", key) for key in sorted(visible)]]


def _project(call: Call, value: str) -> str:
    for project in readable(call):
        if value.lower() in {project.id, project.key.lower(), project.name.lower()}:
            return project.key
    raise jira_refusal(400, f"The value '{value}' does not exist for the field 'project'.")


def _key(call: Call, value: str) -> str:
    issue = call.site.issue(value)
    if issue is None or not call.may_read(call.site.projects[issue.project]):
        raise jira_refusal(400, f"An issue with key '{value}' does not exist for field 'key'.")
    return issue.key
