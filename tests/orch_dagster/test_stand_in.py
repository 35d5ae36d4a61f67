"""The stand-in's Jira behaves as Atlassian's does where clients stumble."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import httpx
import pytest

from orch_dagster.samples.atlassian import Account, StandIn

BOT = Account("bot@example.org", "token", "acc-bot", "Orchestrator")
BERLIN = Account("b@example.org", "token", "acc-b", "Bea", time_zone="Europe/Berlin")
SEARCH = "/rest/api/3/search/jql"
ISSUE = "/rest/api/3/issue"
BAD_MARKS = {
    "type": "doc",
    "version": 1,
    "content": [{"type": "text", "text": "x", "marks": ["bold"]}],
}
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock(atlassian_tours: ModuleType) -> Any:
    return atlassian_tours.Clock()  # 2026-01-31 15:00 UTC


@pytest.fixture
def site(clock: Any) -> StandIn:
    made = StandIn(clock)
    made.add_account(BOT)
    made.add_account(BERLIN)
    made.add_project("PAY", name="Payments")
    made.add_project("SECRET", readers=())
    return made


def client(site: StandIn, account: Account = BOT, **options: Any) -> httpx.Client:
    auth = (account.email, account.token)
    return httpx.Client(transport=site.transport(), base_url=site.url, auth=auth, **options)


def found(site: StandIn, jql: str, account: Account = BOT, **more: Any) -> list[str]:
    """Keys a search gives, all pages."""
    asked, keys = {"jql": jql, "fields": ["key"], **more}, []
    while True:
        answer = client(site, account).post(SEARCH, json=asked)
        assert answer.status_code == 200, answer.text
        keys += [row["key"] for row in answer.json()["issues"]]
        if answer.json()["isLast"]:
            assert "nextPageToken" not in answer.json()
            return keys
        asked["nextPageToken"] = answer.json()["nextPageToken"]


def refused(answer: httpx.Response, status: int = 400) -> str:
    """What a refusal says."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    return " ".join([*body["errorMessages"], *body["errors"].values()])


def new(summary: str = "New", **fields: Any) -> dict[str, Any]:
    basis = {"project": {"key": "PAY"}, "issuetype": {"name": "Task"}, "summary": summary}
    return {"fields": {**basis, **fields}}


# searching


def test_a_search_sees_what_stood_there_before_the_lag_and_a_read_sees_now(
    site: StandIn, clock: Any
) -> None:
    site.rules.index_lag = MINUTE
    key = site.add_issue("PAY", summary="first", labels=["a"])
    assert found(site, "project = PAY") == []
    clock.pass_by(60)
    site.edit_issue(key, labels=["b"])
    assert found(site, "labels = a") == [key]
    assert found(site, "labels = b") == []
    read = client(site).get(f"{ISSUE}/{key}").json()
    assert read["fields"]["labels"] == ["b"]
    clock.pass_by(60)
    assert found(site, "labels = b") == [key]
    site.delete_issue(key)
    assert found(site, "project = PAY") == [key]
    assert client(site).get(f"{ISSUE}/{key}").status_code == 404
    clock.pass_by(60)
    assert found(site, "project = PAY") == []


def test_a_single_issue_may_be_indexed_late(site: StandIn, clock: Any) -> None:
    late = site.add_issue("PAY", summary="late", indexed_after=10 * MINUTE)
    made = client(site).post(ISSUE, json=new()).json()["key"]
    site.index_late(made, 5 * MINUTE)
    other = site.add_issue("PAY", summary="at once")
    assert found(site, "project = PAY") == [other]
    clock.pass_by(300)
    assert set(found(site, "project = PAY")) == {other, made}
    clock.pass_by(300)
    assert set(found(site, "project = PAY")) == {other, made, late}


def test_what_is_indexed_late_never_takes_the_place_of_something_newer(
    site: StandIn, clock: Any
) -> None:
    key = site.add_issue("PAY", summary="x", labels=["old"], indexed_after=10 * MINUTE)
    site.edit_issue(key, labels=["new"])
    assert found(site, "labels = new") == [key]
    clock.pass_by(600)
    assert found(site, "labels = new") == [key]
    assert found(site, "labels = old") == []


