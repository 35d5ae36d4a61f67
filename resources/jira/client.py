"""The operations of Jira Cloud v3 that are used, each as one method.

Searches end where the service says, never where a page happens to be short: a token that comes
again, or none where more is announced, is an error and not an end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

from pydantic import Field

from coordinator.errors import SourceAbsent, SourceMisbehaved
from coordinator.jira.issues import Comment, Comments
from coordinator.reading.answers import Read, parsed
from resources.atlassian import Site

API = "/rest/api/3"
PAGE = 100
"""Issues a page with their texts; the service gives no more."""
CENSUS_PAGE = 5_000
"""Issues a page when only ids are asked for."""
MOST_PAGES = 10_000
FETCHED_AT_ONCE = 100
MOST_COMMENTS = 100

Row = TypeVar("Row", bound=Read)


class Server(Read):
    deployment: str = Field("", alias="deploymentType")


class Account(Read):
    id: str = Field(alias="accountId")
    zone: str | None = Field(None, alias="timeZone")


class Permission(Read):
    have: bool = Field(False, alias="havePermission")


class Permissions(Read):
    permissions: dict[str, Permission]


class Found(Read):
    issues: tuple[dict[str, Any], ...] = ()
    token: str | None = Field(None, alias="nextPageToken")
    last: bool | None = Field(None, alias="isLast")


class Fetched(Read):
    issues: tuple[dict[str, Any], ...] = ()


class Created(Read):
    id: str
    key: str


class To(Read):
    class Category(Read):
        key: str = ""

    category: Category = Field(Category(), alias="statusCategory")


class Transition(Read):
    id: str
    to: To = To()


class Transitions(Read):
    transitions: tuple[Transition, ...] = ()


class JiraClient:
    """Calls to one Jira site by one account."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def server(self) -> Server:
        """Which Jira this is."""
        answer = self.site.call("GET", f"{API}/serverInfo", what="serverInfo")
        return parsed(Server, answer.data, "serverInfo")

    def myself(self) -> tuple[Account, datetime | None]:
        """The account the token belongs to, and the server's clock."""
        answer = self.site.call("GET", f"{API}/myself", what="myself")
        return parsed(Account, answer.data, "myself"), answer.at

    def permissions(self, project: str, keys: Sequence[str]) -> dict[str, bool]:
        """Which of the permissions `keys` the account has in `project`; SourceAbsent without it."""
        answer = self.site.call(
            "GET",
            f"{API}/mypermissions",
            what="mypermissions",
            params={"projectKey": project, "permissions": ",".join(keys)},
        )
        found = parsed(Permissions, answer.data, "mypermissions").permissions
        return {key: key in found and found[key].have for key in keys}

    def check_browsable(self, project: str) -> None:
        """SourceAbsent unless the account sees the project: else "nothing found" means nothing."""
        self.site.call("GET", f"{API}/project/{project}", what=f"project {project}")
        if not self.permissions(project, ["BROWSE_PROJECTS"])["BROWSE_PROJECTS"]:
            raise SourceAbsent(
                f"{self.site.settings.email} may not browse the issues of {project}",
                hint="give the account the permission Browse Projects",
            )

    def search(
        self,
        jql: str,
        model: type[Row],
        *,
        fields: Sequence[str],
        page: int = PAGE,
        properties: Sequence[str] = (),
        expand: str | None = None,
    ) -> Iterator[list[Row]]:
        """The issues `jql` finds, page by page, in its order."""
        token: str | None = None
        seen: set[str] = set()
        for _ in range(MOST_PAGES):
            asked: dict[str, Any] = {"jql": jql, "fields": list(fields), "maxResults": page}
            if token:
                asked["nextPageToken"] = token
            if properties:
                asked["properties"] = list(properties)
            if expand:
                asked["expand"] = expand
            answer = self.site.call(
                "POST", f"{API}/search/jql", what="search", json=asked, effect="read"
            )
            found = parsed(Found, answer.data, "search")
            yield [parsed(model, issue, "search") for issue in found.issues]
            token = found.token
            if found.last or (not token and found.last is None):
                return
            if not token:
                raise SourceMisbehaved("search: more is announced, but no page to go on with")
            if token in seen:
                raise SourceMisbehaved("search: a page was given twice")
            seen.add(token)
        raise SourceMisbehaved(f"search: more than {MOST_PAGES:,} pages")

    def fetch(
        self,
        ids: Sequence[str],
        model: type[Row],
        *,
        fields: Sequence[str],
        expand: str | None = None,
    ) -> list[Row]:
        """Those of the issues `ids` that are there and visible, straight from the database."""
        found: list[Row] = []
        for start in range(0, len(ids), FETCHED_AT_ONCE):
            some = list(ids[start : start + FETCHED_AT_ONCE])
            asked = {"issueIdsOrKeys": some, "fields": list(fields)}
            answer = self.site.call(
                "POST",
                f"{API}/issue/bulkfetch",
                what="bulkfetch",
                json=asked | ({"expand": [expand]} if expand else {}),
                effect="read",
            )
            issues = parsed(Fetched, answer.data, "bulkfetch").issues
            found += [parsed(model, issue, "bulkfetch") for issue in issues]
        return found

    def issue(
        self,
        id: str,
        model: type[Row],
        *,
        fields: Sequence[str],
        properties: Sequence[str] = (),
        expand: str | None = None,
    ) -> Row:
        """One issue, straight from the database; SourceAbsent when there is none."""
        answer = self.site.call(
            "GET",
            f"{API}/issue/{id}",
            what="an issue",
            params={
                "fields": ",".join(fields),
                "properties": ",".join(properties) or None,
                "expand": expand,
            },
        )
        return parsed(model, answer.data, "an issue")

    def comments(self, id: str) -> list[Comment]:
        """All comments of an issue, oldest first."""
        found: list[Comment] = []
        while True:
            answer = self.site.call(
                "GET",
                f"{API}/issue/{id}/comment",
                what="comments",
                params={"startAt": len(found), "maxResults": MOST_COMMENTS, "orderBy": "created"},
            )
            page = parsed(Comments, answer.data, "comments")
            found += page.comments
            if len(found) >= page.total or not page.comments:
                return found

    def create(self, fields: dict[str, Any], properties: dict[str, Any]) -> Created:
        """Make an issue. Not idempotent: OutcomeUnknown when nobody can say whether it was made."""
        answer = self.site.call(
            "POST",
            f"{API}/issue",
            what="making an issue",
            json={"fields": fields, "properties": _properties(properties)},
            effect="once",
        )
        return parsed(Created, answer.data, "making an issue")

    def edit(
        self,
        id: str,
        fields: dict[str, Any],
        properties: dict[str, Any],
        *,
        add_labels: Sequence[str] = (),
        remove_labels: Sequence[str] = (),
    ) -> None:
        """Change fields, labels and properties of an issue.

        Nobody is notified, where the account may ask for that.
        """
        changes: dict[str, Any] = {"fields": fields, "properties": _properties(properties)}
        labels = [{"add": one} for one in add_labels] + [{"remove": one} for one in remove_labels]
        if labels:
            changes["update"] = {"labels": labels}
        self.site.call(
            "PUT",
            f"{API}/issue/{id}",
            what="changing an issue",
            params={"notifyUsers": "false"},
            json=changes,
            effect="once",
        )

    def ending_transition(self, id: str) -> str | None:
        """The id of a transition that ends the issue; None when none can be taken from here."""
        answer = self.site.call("GET", f"{API}/issue/{id}/transitions", what="transitions")
        found = parsed(Transitions, answer.data, "transitions").transitions
        ending = sorted(one.id for one in found if one.to.category.key == "done")
        return ending[0] if ending else None

    def transition(self, id: str, transition: str) -> None:
        """Take a transition."""
        self.site.call(
            "POST",
            f"{API}/issue/{id}/transitions",
            what="a transition",
            json={"transition": {"id": transition}},
            effect="once",
        )


def _properties(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value} for key, value in sorted(values.items())]
