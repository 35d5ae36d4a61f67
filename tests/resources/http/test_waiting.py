"""How often a lane calls, what it does when told to wait, and when it stops asking."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from coordinator.errors import OutcomeUnknown, SourceBusy, SourceUnreachable
from resources.http import LaneState

OK = (200, {}, b"{}")
SICK = (500, {}, b"")
LATER = {"deadline_s": 1.0}


def busy(**headers: str) -> tuple[int, dict[str, str], bytes]:
    return 429, {name.replace("_", "-"): text for name, text in headers.items()}, b""


def scripted(*answers: Any) -> Callable[..., Any]:
    """An upstream that gives these answers in turn and then says yes."""
    left = list(answers)
    return lambda *request: left.pop(0) if left else OK


@pytest.fixture(autouse=True)
def only_sleeping_takes_time(clock):
    clock.stand_still()


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_a_call_that_came_too_often_waits_as_told_and_goes_again(
    method, fault_server, client_of, clock
):
    server = fault_server(scripted(busy(Retry_After="7")))
    assert client_of(server.url).request(method, "/item").extensions["attempts"] == 2
    assert clock.slept == [7.0]


def test_jiras_own_header_is_obeyed_by_the_servers_clock(fault_server, client_of, clock):
    told = busy(
        Date="Fri, 20 Nov 2026 15:00:00 GMT",
        X_RateLimit_Reset="2026-11-20T15:00:09Z",
        RateLimit_Reason="jira-burst-based",
    )
    server = fault_server(scripted(told))
    client_of(server.url).get("/item")
    assert clock.slept == [9.0]


def test_without_a_time_to_come_again_the_waits_grow(fault_server, client_of, clock):
    server = fault_server(scripted(busy(), busy(), busy()))
    client_of(server.url).post("/item")
    assert clock.slept == [0.25, 0.5, 1.0]


def test_the_fourth_refusal_in_one_call_is_the_last(fault_server, client_of, clock):
    server = fault_server(lambda *request: busy(Retry_After="2"))
    with pytest.raises(SourceBusy) as raised:
        client_of(server.url).post("/item")
    assert len(server.arrived) == 4
    assert raised.value.retry_at == clock.now() + timedelta(seconds=2)


def test_a_wait_that_does_not_fit_is_said_at_once_and_nobody_asks_before_its_end(
    fault_server, client_of, lanes, clock
):
    server = fault_server(scripted(busy(Retry_After="100")))
    client = client_of(server.url)
    again = clock.now() + timedelta(seconds=100)
    for _ in range(3):
        with pytest.raises(SourceBusy) as raised:
            client.get("/item")
        assert raised.value.retry_at == again
    assert len(server.arrived) == 1
    assert clock.slept == []
    assert lanes.state("acme", "jira").paused_until == again
    clock.skipped += 71
    assert client.get("/item").status_code == 200
    assert clock.slept == [29.0]
    assert lanes.state("acme", "jira").paused_until is None


def test_who_cannot_be_helped_is_told_before_waiting_for_a_turn(fault_server, client_of, clock):
    server = fault_server(scripted(busy(Retry_After="100"), *[SICK] * 5))
    paused = client_of(server.url, requests_per_second=0.1)
    for _ in range(2):
        with pytest.raises(SourceBusy):
            paused.get("/item")
    assert clock.slept == []
    sick = client_of(server.url, company="sick", requests_per_second=5)
    fail(sick, 5)
    with pytest.raises(SourceUnreachable, match="not asked until"):
        sick.get("/item")
    assert clock.slept == []


def test_a_call_with_more_time_waits_for_the_pause_that_another_had_no_time_for(
    fault_server, client_of, clock
):
    server = fault_server(scripted(busy(Retry_After="20")))
    client = client_of(server.url)
    with pytest.raises(SourceBusy):
        client.get("/item", extensions={"deadline_s": 10})
    assert client.get("/item").status_code == 200
    assert clock.slept == [20.0]


def test_a_pause_without_a_time_from_the_server_promises_none(fault_server, client_of):
    server = fault_server(lambda *request: busy())
    with pytest.raises(SourceBusy) as raised:
        client_of(server.url).get("/item", extensions={"deadline_s": 0.1})
    assert raised.value.retry_at is None


def test_one_busy_issue_does_not_stop_the_lane(fault_server, client_of, lanes, clock):
    told = busy(Retry_After="2", RateLimit_Reason="jira-per-issue-on-write")
    server = fault_server(scripted(told, OK, told))
    client = client_of(server.url)
    with pytest.raises(SourceBusy) as raised:
        client.post("/item", extensions=LATER)
    assert raised.value.retry_at == clock.now() + timedelta(seconds=2)
    assert lanes.state("acme", "jira") == LaneState()
    assert client.post("/item", extensions=LATER).status_code == 200
    assert clock.slept == []
    client.post("/item")
    assert clock.slept == [2.0]


def test_a_busy_lane_does_not_stop_another_of_the_same_company_or_service(fault_server, client_of):
    server = fault_server(scripted(busy(Retry_After="100")))
    with pytest.raises(SourceBusy):
        client_of(server.url).get("/item")
    client_of(server.url, service="confluence").get("/item")
    client_of(server.url, company="other").get("/item")
    with pytest.raises(SourceBusy):
        client_of(server.url).get("/item")


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_service_that_rests_is_left_alone_as_long_as_it_says(
    method, fault_server, client_of, clock
):
    server = fault_server(scripted((503, {"Retry-After": "11"}, b"")))
    assert client_of(server.url).request(method, "/item").status_code == 200
    assert clock.slept == [11.0]


@pytest.mark.parametrize(
    ("method", "error"), [("GET", SourceBusy), ("PUT", OutcomeUnknown), ("POST", OutcomeUnknown)]
)
def test_a_service_that_rests_too_long_pauses_the_lane_and_a_write_stays_unknown(
    method, error, fault_server, client_of
):
    server = fault_server(scripted((503, {"Retry-After": "100"}, b"")))
    client = client_of(server.url)
    with pytest.raises(error):
        client.request(method, "/item")
    with pytest.raises(SourceBusy):
        client.get("/item")
    assert len(server.arrived) == 1


def test_a_write_refused_after_it_may_have_been_done_stays_unknown(fault_server, client_of):
    server = fault_server(scripted(SICK, busy(Retry_After="1000")))
    with pytest.raises(OutcomeUnknown):
        client_of(server.url).put("/item")


def test_a_lane_calls_by_its_rate_over_all_its_clients(fault_server, client_of, clock):
    server = fault_server()
    clients = [client_of(server.url, requests_per_second=4) for _ in range(2)]
    for n in range(12):
        clients[n % 2].get("/item")
    assert clock.slept == [0.25] * 8


def test_the_wait_for_ones_turn_is_not_counted_as_the_calls_time(fault_server, client_of, clock):
    server = fault_server()
    client = client_of(server.url, requests_per_second=0.1)
    for _ in range(3):
        assert client.get("/item", extensions=LATER).status_code == 200
    assert clock.slept == [10.0, 10.0]


def test_the_wait_for_ones_turn_is_bounded(fault_server, client_of, clock):
    server = fault_server()
    client = client_of(server.url, requests_per_second=0.001)
    client.get("/item")
    with pytest.raises(SourceBusy, match="too many calls wait"):
        client.get("/item")
    assert clock.slept == []


def test_edited_settings_hold_for_the_lane_at_once(fault_server, client_of, clock):
    server = fault_server()
    client_of(server.url, requests_per_second=0.1).get("/item")
    client_of(server.url, requests_per_second=2).get("/item")
    assert clock.slept == [0.5]


def fail(client: Any, times: int) -> None:
    for _ in range(times):
        with pytest.raises(OutcomeUnknown):
            client.post("/item")


def test_after_five_failures_the_host_is_not_asked_for_thirty_seconds_then_by_one_call(
    fault_server, client_of, lanes, clock
):
    server = fault_server(scripted(*[SICK] * 6))
    client = client_of(server.url)
    fail(client, 5)
    until = clock.now() + timedelta(seconds=30)
    with pytest.raises(SourceUnreachable, match="not asked until 2026-11-20 12:00:30 UTC"):
        client.post("/item")
    assert lanes.state("acme", "jira") == LaneState("open", open_until=until)
    assert len(server.arrived) == 5
    clock.skipped += 30
    assert lanes.state("acme", "jira").breaker == "half-open"
    fail(client, 1)
    assert lanes.state("acme", "jira").open_until == clock.now() + timedelta(seconds=60)
    clock.skipped += 60
    assert client.post("/item").status_code == 200
    assert lanes.state("acme", "jira") == LaneState()


def test_what_made_the_breaker_open_is_still_said(fault_server, client_of):
    server = fault_server()
    server.plan("refuse")
    client = client_of(server.url)
    for _ in range(5):
        with pytest.raises(SourceUnreachable, match="refused the connection"):
            client.post("/item")
    with pytest.raises(SourceUnreachable, match=r"failures in a row .*refused the connection"):
        client.post("/item")


def test_every_attempt_counts_and_a_breaker_that_opens_ends_the_retries(fault_server, client_of):
    server = fault_server(lambda *request: SICK)
    client = client_of(server.url)
    for _ in range(3):
        with pytest.raises(SourceUnreachable):
            client.get("/item")
    assert len(server.arrived) == 5


def test_a_write_whose_breaker_opens_between_attempts_stays_unknown(fault_server, client_of):
    server = fault_server(lambda *request: SICK)
    client = client_of(server.url)
    fail(client, 4)
    with pytest.raises(OutcomeUnknown):
        client.put("/item")
    assert len(server.arrived) == 5


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 429])
def test_answers_that_are_no_sickness_never_open_the_breaker(
    status, fault_server, client_of, lanes
):
    told = {"RateLimit-Reason": "jira-per-issue-on-write", "Retry-After": "9"}
    server = fault_server(lambda *request: (status, told, b""))
    client = client_of(server.url)
    for _ in range(8):
        if status == 429:
            with pytest.raises(SourceBusy):
                client.post("/item", extensions=LATER)
        else:
            client.post("/item")
    assert len(server.arrived) == 8
    assert lanes.state("acme", "jira").breaker == "closed"


def test_a_host_that_hangs_opens_the_breaker(fault_server, client_of, lanes):
    server = fault_server()
    server.plan(*["hang_unexecuted"] * 5)
    client = client_of(server.url)
    for _ in range(5):
        with pytest.raises(OutcomeUnknown):
            client.post("/item", extensions={"deadline_s": 0.05})
    assert lanes.state("acme", "jira").breaker == "open"


def test_an_interrupted_probe_lets_the_next_one_through(
    fault_server, client_of, clock, monkeypatch
):
    server = fault_server(scripted(*[SICK] * 5))
    client = client_of(server.url)
    fail(client, 5)
    clock.skipped += 30

    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("resources.http.connections.Connections.send", interrupted)
        with pytest.raises(KeyboardInterrupt):
            client.post("/item")
    assert client.post("/item").status_code == 200