def test_moments_in_a_query_are_read_in_the_accounts_own_time_zone_to_the_minute(
    site: StandIn, clock: Any
) -> None:
    clock.now = datetime(2026, 1, 31, 15, 0, 30, tzinfo=UTC)
    key = site.add_issue("PAY", summary="at 12:00:30 in São Paulo, 16:00:30 in Berlin")
    assert found(site, 'updated >= "2026-01-31 12:00"') == [key]
    assert found(site, 'updated >= "2026-01-31 12:01"') == []
    assert found(site, 'updated >= "2026-01-31 16:00"', BERLIN) == [key]
    assert found(site, 'updated >= "2026-01-31 12:00"', BERLIN) == [key]
    assert found(site, 'updated >= "2026-01-31 16:00"') == []
    assert found(site, 'project = PAY AND created < "2026/01/31"') == []
    answer = client(site).post(SEARCH, json={"jql": 'updated >= "2026-01-31 12:00:30"'})
    assert "is invalid" in refused(answer)


def test_moments_are_written_in_the_accounts_own_time_zone(site: StandIn) -> None:
    key = site.add_issue("PAY", summary="x")
    ask = f"{ISSUE}/{key}?fields=updated"
    assert client(site).get(ask).json()["fields"] == {"updated": "2026-01-31T12:00:00.000-0300"}
    there = client(site, BERLIN).get(ask).json()
    assert there["fields"]["updated"] == "2026-01-31T16:00:00.000+0100"
    assert client(site, BERLIN).get("/rest/api/3/myself").json()["timeZone"] == "Europe/Berlin"


@pytest.mark.parametrize(
    ("jql", "says"),
    [
        ("ORDER BY created", "Unbounded JQL"),
        ("", "Unbounded JQL"),
        ("project = NOPE", "The value 'NOPE' does not exist for the field 'project'."),
        ("project = SECRET", "The value 'SECRET' does not exist for the field 'project'."),
        ("key = PAY-99", "'PAY-99' does not exist"),
        ("project = ", "before the end"),
        ("project = PAY ORDER BY mood", "Not able to sort"),
        ("project = PAY OR project = SECRET", "Expecting 'and'"),
        ('project = "PAY\\" OR project = \\"SECRET"', "The value 'PAY\" OR project = \"SECRET'"),
        ("project = PAY; DROP", "not expected"),
        ("assignee = currentUser()", "'assignee' does not exist"),
    ],
)
def test_a_query_that_is_wrong_is_refused_in_jiras_words(
    site: StandIn, jql: str, says: str
) -> None:
    assert says in refused(client(site).post(SEARCH, json={"jql": jql}))


@pytest.mark.parametrize(
    ("jql", "keys"),
    [
        ("project = pay ORDER BY key ASC", ["PAY-1", "PAY-2", "PAY-3"]),
        ('project = "Payments" ORDER BY updated', ["PAY-3", "PAY-1", "PAY-2"]),
        ("project = PAY ORDER BY updated DESC", ["PAY-2", "PAY-1", "PAY-3"]),
        ("project = PAY ORDER BY created desc, id asc", ["PAY-1", "PAY-2", "PAY-3"]),
        ("project = PAY", ["PAY-3", "PAY-2", "PAY-1"]),
        ("key in (PAY-3, 'PAY-1') order by key", ["PAY-1", "PAY-3"]),
        ("labels = red AND labels = 'big' ORDER BY key", ["PAY-1"]),
        ("labels in (red, blue) ORDER BY key", ["PAY-1", "PAY-2", "PAY-3"]),
        ("labels = Red", []),
        ('project = PAY AND updated > "2026-01-31 11:00" ORDER BY key', ["PAY-1", "PAY-2"]),
    ],
)
def test_a_query_finds_what_it_says_in_the_order_it_says(
    site: StandIn, clock: Any, jql: str, keys: list[str]
) -> None:
    now = clock()
    site.add_issue("PAY", summary="1", labels=["red", "big"], updated=now - 5 * MINUTE, created=now)
    site.add_issue("PAY", summary="2", labels=["red"], created=now)
    site.add_issue("PAY", summary="3", labels=["blue"], created=now - timedelta(days=1))
    assert found(site, jql) == keys
    assert found(site, jql, maxResults=1) == keys


