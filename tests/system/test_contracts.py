"""The contracts with Atlassian's products hold, and what is against them is caught."""

from __future__ import annotations

import json
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest

from orch_dagster.samples.atlassian import Account, Request, Response, Rules, StandIn

V2 = "/wiki/api/v2"
NAMES = ("jira", "confluence")
LAG = timedelta(seconds=30)


def furnished(tours: ModuleType, contracts: ModuleType) -> tuple[StandIn, Any]:
    """A stand-in with something in it, and what checks its traffic."""
    stand_in, checker = StandIn(tours.Clock(), Rules(index_lag=LAG)), contracts.Checker()
    stand_in.on_exchange(checker)
    tours.furnish(stand_in)
    return stand_in, checker


def test_every_operation_is_called_and_nothing_is_against_any_contract(
    atlassian_tours: ModuleType, atlassian_contracts: ModuleType
) -> None:
    stand_in, checker = furnished(atlassian_tours, atlassian_contracts)

    with atlassian_tours.tour_of(stand_in) as tour:
        tour.run()
        tour.call(tour.jira, "GET", "/_edge/tenant_info", 200)

    assert checker.violations == []
    assert stand_in.unexpected == []
    assert set(checker.counts) == {rule.name for rule in atlassian_contracts.rules()}
    print(*(f"{count:4} {name}" for name, count in sorted(checker.counts.items())), sep="\n")


def test_a_scoped_token_goes_the_gateways_way_under_the_same_contracts(
    atlassian_tours: ModuleType, atlassian_contracts: ModuleType
) -> None:
    stand_in, checker = furnished(atlassian_tours, atlassian_contracts)
    bot = atlassian_tours.BOT
    stand_in.add_account(Account(bot.email, bot.token, bot.account_id, "Orch", scoped=True))
    jira, wiki = (
        f"https://api.atlassian.com/ex/{name}/{stand_in.cloud_id}"
        for name in ("jira", "confluence")
    )
    urls = {"jira": jira, "v2": f"{wiki}{V2}", "v1": wiki}

    with atlassian_tours.tour_of(stand_in, urls, stand_in.transport()) as tour:
        tour.run()
    with atlassian_tours.tour_of(stand_in) as tour:
        tour.call(tour.jira, "GET", "/rest/api/3/myself", 401)

    assert checker.violations == []


BAD_REQUESTS = [
    ("POST", "/rest/api/3/search/jql", {"jql": "project = PAY", "startAt": 0}),
    ("POST", "/rest/api/3/issue/bulkfetch", {"issueIds": ["1"]}),
    ("POST", "/rest/api/3/search/jql", {"jql": 5}),
    ("GET", "/rest/api/3/issue/PAY-1?field=summary", None),
    ("GET", "/rest/api/3/mypermissions?projects=PAY", None),
    ("POST", f"{V2}/pages", {"title": "T", "body": {"representation": "storage", "value": ""}}),
    ("POST", f"{V2}/pages", {"spaceId": "1", "title": "T", "body": {"representation": "html"}}),
    ("GET", f"{V2}/pages?limit=1000", None),
    ("GET", f"{V2}/pages?sort=newest", None),
    ("POST", "/wiki/rest/api/content/1/label", [{"name": "x"}]),
    ("POST", "/wiki/rest/api/content/archive", {"pages": [{"id": "12"}]}),
    ("GET", f"{V2}/pages/1?body-format=html", None),
]
BAD_RESPONSES = [
    ("POST", "/rest/api/3/search/jql", 200, {"issues": [{"id": 5}], "isLast": True}),
    ("POST", "/rest/api/3/search/jql", 204, {}),
    ("POST", "/rest/api/3/issue/bulkfetch", 200, {"issues": {}, "issueErrors": []}),
    ("GET", "/rest/api/3/issue/PAY-1", 200, {"id": "1", "key": 7}),
    ("POST", "/rest/api/3/issue", 201, {"id": 1, "key": "PAY-1", "self": "x"}),
    ("GET", "/rest/api/3/issue/PAY-1/transitions", 200, {"transitions": [{"id": 11}]}),
    ("GET", f"{V2}/pages/1", 200, {"id": 1}),
    ("GET", f"{V2}/spaces", 200, {"results": {}, "_links": {}}),
    ("PUT", f"{V2}/pages/1", 202, {}),
    ("GET", "/wiki/rest/api/user/current", 200, {"type": 5}),
]


@pytest.mark.parametrize(("method", "target", "body"), BAD_REQUESTS)
def test_a_bad_request_is_caught_by_our_contract_and_by_atlassians(
    atlassian_contracts: ModuleType, method: str, target: str, body: Any
) -> None:
    sent = b"" if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Authorization": "Basic YTpi"}
    request = Request(method, target, headers, sent)
    rule = atlassian_contracts.rule_for(method, request.path)

    found = {who for who, _ in atlassian_contracts.request_problems(rule, request)}

    assert atlassian_contracts.OURS in found
    assert atlassian_contracts.official(rule.source) is None or atlassian_contracts.THEIRS in found


@pytest.mark.parametrize(("method", "path", "status", "body"), BAD_RESPONSES)
def test_a_bad_response_is_caught_by_our_contract_and_by_atlassians(
    atlassian_contracts: ModuleType, method: str, path: str, status: int, body: Any
) -> None:
    request, response = Request(method, path), Response(status, {}, json.dumps(body).encode())
    rule = atlassian_contracts.rule_for(method, path)

    found = {who for who, _ in atlassian_contracts.response_problems(rule, request, response)}

    assert atlassian_contracts.OURS in found
    assert atlassian_contracts.official(rule.source) is None or atlassian_contracts.THEIRS in found


def test_what_only_our_contract_asks_for_is_caught_by_it(
    atlassian_tours: ModuleType, atlassian_contracts: ModuleType
) -> None:
    plain = atlassian_tours.new_issue("PAY")
    plain["fields"]["description"] = "text"
    sent = {"Content-Type": "application/json"}
    request = Request("POST", "/rest/api/3/issue", sent, json.dumps(plain).encode())
    rule = atlassian_contracts.rule_for("POST", "/rest/api/3/issue")

    found = [what for _, what in atlassian_contracts.request_problems(rule, request)]

    assert any("no e-mail and token" in what for what in found)
    assert any("description" in what for what in found)


def test_a_document_that_is_no_adf_is_caught(
    atlassian_tours: ModuleType, atlassian_contracts: ModuleType
) -> None:
    if atlassian_contracts.adf_schema() is None:
        pytest.skip("Atlassian's schema of ADF is not here: run `make tools`")
    new = atlassian_tours.new_issue("PAY")
    new["fields"]["description"]["content"][0]["content"][0]["marks"] = [{"type": "sparkling"}]
    headers = {"Content-Type": "application/json", "Authorization": "Basic YTpi"}
    request = Request("POST", "/rest/api/3/issue", headers, json.dumps(new).encode())
    rule = atlassian_contracts.rule_for("POST", "/rest/api/3/issue")

    found = {who for who, _ in atlassian_contracts.request_problems(rule, request)}

    assert found == {atlassian_contracts.ADF}


def test_a_call_outside_the_contracts_fails(
    atlassian_tours: ModuleType, atlassian_contracts: ModuleType
) -> None:
    stand_in, checker = furnished(atlassian_tours, atlassian_contracts)

    stand_in.handle(Request("GET", "/rest/api/3/priority"))
    stand_in.handle(Request("POST", "/rest/api/3/search"))

    assert len(checker.violations) == 2
    assert [request.path for request in stand_in.unexpected] == ["/rest/api/3/priority"]
