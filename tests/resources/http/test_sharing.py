"""Many calls at once: what a lane holds back, what the cap shares out, and what a fork leaves."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from coordinator.errors import OutcomeUnknown, SourceBusy, SourceUnreachable
from resources.http import Lanes
from resources.http import lanes as lanes_module
from resources.http import places as places_module

OK = (200, {}, b"{}")


class Together:
    """An upstream that holds each request until told, and counts how many it holds at once."""

    def __init__(self) -> None:
        self.now: dict[str, int] = {}
        self.most: dict[str, int] = {}
        self.served: list[str] = []
        self.held = threading.Semaphore(0)
        self._open = threading.Event()

    async def __call__(self, method: str, target: str, *request: Any) -> Any:
        lane = target.split("/")[1]
        for name in (lane, ""):
            self.now[name] = self.now.get(name, 0) + 1
            self.most[name] = max(self.most.get(name, 0), self.now[name])
        self.held.release()
        while not self._open.is_set():
            await asyncio.sleep(0.002)
        await asyncio.sleep(0.002)
        for name in (lane, ""):
            self.now[name] -= 1
        self.served.append(target)
        return OK

    def wait_for(self, requests: int) -> None:
        """Until so many more requests arrived."""
        for _ in range(requests):
            assert self.held.acquire(timeout=10)

    def let_go(self) -> None:
        self._open.set()


@pytest.fixture
def together() -> Together:
    return Together()


def in_threads(work: Callable[[], object], threads: int) -> list[threading.Thread]:
    started = [threading.Thread(target=work) for _ in range(threads)]
    for thread in started:
        thread.start()
    return started


def waiting(queue: Any) -> int:
    return len(queue._line._waiting)


def until(condition: Callable[[], bool]) -> None:
    for _ in range(5_000):
        if condition():
            return
        threading.Event().wait(0.002)
    raise AssertionError("did not happen in time")


@pytest.mark.parametrize("concurrency", [1, 2])
def test_a_lane_has_no_more_calls_at_a_time_than_its_settings_say(
    concurrency, fault_server, client_of, together
):
    server = fault_server(together)
    together.let_go()
    clients = [client_of(server.url, concurrency=concurrency) for _ in range(2)]
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda n: clients[n % 2].get("/acme/item"), range(24)))
    assert together.most["acme"] == concurrency
    assert len(server.arrived) == 24


def test_over_all_lanes_there_are_no_more_calls_at_a_time_than_the_cap(
    fault_server, client_of, together, clock, monkeypatch
):
    monkeypatch.setattr(lanes_module, "TURN_S", 60.0)
    server = fault_server(together)
    together.let_go()
    lanes = Lanes(cap=3, now=clock.now, sleep=clock.sleep)
    clients = [client_of(server.url, company=f"c{n}", of=lanes) for n in range(6)]
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda n: clients[n % 6].get(f"/c{n % 6}/item"), range(48)))
    assert together.most[""] == 3
    assert all(together.most[f"c{n}"] <= 2 for n in range(6))


def test_a_lane_with_a_hundred_calls_waiting_holds_up_another_by_its_two_at_most(
    fault_server, client_of, together, clock, monkeypatch
):
    monkeypatch.setattr(lanes_module, "TURN_S", 60.0)
    server = fault_server(together)
    lanes = Lanes(cap=2, now=clock.now, sleep=clock.sleep)
    full, single = (client_of(server.url, company=name, of=lanes) for name in ("full", "single"))
    threads = in_threads(lambda: full.get("/full/item"), 100)
    together.wait_for(2)
    until(lambda: waiting(lanes._lanes["full", "jira"].queue) == 98)
    threads += in_threads(lambda: single.get("/single/item"), 1)
    until(lambda: waiting(lanes._turns) == 1)
    together.let_go()
    for thread in threads:
        thread.join()
    assert len(together.served) == 101
    assert together.served.index("/single/item") <= 3


def test_six_lanes_that_hang_do_not_stop_the_healthy_ones(
    fault_server, client_of, clock, monkeypatch
):
    monkeypatch.setattr(lanes_module, "TURN_S", 0.3)
    sick, healthy = fault_server(hang_s=30), fault_server()
    sick.plan(*["hang_unexecuted"] * 40)
    lanes = Lanes(cap=8, now=clock.now, sleep=clock.sleep)
    failed: list[Exception] = []

    def hang(client: Any) -> None:
        try:
            client.post("/item")
        except OutcomeUnknown as error:
            failed.append(error)

    threads = []
    for n in range(6):
        client = client_of(sick.url, company=f"sick-{n}", of=lanes)
        threads += in_threads(lambda client=client: hang(client), 2)
    until(lambda: len(sick.arrived) + waiting(lanes._turns) == 12)
    for n in range(20):
        client = client_of(healthy.url, company=f"healthy-{n}", of=lanes)
        assert [client.get("/item").status_code for _ in range(3)] == [200] * 3
    assert failed == []
    assert len(healthy.arrived) == 60
    sick.close()
    for thread in threads:
        thread.join()
    assert len(failed) == 12


@pytest.mark.parametrize("other", ["acme", "another"])
def test_the_wait_for_other_calls_is_not_counted_as_the_calls_time(
    other, fault_server, client_of, together, clock, monkeypatch
):
    monkeypatch.setattr(lanes_module, "TURN_S", 60.0)
    server = fault_server(together)
    lanes = Lanes(cap=1, now=clock.now, sleep=clock.sleep)
    first = client_of(server.url, company=other, of=lanes, concurrency=1)
    second = client_of(server.url, of=lanes, concurrency=1)
    answers: list[int] = []
    threads = in_threads(lambda: first.get("/acme/item"), 1)
    together.wait_for(1)
    threads += in_threads(
        lambda: answers.append(second.get("/acme/item", extensions={"deadline_s": 5}).status_code),
        1,
    )
    queue = lanes._lanes["acme", "jira"].queue if other == "acme" else lanes._turns
    until(lambda: waiting(queue) == 1)
    clock.skipped += 100
    together.let_go()
    for thread in threads:
        thread.join()
    assert answers == [200]


def test_a_lane_that_is_full_for_too_long_says_so(fault_server, client_of, together, monkeypatch):
    monkeypatch.setattr(places_module, "LONGEST_S", 0.05)
    server = fault_server(together)
    client = client_of(server.url, concurrency=1)
    threads = in_threads(lambda: client.get("/acme/item"), 1)
    together.wait_for(1)
    with pytest.raises(SourceBusy, match="too many calls wait already"):
        client.get("/acme/item")
    together.let_go()
    threads[0].join()
    assert client.get("/acme/item").status_code == 200


def test_a_call_that_waited_for_a_place_hears_of_the_pause_before_it_asks(
    fault_server, client_of, lanes, clock, together
):
    async def busy(*request: Any) -> Any:
        await together(*request)
        return 429, {"Retry-After": "100"}, b""

    server = fault_server(busy)
    client = client_of(server.url, concurrency=1)
    told: list[SourceBusy] = []

    def ask() -> None:
        with pytest.raises(SourceBusy) as raised:
            client.get("/acme/item")
        told.append(raised.value)

    threads = in_threads(ask, 2)
    together.wait_for(1)
    until(lambda: waiting(lanes._lanes["acme", "jira"].queue) == 1)
    together.let_go()
    for thread in threads:
        thread.join()
    assert len(told) == 2
    assert len(server.arrived) == 1
    assert clock.slept == []


def test_a_half_open_breaker_lets_one_call_through_and_tells_the_others(
    fault_server, client_of, together, clock
):
    down = fault_server(lambda *request: (500, {}, b""))
    for _ in range(5):
        with pytest.raises(OutcomeUnknown):
            client_of(down.url).post("/acme/item")
    clock.skipped += 30
    server = fault_server(together)
    client = client_of(server.url)
    threads = in_threads(lambda: client.get("/acme/item"), 1)
    together.wait_for(1)
    with pytest.raises(SourceUnreachable, match="while another call tries it"):
        client.get("/acme/item")
    together.let_go()
    threads[0].join()
    assert client.get("/acme/item").status_code == 200


def test_connections_are_kept_and_used_again(fault_server, client_of):
    server = fault_server()
    client = client_of(server.url)
    for _ in range(5):
        client.get("/item")
    assert {arrival.connection for arrival in server.arrived} == {1}


def test_a_client_nobody_closed_leaves_no_socket_open(fault_server, lanes, settings):
    server = fault_server()
    client = lanes.client("acme", "jira", settings(), base_url=server.url)
    client.get("/item")
    assert server.open == 1
    del client  # an unclosed socket would warn, and warnings are errors here
    until(lambda: server.open == 0)


def in_a_child(work: Callable[[], int]) -> int:
    """Fork, and return the child's pid; it ends with 0 when `work` returns 200."""
    child = os.fork()
    if child == 0:
        signal.alarm(10)
        code = 1
        try:
            code = 0 if work() == 200 else 2
        finally:
            os._exit(code)
    return child


def ended_well(child: int) -> bool:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_does_not_speak_on_its_parents_connections(fault_server, client_of):
    server = fault_server()
    client = client_of(server.url)
    client.get("/before")
    assert ended_well(in_a_child(lambda: client.get("/child").status_code))
    client.get("/after")
    assert [arrival.connection for arrival in server.arrived] == [1, 2, 1]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_forked_while_the_lane_is_full_has_the_lane_for_itself(
    fault_server, client_of, together
):
    server = fault_server(together)
    client = client_of(server.url)
    threads = in_threads(lambda: client.get("/acme/before"), 2)
    together.wait_for(2)
    child = in_a_child(lambda: client.get("/acme/child").status_code)
    until(lambda: any(arrival.target == "/acme/child" for arrival in server.arrived))
    together.let_go()
    assert ended_well(child)
    for thread in threads:
        thread.join()