def test_ids_come_5000_a_page_and_anything_more_100(site: StandIn) -> None:
    for number in range(250):
        site.add_issue("PAY", summary=str(number))
    ask = {"jql": "project = PAY", "maxResults": 5000}
    only_ids = client(site).post(SEARCH, json=ask).json()
    assert len(only_ids["issues"]) == 250
    assert set(only_ids["issues"][0]) == {"id"}
    full = client(site).post(SEARCH, json={**ask, "fields": ["summary"]}).json()
    assert (len(full["issues"]), full["isLast"]) == (100, False)
    assert len(set(found(site, "project = PAY", fields=["summary"], maxResults=100))) == 250
    assert "between 1 and 5,000" in refused(
        client(site).post(SEARCH, json={**ask, "maxResults": 0})
    )


def test_an_issue_that_changes_between_two_pages_is_seen_again_and_none_is_missed(
    site: StandIn, clock: Any
) -> None:
    for number in range(4):
        clock.pass_by(60)
        site.add_issue("PAY", summary=str(number))
    ask = {"jql": "project = PAY ORDER BY updated ASC", "maxResults": 2, "fields": ["key"]}
    first = client(site).post(SEARCH, json=ask).json()
    clock.pass_by(60)
    site.edit_issue("PAY-1", summary="changed")
    site.delete_issue("PAY-2")
    second = client(site).post(SEARCH, json={**ask, "nextPageToken": first["nextPageToken"]}).json()
    third = client(site).post(SEARCH, json={**ask, "nextPageToken": second["nextPageToken"]}).json()
    rows = [row["key"] for page in (first, second, third) for row in page["issues"]]
    assert rows == ["PAY-1", "PAY-2", "PAY-3", "PAY-4", "PAY-1"]


def test_a_page_token_ends_and_belongs_to_one_query(site: StandIn, clock: Any) -> None:
    for number in range(3):
        site.add_issue("PAY", summary=str(number))
    ask = {"jql": "project = PAY", "maxResults": 1}
    token = client(site).post(SEARCH, json=ask).json()["nextPageToken"]
    other = {"jql": "project = PAY ORDER BY key", "nextPageToken": token}
    assert "invalid or expired" in refused(client(site).post(SEARCH, json=other))
    bad = {**ask, "nextPageToken": "abc"}
    assert "invalid or expired" in refused(client(site).post(SEARCH, json=bad))
    clock.pass_by(7 * 24 * 3600)
    late = {**ask, "nextPageToken": token}
    assert "invalid or expired" in refused(client(site).post(SEARCH, json=late))


def test_an_unknown_key_in_a_request_is_refused_and_the_old_search_is_gone(site: StandIn) -> None:
    ask = {"jql": "project = PAY", "startAt": 0}
    assert "Invalid request payload" in refused(client(site).post(SEARCH, json=ask))
    assert "has been removed" in refused(client(site).get("/rest/api/3/search"), 410)
    assert "has been removed" in refused(client(site).post("/rest/api/3/search", json=ask), 410)


