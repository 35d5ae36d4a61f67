"""Who may call when: the bucket, the breaker, the line, and where calls may go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.lanes import (
    Breaker,
    Bucket,
    Line,
    address_kind,
    allowed_kinds,
    redirect_host,
    shown_path,
    worth_trying,
)


def spaced(bucket: Bucket, calls: int) -> list[float]:
    """When each of `calls` asked for at the bucket's own time may go."""
    times = []
    for _ in range(calls):
        bucket, wait = bucket.take(bucket.at)
        times.append(wait)
    return times


def test_a_new_lane_may_call_a_seconds_worth_at_once_and_then_by_its_rate():
    assert spaced(Bucket.full(4, now=100.0), 7) == [0, 0, 0, 0, 0.25, 0.5, 0.75]


@pytest.mark.parametrize(("rate", "at_once"), [(0.1, 1), (1, 1), (3, 3), (100, 5)])
def test_the_burst_is_small_and_never_none(rate, at_once):
    assert spaced(Bucket.full(rate, now=0.0), 10).count(0) == at_once


@given(
    rate=st.floats(0.1, 100),
    gaps=st.lists(st.floats(0, 20), min_size=1, max_size=60),
)
def test_no_second_ever_sees_more_than_the_rate_and_the_burst(rate, gaps):
    bucket, now, went = Bucket.full(rate, now=0.0), 0.0, []
    for gap in gaps:
        now += gap
        bucket, wait = bucket.take(now)
        went.append(now + wait)
    assert went == sorted(went)
    for first in range(len(went)):
        for last in range(first, len(went)):
            allowed = bucket.burst + rate * (went[last] - went[first])
            assert last - first + 1 <= allowed + 1e-6 * len(went)


def test_a_clock_that_goes_back_takes_nothing_away_and_gives_nothing():
    bucket, _ = Bucket.full(1, now=50.0).take(50.0)
    bucket, wait = bucket.take(10.0)
    assert wait == 1.0
    assert bucket.at == 50.0


def failed(breaker: Breaker, times: int, now: float) -> Breaker:
    for _ in range(times):
        breaker = breaker.failed(now)
    return breaker


def test_the_breaker_opens_at_the_fifth_failure_in_a_row_for_thirty_seconds():
    almost = failed(Breaker(), 4, 10.0)
    assert not almost.refuses(10.0)
    opened = almost.failed(10.0)
    assert opened.stand(10.0) == "open"
    assert opened.refuses(39.9)
    assert opened.stand(40.0) == "half-open"


def test_an_answer_between_failures_starts_the_count_again():
    breaker = failed(failed(Breaker(), 4, 0.0).answered(), 4, 0.0)
    assert breaker.stand(0.0) == "closed"


def test_half_open_lets_exactly_one_attempt_through():
    breaker = failed(Breaker(), 5, 0.0)
    assert not breaker.refuses(30.0)
    trying = breaker.started(30.0)
    assert trying.refuses(30.0)
    assert not trying.answered().refuses(30.0)
    assert not trying.let_go().refuses(30.0)


def test_each_failed_probe_doubles_the_time_up_to_ten_minutes():
    breaker, now, waits = failed(Breaker(), 5, 0.0), 0.0, []
    for _ in range(60):
        waits.append(breaker.open_until - now)
        now = breaker.open_until
        breaker = breaker.started(now).failed(now)
    assert waits[:6] == [30, 60, 120, 240, 480, 600]
    assert set(waits[6:]) == {600}


def test_attempts_from_before_it_opened_do_not_open_it_longer():
    opened = failed(Breaker(), 5, 0.0)
    assert opened.failed(1.0) == opened


def test_the_line_serves_first_come_first_served():
    line = Line(2)
    for ticket in "abcd":
        line.join(ticket)
    assert not line.admits("b", 0.0)
    assert line.admits("a", 0.0)
    assert line.admits("b", 0.0)
    assert not line.admits("c", 0.0)
    line.leave("a")
    assert not line.admits("d", 0.0)
    assert line.admits("c", 0.0)


def test_who_leaves_the_line_holds_nobody_up():
    line = Line(1)
    for ticket in "abc":
        line.join(ticket)
    assert line.admits("a", 0.0)
    line.leave("b")
    line.leave("a")
    assert line.admits("c", 0.0)


def test_a_place_is_free_again_when_its_turn_is_over_though_the_call_goes_on():
    line = Line(1, turn_s=1.0)
    line.join("hangs")
    line.join("waits")
    assert line.admits("hangs", 5.0)
    assert line.next_place(5.5) == 6.0
    assert not line.admits("waits", 5.9)
    assert line.admits("waits", 6.0)
    line.leave("hangs")
    line.join("next")
    assert not line.admits("next", 6.5)


def test_without_turns_only_somebody_leaving_makes_a_place():
    line = Line(1)
    line.join("hangs")
    line.join("waits")
    assert line.admits("hangs", 0.0)
    assert line.next_place(0.0) is None
    assert not line.admits("waits", 1e9)


