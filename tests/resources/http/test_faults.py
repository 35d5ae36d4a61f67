"""Every transport fault, for calls of every effect: what is raised, how often it was executed."""

from __future__ import annotations

import pytest

from coordinator.errors import OutcomeUnknown, SourceUnreachable

EXECUTED = {
    "refuse": False,
    "close_on_accept": False,
    "reset_on_accept": False,
    "close_while_reading": False,
    "reset_after_request": False,
    "hang_unexecuted": False,
    "executed_then_close": True,
    "executed_then_reset": True,
    "executed_partial_status": True,
    "executed_partial_headers": True,
    "executed_short_body": True,
    "executed_bad_chunk": True,
    "executed_garbage": True,
    "executed_then_hang": True,
    "executed_trickle": True,
}
SLOW = ("hang_unexecuted", "executed_then_hang", "executed_trickle")
METHODS = {"read": "GET", "idempotent": "PUT", "once": "POST"}
CASES = [(fault, effect) for fault in EXECUTED for effect in METHODS]


def deadline(fault: str) -> float:
    return 0.2 if fault in SLOW else 20.0


def test_these_are_all_the_faults_there_are(fault_servers):
    assert fault_servers.FAULTS == EXECUTED


@pytest.mark.parametrize(("fault", "effect"), CASES)
def test_a_fault_that_stays_ends_in_the_error_that_says_whether_it_was_done(
    fault, effect, fault_server, client_of
):
    server = fault_server()
    server.plan(*[fault] * 9)
    definite = fault == "refuse"
    with pytest.raises(SourceUnreachable if definite or effect == "read" else OutcomeUnknown):
        client_of(server.url).request(
            METHODS[effect], "/item", extensions={"deadline_s": deadline(fault)}
        )
    attempts = 0 if definite else 1 if effect == "once" or fault in SLOW else 4
    assert len(server.arrived) == attempts
    assert len(server.executed) == (attempts if EXECUTED[fault] else 0)


@pytest.mark.parametrize("effect", METHODS)
@pytest.mark.parametrize("fault", [f for f in EXECUTED if f not in SLOW and f != "refuse"])
def test_a_fault_that_passes_is_repeated_unless_that_could_do_it_twice(
    fault, effect, fault_server, client_of
):
    server = fault_server()
    client = client_of(server.url)
    assert client.get("/before").status_code == 200
    server.plan("", fault)
    client.get("/between")
    done = len(server.executed)
    if effect == "once":
        with pytest.raises(OutcomeUnknown):
            client.request(METHODS[effect], "/item")
        assert len(server.executed) - done == EXECUTED[fault]
    else:
        answer = client.request(METHODS[effect], "/item")
        assert answer.json() == {"ok": True}
        assert answer.extensions["attempts"] == 2
        assert len(server.executed) - done == EXECUTED[fault] + 1
    assert client.get("/after").status_code == 200


def test_a_call_is_repeated_with_the_same_body(fault_server, client_of):
    server = fault_server()
    server.plan("executed_then_reset", "close_while_reading", "")
    client_of(server.url).put("/item", content=iter([b"one ", b"two"]))
    assert [arrival.body for arrival in server.executed] == [b"one two", b"one two"]


def test_what_may_not_be_done_twice_never_goes_over_a_used_connection(fault_server, client_of):
    server = fault_server()
    client = client_of(server.url)
    for _ in range(2):
        client.get("/read")
        client.post("/write")
    connections = [arrival.connection for arrival in server.arrived]
    assert len(set(connections)) == 3
    assert connections[0] == connections[2]


def test_a_refusal_after_an_attempt_that_may_have_been_done_does_not_settle_it(
    fault_server, client_of
):
    server = fault_server()
    server.plan("executed_then_reset", "refuse")
    with pytest.raises(OutcomeUnknown, match="may have been done"):
        client_of(server.url).put("/item")
    assert len(server.executed) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 425])
@pytest.mark.parametrize("effect", METHODS)
def test_statuses_that_leave_it_open_are_repeated_like_a_broken_connection(
    status, effect, fault_server, client_of
):
    server = fault_server(lambda *request: (status, {}, b"private words"))
    with pytest.raises(
        SourceUnreachable if effect == "read" else OutcomeUnknown, match=f"answered {status}"
    ) as raised:
        client_of(server.url).request(METHODS[effect], "/item")
    assert len(server.executed) == (1 if effect == "once" else 4)
    assert "private words" not in str(raised.value)


@pytest.mark.parametrize("status", [200, 201, 204, 304, 400, 401, 403, 404, 409, 413, 422])
def test_every_other_status_is_an_answer_and_asked_for_once(status, fault_server, client_of):
    server = fault_server(lambda *request: (status, {}, b"" if status in (204, 304) else b"{}"))
    for method in METHODS.values():
        assert client_of(server.url).request(method, "/item").status_code == status
    assert len(server.arrived) == 3


def test_retries_wait_longer_each_time(fault_server, client_of, clock):
    clock.stand_still()
    server = fault_server(lambda *request: (500, {}, b""))
    with pytest.raises(SourceUnreachable):
        client_of(server.url).get("/item")
    assert clock.slept == [0.25, 0.5, 1.0]


def test_no_retry_is_begun_that_the_deadline_leaves_no_room_for(fault_server, client_of, clock):
    clock.stand_still()
    server = fault_server(lambda *request: (500, {}, b""))
    with pytest.raises(SourceUnreachable):
        client_of(server.url).get("/item", extensions={"deadline_s": 0.6})
    assert len(server.arrived) == 2


def test_the_clock_of_the_server_reaches_the_caller_as_it_said_it(fault_server, client_of):
    server = fault_server(lambda *request: (200, {"Date": "Fri, 20 Nov 2026 12:00:00 GMT"}, b"{}"))
    answer = client_of(server.url).get("/item")
    assert answer.headers["Date"] == "Fri, 20 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize("fault", [f for f in EXECUTED if f not in SLOW and f != "refuse"])
def test_an_answer_without_a_body_breaks_off_all_the_same(fault, fault_server, client_of):
    server = fault_server(lambda *request: (204, {}, b""))
    server.plan(fault)
    with pytest.raises(OutcomeUnknown):
        client_of(server.url).post("/item")


def test_an_upstream_that_fails_is_the_tests_mistake_and_says_so(fault_servers, client_of):
    def upstream(*request: object) -> None:
        raise ZeroDivisionError

    server = fault_servers.FaultServer(upstream)
    with pytest.raises(OutcomeUnknown):
        client_of(server.url).post("/item")
    with pytest.raises(ZeroDivisionError):
        server.close()