# issues


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"summary": ""}, "must specify a summary"),
        ({"summary": "a\nb"}, "newline"),
        ({"summary": "x" * 256}, "255"),
        ({"labels": ["a b"]}, "contains spaces"),
        ({"labels": "a"}, "array"),
        ({"description": "words"}, "Atlassian Document"),
        ({"description": {"type": "doc", "version": 1, "content": [{"type": "x"}]}}, "INVALID"),
        ({"description": BAD_MARKS}, "INVALID"),
        ({"story points": 3}, "cannot be set"),
        ({"issuetype": {"name": "Wish"}}, "issue type"),
        ({"project": {"key": "SECRET"}}, "valid project"),
    ],
)
def test_what_an_issue_may_not_hold_is_refused_and_nothing_is_made(
    site: StandIn, fields: dict[str, Any], says: str
) -> None:
    assert says in refused(client(site).post(ISSUE, json=new(**fields)))
    assert site.issues() == []


def test_a_description_comes_back_as_jira_keeps_it_and_byte_for_byte_when_told(
    site: StandIn, atlassian_tours: ModuleType
) -> None:
    sent = atlassian_tours.document("words")
    empty = {"type": "text", "text": "", "marks": [{"type": "strong"}]}
    sent["content"][0]["content"] += [empty, {"type": "text", "text": "!"}]
    key = client(site).post(ISSUE, json=new(description=sent)).json()["key"]
    kept = site.issue(key).description
    assert kept["content"][0]["content"] == [{"type": "text", "text": "words!"}]
    assert len(kept["content"][0]["attrs"]["localId"]) == 12
    site.rules.normalise = False
    key = client(site).post(ISSUE, json=new(description=sent)).json()["key"]
    assert site.issue(key).description == sent


def test_an_edit_is_kept_in_the_history_and_one_that_changes_nothing_is_not(
    site: StandIn, clock: Any
) -> None:
    key = client(site).post(ISSUE, json=new()).json()["key"]
    clock.pass_by(60)
    where = f"{ISSUE}/{key}"
    change = {
        "fields": {"summary": "Better"},
        "update": {"labels": [{"add": "b"}, {"add": "a"}, {"remove": "b"}]},
    }
    for _ in range(2):
        assert client(site).put(where, json=change).status_code == 204
    issue = site.issue(key)
    assert (issue.updated, issue.summary, issue.labels) == (clock(), "Better", ("a",))
    assert [change.items for change in issue.changes] == [
        (("summary", "New", "Better"), ("labels", "", "a"))
    ]
    [told] = (
        client(site).get(where, params={"expand": "changelog"}).json()["changelog"]["histories"]
    )
    assert [item["toString"] for item in told["items"]] == ["Better", "a"]
    both = {"fields": {"summary": "x"}, "update": {"summary": [{"set": "y"}]}}
    assert "both" in refused(client(site).put(where, json=both))
    assert "required" in refused(client(site).put(where, json={}))


def test_a_transition_to_done_resolves_and_one_back_opens_again(site: StandIn, clock: Any) -> None:
    key = site.add_issue("PAY", summary="x")
    where = f"{ISSUE}/{key}/transitions"
    ways = {row["name"]: row["id"] for row in client(site).get(where).json()["transitions"]}
    assert set(ways) == {"In Progress", "Done"}
    assert "string" in refused(client(site).post(where, json={"transition": {"id": 31}}))
    client(site).post(where, json={"transition": {"id": ways["Done"]}})
    issue = site.issue(key)
    assert (issue.status, issue.resolution, issue.resolved) == ("Done", "Done", clock())
    client(site).post(where, json={"transition": {"id": ways["In Progress"]}})
    assert (site.issue(key).resolution, site.issue(key).resolved) == (None, None)
    assert "not valid" in refused(client(site).post(where, json={"transition": {"id": "99"}}))


def test_a_moved_issue_keeps_its_id_and_its_old_key_still_finds_it(site: StandIn) -> None:
    site.add_project("CARD")
    key = site.add_issue("PAY", summary="x")
    issue = site.issue(key)
    assert site.move_issue(key, "CARD") == "CARD-1"
    for name in (issue.id, "PAY-1", "pay-1", "CARD-1"):
        read = client(site).get(f"{ISSUE}/{name}").json()
        assert (read["id"], read["key"]) == (issue.id, "CARD-1")
    assert found(site, "project = CARD") == ["CARD-1"]
    assert found(site, "project = PAY") == []


