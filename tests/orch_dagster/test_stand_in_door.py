"""The stand-in's door and clock: tokens, rates, late writes, wrong answers, HTTP, a file."""

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
    site.handle_later(Request("POST", ISSUE, headers, b"\xff"))
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