@given(st.lists(st.sampled_from(["join", "admit", "leave"]), max_size=80), st.integers(1, 3))
def test_the_line_never_lets_in_more_than_its_places_nor_out_of_order(steps, places):
    line, waiting, inside = Line(places), [], []
    for number, step in enumerate(steps):
        if step == "join":
            line.join(number)
            waiting.append(number)
        elif step == "leave" and inside:
            line.leave(inside.pop(0))
        elif step == "admit" and waiting:
            assert not any(line.admits(ticket, 0.0) for ticket in waiting[1:])
            assert line.admits(waiting[0], 0.0) == (len(inside) < places)
            if len(inside) < places:
                inside.append(waiting.pop(0))


PUBLIC = "8.8.8.8 104.192.141.1 2606:4700::1111 64:ff9b::808:808 2002:808:808::1"
HERE = "127.0.0.1 127.255.255.254 ::1 ::ffff:127.0.0.1"
ELSEWHERE = {
    "unspecified": "0.0.0.0 0.1.2.3 :: ::ffff:0.0.0.0",
    "private": "10.1.2.3 172.16.0.1 172.31.255.255 192.168.1.1 fd00::1 fc00::1 "
    "::ffff:10.0.0.1 64:ff9b::a00:1 2002:a00:1::",
    "carrier's private": "100.64.0.1 100.127.255.255",
    "link-local": "169.254.169.254 fe80::1 fe80::1%eth0 ::ffff:169.254.169.254",
    "multicast": "224.0.0.1 239.255.255.255 ff02::1 ff0e::1",
    "reserved": "192.0.0.1 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 192.88.99.1 240.0.0.1 "
    "255.255.255.255 64:ff9b::7f00:1 2002:7f00:1:: 2001::1 2001:db8::1 3fff::1 fec0::1 "
    "::127.0.0.1 ::ffff:0:127.0.0.1 64:ff9b:1::7f00:1 100::1 4000::1",
    "unknown": "localhost 1.2.3 0x7f.1 2130706433 8.8.8.8/24",
}


@pytest.mark.parametrize("address", PUBLIC.split())
def test_addresses_of_the_world_are_public(address):
    assert address_kind(address) == "public"


@pytest.mark.parametrize("address", HERE.split())
def test_every_way_to_write_this_machine_is_loopback(address):
    assert address_kind(address) == "loopback"


@pytest.mark.parametrize(
    ("kind", "address"),
    [(kind, address) for kind in ELSEWHERE for address in ELSEWHERE[kind].split()],
)
def test_networks_behind_this_machine_are_known_by_their_kind(kind, address):
    assert address_kind(address) == kind


@pytest.mark.parametrize(
    ("addresses", "tried"),
    [
        ("2600::1 2600::2 2600::3 2600::4 2600::5 8.8.8.8", "2600::1 8.8.8.8 2600::2 2600::3"),
        ("8.8.8.8 8.8.4.4 2600::1", "8.8.8.8 2600::1 8.8.4.4"),
        ("8.8.8.1 8.8.8.2 8.8.8.3 8.8.8.4 8.8.8.5", "8.8.8.1 8.8.8.2 8.8.8.3 8.8.8.4"),
        ("2600::1", "2600::1"),
        ("", ""),
    ],
)
def test_a_few_addresses_of_both_families_are_tried(addresses, tried):
    assert worth_trying(addresses.split()) == tried.split()


def test_only_the_development_switch_leads_to_this_machine_and_http_leads_nowhere_else():
    assert allowed_kinds("https", loopback=False) == {"public"}
    assert allowed_kinds("https", loopback=True) == {"public", "loopback"}
    assert allowed_kinds("http", loopback=True) == {"loopback"}
    assert allowed_kinds("http", loopback=False) == set()
    assert allowed_kinds("ftp", loopback=True) == set()


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/rest/api/3/search/jql?jql=secret", "/rest/api/3/search/jql"),
        ("/rest/api/3/issue/ORCH-12/properties", "/rest/api/3/issue/{}/properties"),
        ("/wiki/api/v2/pages/123456", "/wiki/api/v2/pages/{}"),
        ("/ex/jira/1b2c3d4e-0000-1111-2222-333344445555/rest", "/ex/jira/{}/rest"),
        ("/_edge/tenant_info", "/_edge/tenant_info"),
        ("/rest/v1/orchestrator_global_memory", "/rest/v1/orchestrator_global_memory"),
        ("/x/Our%20secret%20plan/y", "/x/{}/y"),
        ("/x/eyJhbGciOi.JIUzI1NiJ9", "/x/{}"),
        ("/\x1b[31m", "/{}"),
    ],
)
def test_a_path_is_shown_without_what_may_be_private(path, shown):
    assert shown_path(path) == shown


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://other.example/login?token=s3cret", "other.example"),
        ("https://ada:s3cret@other.example:8443/", "other.example"),
        ("//other.example/x", "other.example"),
        ("/login?os_destination=secret", "another path of site.example"),
        ("https://[::1]/", "::1"),
        ("https://[nonsense", "an address that is no URL"),
        ("https://\x1b31mred/", "a host whose name is not well formed"),
    ],
)
def test_of_a_redirect_only_the_host_is_shown(location, shown):
    found = redirect_host(location, "site.example")
    assert found == shown
    assert "s3cret" not in found