def test_bulk_fetch_leaves_out_what_is_gone_or_hidden(site: StandIn) -> None:
    kept, gone = site.add_issue("PAY", summary="a"), site.add_issue("PAY", summary="b")
    hidden = site.add_issue("SECRET", summary="c")
    site.delete_issue(gone)
    ask = {"issueIdsOrKeys": [hidden, gone, "99", kept], "fields": ["summary"]}
    read = client(site).post(f"{ISSUE}/bulkfetch", json=ask).json()
    assert [row["key"] for row in read["issues"]] == [kept]
    assert read["issueErrors"] == []
    ask["issueIdsOrKeys"] = [str(number) for number in range(101)]
    assert "100" in refused(client(site).post(f"{ISSUE}/bulkfetch", json=ask))


def test_one_issue_takes_20_writes_in_two_seconds(site: StandIn, clock: Any) -> None:
    one, other = site.add_issue("PAY", summary="a"), site.add_issue("PAY", summary="b")
    writes = [
        client(site).put(f"{ISSUE}/{one}", json={"fields": {"summary": str(number)}})
        for number in range(21)
    ]
    assert [answer.status_code for answer in writes] == [204] * 20 + [429]
    assert writes[-1].headers["RateLimit-Reason"] == "jira-per-issue-on-write"
    change = {"fields": {"summary": "x"}}
    assert client(site).put(f"{ISSUE}/{other}", json=change).status_code == 204
    assert client(site).get(f"{ISSUE}/{one}").status_code == 200
    clock.pass_by(2)
    assert client(site).put(f"{ISSUE}/{one}", json=change).status_code == 204


def test_comments_come_in_the_order_and_number_asked_for(site: StandIn, clock: Any) -> None:
    key = site.add_issue("PAY", summary="x", comments=["one", ("Bruno", "two")])
    clock.pass_by(60)
    site.edit_issue(key, comment="three", by="Carla")
    where = f"{ISSUE}/{key}/comment"
    page = client(site).get(f"{where}?orderBy=-created&startAt=1&maxResults=1").json()
    (row,) = page["comments"]
    assert (page["total"], page["startAt"], row["author"]["displayName"]) == (3, 1, "Bruno")
    assert site.issue(key).updated == clock()
    assert "numbers" in refused(client(site).get(f"{where}?startAt=first"))
    assert "orderBy" in refused(client(site).get(f"{where}?orderBy=mood"))


def test_what_an_account_may_not_see_is_absent_and_what_it_may_not_change_is_refused(
    site: StandIn,
) -> None:
    site.add_project("READ", readers={BOT.email}, writers=())
    hidden, shown = site.add_issue("SECRET", summary="x"), site.add_issue("READ", summary="x")
    for path in (f"{ISSUE}/{hidden}", f"{ISSUE}/{hidden}/comment", "/rest/api/3/project/SECRET"):
        assert client(site).get(path).status_code == 404
    assert client(site).get(f"{ISSUE}/{shown}").status_code == 200
    assert client(site).get(f"{ISSUE}/{shown}/transitions").json()["transitions"] == []
    assert client(site, BERLIN).get(f"{ISSUE}/{shown}").status_code == 404
    site.edit_issue(hidden, labels=["red"])
    assert found(site, "labels = red") == []
    assert found(site, 'updated >= "2026-01-01"') == [shown]
    assert found(site, 'updated >= "2026-01-01"', BERLIN) == []
    change = {"fields": {"summary": "y"}}
    assert "permission" in refused(client(site).put(f"{ISSUE}/{shown}", json=change))
    made = client(site).post(ISSUE, json=new(project={"key": "READ"}))
    assert "permission" in refused(made, 403)
    ask = "/rest/api/3/mypermissions?permissions=BROWSE_PROJECTS,EDIT_ISSUES&projectKey=READ"
    rows = client(site).get(ask).json()["permissions"]
    assert [row["havePermission"] for row in rows.values()] == [True, False]
