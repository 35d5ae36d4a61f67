"""The stand-in's Jira, its door and its clock behave as Atlassian's do where clients stumble."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any

import httpx
import pytest

from orch_dagster.samples.atlassian import Account, RateLimit, Request, Rules, StandIn

BOT = Account("bot@example.org", "token", "acc-bot", "Orchestrator")
BERLIN = Account("b@example.org", "token", "acc-b", "Bea", time_zone="Europe/Berlin")
SEARCH = "/rest/api/3/search/jql"
ISSUE = "/rest/api/3/issue"
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
    rows = client(site).get(f"{where}/changelog").json()
    assert [item["toString"] for item in rows["values"][0]["items"]] == ["Better", "a"]
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


# the door


def test_tokens_are_refused_where_they_do_not_work(site: StandIn, clock: Any) -> None:
    until = clock() + MINUTE
    site.add_account(Account("bot@example.org", "short", "acc-bot", "Bot", expires=until))
    site.add_account(Account("bot@example.org", "scoped", "acc-bot", "Bot", scoped=True))
    myself = "/rest/api/3/myself"
    gateway = f"/ex/jira/{site.cloud_id}{myself}"

    def status(token: str, path: str) -> int:
        return client(site, Account(BOT.email, token, "", "")).get(path).status_code

    assert [status(t, myself) for t in ("token", "short", "scoped", "wrong")] == [
        200,
        200,
        401,
        401,
    ]
    assert [status(t, gateway) for t in ("token", "scoped", "wrong")] == [401, 200, 401]
    assert status("scoped", gateway.replace(site.cloud_id, "another")) == 404
    clock.pass_by(60)
    assert status("short", myself) == 401
    answer = client(site, Account(BOT.email, "short", "", "")).get(myself)
    assert answer.headers["X-Seraph-Loginreason"] == "AUTHENTICATED_FAILED"
    assert answer.headers["WWW-Authenticate"].startswith("OAuth realm=")
    site.remove_account(BOT)
    assert status("token", myself) == 401
    stranger = httpx.Client(transport=site.transport(), base_url=site.url)
    assert stranger.get("/_edge/tenant_info").json() == {"cloudId": site.cloud_id}
    assert stranger.get("/rest/api/3/serverInfo").status_code == 200


def test_too_many_calls_are_refused_with_when_to_come_again(site: StandIn, clock: Any) -> None:
    site.rules.rate = RateLimit(burst=5, per_second=0.5)
    answers = [client(site).get("/rest/api/3/myself") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[3].headers["X-RateLimit-Remaining"] == "1"
    assert answers[-1].headers["Retry-After"] == "2"
    assert answers[-1].headers["RateLimit-Reason"] == "jira-burst-based"
    assert answers[-1].headers["X-RateLimit-Reset"] == "2026-01-31T15:00:02Z"
    assert client(site, BERLIN).get("/rest/api/3/myself").status_code == 200
    clock.pass_by(2)
    assert client(site).get("/rest/api/3/myself").status_code == 200
    site.rules.retry_after = False
    answer = client(site).get("/wiki/api/v2/spaces")
    assert answer.status_code == 429
    assert "Retry-After" not in answer.headers
    assert answer.headers["RateLimit-Reason"] == "confluence-burst-based"


def test_a_server_whose_clock_is_ahead_dates_everything_ahead(site: StandIn) -> None:
    site.rules.skew = timedelta(minutes=7)
    answer = client(site).post(ISSUE, json=new())
    assert answer.headers["Date"] == "Sat, 31 Jan 2026 15:07:00 GMT"
    assert site.issue(answer.json()["key"]).created == datetime(2026, 1, 31, 15, 7, tzinfo=UTC)


def test_a_write_whose_connection_was_dropped_happens_when_its_time_comes(
    site: StandIn, clock: Any
) -> None:
    token = base64.b64encode(b"bot@example.org:token").decode()
    headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
    for summary, delay in (("third", 3 * MINUTE), ("second", 2 * MINUTE), ("first", None)):
        body = json.dumps(new(summary)).encode()
        site.handle_later(Request("POST", ISSUE, headers, body), delay)
    assert site.issues() == []
    clock.pass_by(30)
    assert [issue.summary for issue in site.issues()] == ["first"]
    clock.pass_by(3600)
    issues = site.issues()
    assert [issue.summary for issue in issues] == ["first", "second", "third"]
    assert issues[-1].created == datetime(2026, 1, 31, 15, 3, tzinfo=UTC)


def test_what_it_does_not_know_is_absent_and_remembered(site: StandIn) -> None:
    assert client(site).get("/rest/api/3/priority").status_code == 404
    assert client(site).delete(f"{ISSUE}/PAY-1").status_code == 404
    client(site).post(SEARCH, json={"jql": "status = Done"})
    assert [request.path for request in site.unexpected] == [
        "/rest/api/3/priority",
        f"{ISSUE}/PAY-1",
        SEARCH,
    ]


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"\xff"])
def test_a_body_that_is_no_json_is_refused(site: StandIn, body: bytes) -> None:
    json_type = {"Content-Type": "application/json"}
    assert "JSON" in refused(client(site).post(SEARCH, content=body, headers=json_type))
    plain = {"Content-Type": "text/plain"}
    assert "JSON" in refused(client(site).post(SEARCH, content=body, headers=plain), 415).upper()


WRONGS: list[tuple[str, Callable[[httpx.Response], bool]]] = [
    ("not_json", lambda answer: answer.headers["Content-Type"].startswith("text/html")),
    ("empty", lambda answer: answer.content == b""),
    ("wrong_types", lambda answer: not isinstance(answer.json()["issues"], list)),
    ("missing_fields", lambda answer: answer.json()["issues"][0] == {}),
    ("not_last_without_token", lambda answer: set(answer.json()) == {"issues", "isLast"}),
    ("redirect", lambda answer: answer.headers["Location"].startswith("https://elsewhere")),
    ("unavailable", lambda answer: answer.status_code == 503),
]


@pytest.mark.parametrize(("how", "wrong"), WRONGS)
def test_it_answers_wrongly_on_purpose_as_often_as_told(
    site: StandIn, how: Any, wrong: Callable[[httpx.Response], bool]
) -> None:
    site.add_issue("PAY", summary="x")
    site.misbehave("searchAndReconsileIssuesUsingJqlPost", how, times=2)
    answers = [client(site).post(SEARCH, json={"jql": "project = PAY"}) for _ in range(3)]
    assert [wrong(answer) for answer in answers[:2]] == [True, True]
    assert len(answers[2].json()["issues"][0]["id"]) == 5


def test_paging_may_go_round_or_never_end_on_purpose(site: StandIn) -> None:
    site.add_issue("PAY", summary="x")
    ask: dict[str, Any] = {"jql": "project = PAY"}
    for how, distinct in (("repeated_token", 1), ("endless", 5)):
        site.misbehave("jira.searchAndReconsileIssuesUsingJqlPost", how)
        tokens = []
        for _ in range(5):
            page = client(site).post(SEARCH, json=ask).json()
            assert (len(page["issues"]), page["isLast"]) == (1, False)
            tokens.append(page["nextPageToken"])
            ask["nextPageToken"] = tokens[-1]
        assert len(set(tokens)) == distinct
    site.behave()
    assert found(site, "project = PAY") == ["PAY-1"]


def test_a_bulk_fetch_may_fail_for_some_and_that_does_not_mean_they_are_gone(site: StandIn) -> None:
    key = site.add_issue("PAY", summary="x")
    site.misbehave("bulkFetchIssues", "issue_errors")
    read = client(site).post(f"{ISSUE}/bulkfetch", json={"issueIdsOrKeys": [key]}).json()
    assert read["issues"] == []
    assert [row["id"] for row in read["issueErrors"]] == [site.issue(key).id]


def test_a_wrong_nobody_knows_is_told(site: StandIn) -> None:
    with pytest.raises(ValueError, match="no such operation"):
        site.misbehave("getEverything", "empty")
    with pytest.raises(ValueError, match="no such wrong"):
        site.misbehave("getIssue", "sleepy")  # type: ignore[arg-type]


# over HTTP, in threads, and kept


def test_many_threads_over_one_port_make_as_many_issues_as_they_ask_for(site: StandIn) -> None:
    with site.serving() as url:

        def work(number: int) -> set[str]:
            with httpx.Client(base_url=url, auth=(BOT.email, BOT.token), trust_env=False) as http:
                answers = [http.post(ISSUE, json=new(f"{number}.{n}")) for n in range(10)]
            assert all(answer.json()["self"].startswith(url) for answer in answers)
            return {answer.json()["key"] for answer in answers}

        with ThreadPoolExecutor(8) as pool:
            keys = set().union(*pool.map(work, range(8)))
    assert len(keys) == 80
    assert len(site.issues("PAY")) == 80


def test_closing_it_does_not_wait_for_a_client_that_stays_connected(site: StandIn) -> None:
    with httpx.Client(trust_env=False) as http:

        def serve() -> None:
            with site.serving() as url:
                http.get(f"{url}/_edge/tenant_info")

        server = Thread(target=serve, daemon=True)
        server.start()
        server.join(30)
        assert not server.is_alive()


def test_one_connection_serves_many_requests(site: StandIn) -> None:
    site.add_issue("PAY", summary="x")
    with site.serving() as url, httpx.Client(trust_env=False) as http:
        ports = set()
        for path in ("/_edge/tenant_info", "/browse/PAY-1", "/rest/api/3/none"):
            answer = http.get(url + path)
            stream = answer.extensions["network_stream"]
            ports.add(stream.get_extra_info("client_addr"))
    assert len(ports) == 1


def test_the_same_calls_at_the_same_times_give_the_same_bytes(atlassian_tours: ModuleType) -> None:
    def once() -> list[bytes]:
        seen: list[bytes] = []
        stand_in = StandIn(atlassian_tours.Clock(), Rules(index_lag=timedelta(seconds=30)))
        stand_in.on_exchange(lambda _, response: seen.append(response.body))
        atlassian_tours.furnish(stand_in)
        with atlassian_tours.tour_of(stand_in) as tour:
            tour.run()
        return seen

    assert once() == once()


def test_what_stands_there_is_kept_in_a_file_and_comes_back_whole(
    atlassian_tours: ModuleType, tmp_path: Path
) -> None:
    site = StandIn(atlassian_tours.Clock())
    atlassian_tours.furnish(site)
    with atlassian_tours.tour_of(site) as tour:
        tour.run()
    site.move_issue("PAY-1", "READ")
    site.handle_later(Request("GET", "/", {}, b"x"), timedelta(days=1))
    file = tmp_path / "site.json"
    site.save(file)
    again = StandIn.load(file, site.clock)
    for name in ("accounts", "people", "projects", "spaces", "issues", "keys", "pages", "later"):
        assert getattr(again.site, name) == getattr(site.site, name), name
    assert again.add_issue("PAY", summary="next") == site.add_issue("PAY", summary="next")
    assert found(again, "project = PAY", atlassian_tours.BOT)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["site.json"]
    file.write_text("{}")
    with pytest.raises(ValueError, match="no saved site"):
        StandIn.load(file)
