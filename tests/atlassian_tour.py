"""A tour that calls every operation of Atlassian's products we use, by whatever way.

Good cases, and those that a right request may meet: absent, taken, stale, not allowed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import httpx

from orch_dagster.samples.atlassian import Account, StandIn

BOT = Account("bot@example.org", "token", "5b10ac8d82e05b22cc7d4ef5", "Orchestrator")
V2 = "/wiki/api/v2"


@dataclass
class Clock:
    """A clock that moves when it is told to."""

    now: datetime = datetime(2026, 1, 31, 15, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def furnish(stand_in: StandIn) -> None:
    """A project and a space with something in them, and what the account may not see or change."""
    stand_in.add_account(BOT)
    stand_in.add_project("PAY", name="Payments")
    stand_in.add_project("READ", readers={BOT.email}, writers=())
    stand_in.add_project("SECRET", readers=())
    stand_in.add_space("PAY", name="Payments")
    stand_in.add_space("READ", readers={BOT.email}, writers=())
    for number in range(3):
        stand_in.add_issue(
            "PAY", summary=f"Issue {number}", description="Words", comments=["One.", "Two."]
        )
    stand_in.add_issue("READ", summary="To look at")
    stand_in.add_page("READ", title="To look at", storage="<p>x</p>")


@dataclass
class Tour:
    """Calls every operation. `jira`, `v2`, `v1` are clients; the stand-in's clock is a Clock."""

    stand_in: StandIn
    jira: httpx.Client
    v2: httpx.Client
    v1: httpx.Client

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for client in (self.jira, self.v2, self.v1):
            client.close()

    def run(self) -> None:
        self.about_the_site()
        self.issues()
        self.searches()
        pages = self.pages()
        self.properties(pages[0])
        self.labels_and_archive(pages)

    def call(self, client: httpx.Client, method: str, path: str, status: int, **more: Any) -> Any:
        """Call and see the status that is expected; gives the JSON of the answer."""
        response = client.request(method, path, **more)
        assert response.status_code == status, f"{method} {path}: {response.text[:2000]}"
        return response.json() if response.content else None

    def about_the_site(self) -> None:
        self.call(self.jira, "GET", "/rest/api/3/serverInfo", 200)
        assert self.call(self.jira, "GET", "/rest/api/3/myself", 200)["timeZone"]
        asked = {"permissions": "BROWSE_PROJECTS,CREATE_ISSUES", "projectKey": "READ"}
        rows = self.call(self.jira, "GET", "/rest/api/3/mypermissions", 200, params=asked)
        assert not rows["permissions"]["CREATE_ISSUES"]["havePermission"]
        asked["projectKey"] = "SECRET"
        self.call(self.jira, "GET", "/rest/api/3/mypermissions", 404, params=asked)
        self.call(self.jira, "GET", "/rest/api/3/project/PAY", 200)
        self.call(self.jira, "GET", "/rest/api/3/project/SECRET", 404)
        self.call(self.v1, "GET", "/wiki/rest/api/user/current", 200)

    def issues(self) -> None:
        issue = "/rest/api/3/issue"
        made = self.call(self.jira, "POST", issue, 201, json=new_issue("PAY"))
        self.call(self.jira, "POST", issue, 400, json=new_issue("SECRET"))
        self.call(self.jira, "POST", issue, 403, json=new_issue("READ"))
        where = f"{issue}/{made['key']}"
        asked = {"fields": "summary,labels,description,status", "properties": "orch"}
        held = self.call(self.jira, "GET", where, 200, params={**asked, "expand": "changelog"})
        assert held["properties"] == {"orch": {"key": "k"}}
        self.call(self.jira, "GET", f"{issue}/PAY-999", 404)
        edit = {
            "fields": {"summary": "Better", "description": document("new")},
            "update": {"labels": [{"add": "seen"}], "comment": [comment("done")]},
            "properties": [{"key": "orch", "value": {"key": "l"}}],
        }
        self.call(self.jira, "PUT", where, 204, json=edit, params={"notifyUsers": "false"})
        self.call(self.jira, "PUT", f"{issue}/READ-1", 400, json={"fields": {"summary": "No"}})
        self.call(self.jira, "PUT", f"{issue}/PAY-999", 404, json={"fields": {"summary": "No"}})
        ways = self.call(self.jira, "GET", f"{where}/transitions", 200)["transitions"]
        done = next(way["id"] for way in ways if way["to"]["statusCategory"]["key"] == "done")
        move = {"transition": {"id": done}, "update": {"comment": [comment("closed")]}}
        self.call(self.jira, "POST", f"{where}/transitions", 204, json=move)
        self.call(self.jira, "POST", f"{where}/transitions", 400, json={"transition": {"id": "9"}})
        self.call(self.jira, "GET", f"{where}/comment", 200, params={"orderBy": "-created"})

    def searches(self) -> None:
        search, fetch = "/rest/api/3/search/jql", "/rest/api/3/issue/bulkfetch"
        self.stand_in.clock.pass_by(60)
        asked: dict[str, Any] = {"jql": 'project = "PAY" ORDER BY updated ASC', "maxResults": 2}
        found = []
        while True:
            page = self.call(self.jira, "POST", search, 200, json=asked)
            found += [row["id"] for row in page["issues"]]
            if page["isLast"]:
                break
            asked["nextPageToken"] = page["nextPageToken"]
        assert len(found) == 4
        fields = ["summary", "description", "status", "resolution", "updated", "comment"]
        since = {
            "jql": 'project = "PAY" AND updated >= "2026-01-31 11:45"',
            "fields": [*fields, "resolutiondate", "reporter", "issuetype", "labels", "created"],
            "properties": ["orch"],
            "expand": "changelog",
        }
        assert len(self.call(self.jira, "POST", search, 200, json=since)["issues"]) == 4
        self.call(self.jira, "POST", search, 400, json={"jql": "ORDER BY created"})
        self.call(self.jira, "POST", search, 400, json={"jql": 'project = "SECRET"'})
        asked = {"issueIdsOrKeys": [*found, "1"], "fields": fields, "properties": ["orch"]}
        assert len(self.call(self.jira, "POST", fetch, 200, json=asked)["issues"]) == 4

    def pages(self) -> list[str]:
        (space,) = self.call(self.v2, "GET", "/spaces", 200, params={"keys": "PAY,NONE"})["results"]
        may = self.call(self.v2, "GET", f"/spaces/{space['id']}/operations", 200)["operations"]
        assert {"operation": "create", "targetType": "page"} in may
        self.call(self.v2, "GET", "/spaces/1/operations", 404)
        body = json.dumps(document("words"))
        new = {
            "spaceId": space["id"],
            "status": "current",
            "title": "Safe payments",
            "parentId": space["homepageId"],
            "body": {"representation": "atlas_doc_format", "value": body},
        }
        page = self.call(self.v2, "POST", "/pages", 200, json=new)
        self.call(self.v2, "POST", "/pages", 400, json={**new, "title": "SAFE PAYMENTS"})
        self.call(self.v2, "POST", "/pages", 404, json={**new, "spaceId": "1"})
        storage = {"representation": "storage", "value": "<p>a<br/>b</p>"}
        second = {"spaceId": space["id"], "title": "Second", "body": storage}
        other = self.call(self.v2, "POST", "/pages", 200, json=second)
        where = f"/pages/{page['id']}"
        change = {
            "id": page["id"],
            "status": "current",
            "title": "Safer payments",
            "body": storage,
            "version": {"number": 2, "message": "from the tour"},
        }
        assert self.call(self.v2, "PUT", where, 200, json=change)["version"]["number"] == 2
        self.call(self.v2, "PUT", where, 409, json=change)
        self.call(self.v2, "PUT", "/pages/1", 404, json={**change, "id": "1"})
        self.page_lists(space["id"])
        self.stand_in.comment_page(page["id"], "<p>Nice.</p>")
        shown = {"body-format": "storage"}
        asked = {**shown, "sort": "created-date"}
        rows = self.call(self.v2, "GET", f"{where}/footer-comments", 200, params=asked)["results"]
        assert rows[0]["body"]["storage"]["value"] == "<p>Nice.</p>"
        return [page["id"], other["id"]]

    def page_lists(self, space: str) -> None:
        shown = "limit=1&sort=-modified-date&body-format=atlas_doc_format"
        link = f"/pages?space-id={space}&{shown}"
        titles = []
        while link:
            page = self.call(self.v2, "GET", link, 200)
            titles += [row["title"] for row in page["results"]]
            link = page["_links"].get("next", "").removeprefix(V2)
        assert sorted(titles) == ["Payments", "Safer payments", "Second"]
        asked = {"space-id": space, "title": "second", "status": ["current", "archived"]}
        assert len(self.call(self.v2, "GET", "/pages", 200, params=asked)["results"]) == 1

    def properties(self, page: str) -> None:
        where = f"/pages/{page}/properties"
        new = {"key": "orch", "value": {"key": "k"}}
        made = self.call(self.v2, "POST", where, 200, json=new)
        self.call(self.v2, "POST", where, 400, json=new)
        change = {**new, "value": 2, "version": {"number": 2}}
        self.call(self.v2, "PUT", f"{where}/{made['id']}", 200, json=change)
        self.call(self.v2, "PUT", f"{where}/{made['id']}", 409, json=change)
        found = self.call(self.v2, "GET", where, 200, params={"key": "orch"})["results"]
        assert [row["value"] for row in found] == [2]

    def labels_and_archive(self, pages: list[str]) -> None:
        content = "/wiki/rest/api/content"
        labels = [{"prefix": "global", "name": "Orch-1"}]
        self.call(self.v1, "POST", f"{content}/{pages[0]}/label", 200, json=labels)
        self.call(self.v1, "POST", f"{content}/1/label", 404, json=labels)
        looked = self.stand_in.pages("READ")[0].id
        self.call(self.v1, "POST", f"{content}/{looked}/label", 403, json=labels)
        more = {"body-format": "storage", "include-labels": "true", "include-properties": "true"}
        page = self.call(self.v2, "GET", f"/pages/{pages[0]}", 200, params=more)
        assert [row["name"] for row in page["labels"]["results"]] == ["orch-1"]
        self.call(self.v2, "GET", f"/pages/{pages[0]}", 200, params={"version": "1"})
        self.call(self.v2, "GET", "/pages/1", 404)
        task = {"pages": [{"id": int(pages[1])}]}
        self.call(self.v1, "POST", f"{content}/archive", 202, json=task)
        self.call(self.v1, "POST", f"{content}/archive", 400, json=task)
        self.stand_in.clock.pass_by(60)
        assert self.call(self.v2, "GET", f"/pages/{pages[1]}", 200)["status"] == "archived"


def document(text: str) -> dict[str, Any]:
    paragraph = {"type": "paragraph", "content": [{"type": "text", "text": text}]}
    return {"type": "doc", "version": 1, "content": [paragraph]}


def comment(text: str) -> dict[str, Any]:
    return {"add": {"body": document(text)}}


def new_issue(project: str) -> dict[str, Any]:
    fields = {"project": {"key": project}, "issuetype": {"name": "Task"}, "summary": "New"}
    more = {"labels": ["orch-1"], "description": document("words")}
    return {"fields": {**fields, **more}, "properties": [{"key": "orch", "value": {"key": "k"}}]}


def tour_of(
    stand_in: StandIn,
    urls: dict[str, str] | None = None,
    transport: httpx.BaseTransport | None = None,
) -> Tour:
    """A tour in process on the site, or by the given URLs of the three products."""
    if urls is None:
        urls = {"jira": stand_in.url, "v2": f"{stand_in.url}{V2}", "v1": stand_in.url}
        transport = stand_in.transport()
    clients = {
        product: httpx.Client(
            base_url=url,
            auth=(BOT.email, BOT.token),
            transport=transport,
            trust_env=False,
            timeout=60,
        )
        for product, url in urls.items()
    }
    return Tour(stand_in, **clients)
