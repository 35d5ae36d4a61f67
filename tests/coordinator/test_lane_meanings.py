"""What an attempt's end means, what follows, and how long to wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.errors import (
    OutcomeUnknown,
    SourceBusy,
    SourceLimit,
    SourceMisbehaved,
    SourceUnauthorized,
    SourceUnreachable,
    UsageError,
)
from coordinator.lanes import Outcome, Told, again_after, effect_of, error_of, outcome_of, told
from coordinator.lanes.waits import growing_wait

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SILENT = Told(None)
EFFECTS = ("read", "idempotent", "once")


@pytest.mark.parametrize(
    ("method", "effect"),
    [
        *(("GET", "read"), ("HEAD", "read"), ("OPTIONS", "read")),
        *(("PUT", "idempotent"), ("DELETE", "idempotent")),
        *(("POST", "once"), ("PATCH", "once"), ("LINK", "once")),
    ],
)
def test_the_method_says_what_a_call_does_unless_the_caller_does(method, effect):
    assert effect_of(method) == effect
    assert effect_of(method, "read") == "read"


def test_an_effect_nobody_knows_is_refused():
    with pytest.raises(UsageError, match="'twice'"):
        effect_of("POST", "twice")


@pytest.mark.parametrize("status", [200, 201, 204, 304, 400, 401, 403, 404, 409, 410, 422])
@pytest.mark.parametrize("effect", EFFECTS)
def test_most_answers_are_the_callers_to_judge(status, effect):
    assert outcome_of(status, effect, SILENT, None).meaning == "answer"


@pytest.mark.parametrize("status", [101, 408, 425, 500, 502, 503, 504, 599])
def test_some_answers_leave_open_whether_the_call_was_executed(status):
    outcome = outcome_of(status, "once", SILENT, None)
    assert (outcome.meaning, outcome.sick, outcome.unsettled) == ("unknown", True, True)


def test_429_was_not_executed_and_says_nothing_against_the_host():
    outcome = outcome_of(429, "once", Told(3.0), None)
    assert (outcome.meaning, outcome.sick, outcome.unsettled) == ("busy", False, False)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_names_the_other_host_and_is_not_the_hosts_sickness(status):
    outcome = outcome_of(status, "once", SILENT, "other.example")
    assert (outcome.meaning, outcome.sick, outcome.unsettled) == ("redirect", False, False)
    assert "other.example" in outcome.why


def test_see_other_after_a_write_says_that_it_was_done():
    assert outcome_of(303, "once", SILENT, "other.example").unsettled
    assert not outcome_of(303, "read", SILENT, "other.example").unsettled


REFUSED = Outcome("refused", "no")
UNKNOWN = Outcome("unknown", "broke")
BUSY = Outcome("busy", "many", told=Told(3.0))
RESTS = Outcome("unknown", "503", told=Told(3.0))


@pytest.mark.parametrize(
    ("outcome", "repeated"),
    [
        (REFUSED, ()),
        (UNKNOWN, ("read", "idempotent")),
        (RESTS, ("read", "idempotent")),
        (BUSY, EFFECTS),
        (Outcome("redirect", ""), ()),
        (Outcome("too large", ""), ()),
        (Outcome("unreadable", ""), ()),
        (Outcome("unsendable", ""), ()),
    ],
)
def test_only_what_cannot_do_it_twice_is_tried_again(outcome, repeated):
    again = tuple(
        effect
        for effect in EFFECTS
        if again_after(outcome, effect, 1, left=30.0, chance=0.5) is not None
    )
    assert again == repeated


def test_four_attempts_are_all():
    waits = [again_after(UNKNOWN, "read", n, left=30.0, chance=1.0) for n in range(1, 6)]
    assert waits == [0.5, 1.0, 2.0, None, None]


def test_a_wait_that_does_not_fit_is_not_begun():
    assert again_after(BUSY, "read", 1, left=3.0, chance=0.0) is None
    assert again_after(BUSY, "read", 1, left=3.1, chance=0.0) == 3.0


@pytest.mark.parametrize(
    ("outcome", "effect", "unsettled", "error"),
    [
        (REFUSED, "read", False, SourceUnreachable),
        (REFUSED, "once", False, SourceUnreachable),
        (REFUSED, "idempotent", True, OutcomeUnknown),
        (UNKNOWN, "read", True, SourceUnreachable),
        (UNKNOWN, "idempotent", True, OutcomeUnknown),
        (UNKNOWN, "once", True, OutcomeUnknown),
        (BUSY, "read", True, SourceBusy),
        (BUSY, "once", False, SourceBusy),
        (BUSY, "idempotent", True, OutcomeUnknown),
        (RESTS, "read", True, SourceBusy),
        (RESTS, "once", True, OutcomeUnknown),
        (Outcome("redirect", "to x"), "once", False, SourceUnreachable),
        (Outcome("too large", ""), "read", True, SourceLimit),
        (Outcome("too large", ""), "once", True, OutcomeUnknown),
        (Outcome("unreadable", ""), "read", True, SourceMisbehaved),
        (Outcome("unsendable", ""), "once", False, SourceUnauthorized),
    ],
)
def test_the_error_says_whether_a_write_may_have_happened(outcome, effect, unsettled, error):
    raised = error_of(outcome, effect, where="jira of acme: POST h/x", unsettled=unsettled)
    assert type(raised) is error
    assert raised.message.startswith("jira of acme: POST h/x: ")


def test_busy_carries_when_to_come_again():
    raised = error_of(BUSY, "read", where="W", unsettled=False, retry_at=NOON)
    assert isinstance(raised, SourceBusy)
    assert raised.retry_at == NOON
    assert "2026-11-20 12:00:00 UTC" in str(raised)


HTTP_NOON = "Fri, 20 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "99999999999999999999"}, 86_400.0),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Fri, 20 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Fri, 20 Nov 2026 11:00:30 GMT"}, 0.0),
        ({"x-ratelimit-reset": "2026-11-20T12:01:00Z"}, 60.0),
        ({"x-ratelimit-reset": "2026-11-20T12:01Z"}, 60.0),
        ({"x-ratelimit-reset": "2026-11-20T09:01:00-03:00"}, 60.0),
        ({"x-ratelimit-reset": "2026-11-20T12:01:00"}, 60.0),
        ({"x-ratelimit-reset": "tomorrow"}, None),
        ({"retry-after": "7", "x-ratelimit-reset": "2026-11-20T12:01:00Z"}, 7.0),
        ({"retry-after": "?", "x-ratelimit-reset": "2026-11-20T12:01:00Z"}, 60.0),
    ],
)
def test_the_server_says_how_long_to_wait_in_several_ways(headers, wait):
    assert told(headers, NOON).wait_s == wait


def test_moments_are_counted_from_the_servers_own_clock():
    ours = NOON + timedelta(hours=5)
    moment = {"retry-after": "Fri, 20 Nov 2026 12:00:30 GMT"}
    assert told({**moment, "date": HTTP_NOON}, ours).wait_s == 30.0
    reset = {"x-ratelimit-reset": "2026-11-20T12:02:00Z", "date": HTTP_NOON}
    assert told(reset, ours).wait_s == 120.0


@pytest.mark.parametrize(
    ("reason", "whole_lane"),
    [
        ("", True),
        ("jira-burst-based", True),
        ("jira-quota-global-based", True),
        ("something-new", True),
        ("jira-per-issue-on-write", False),
        ("Jira-Per-Issue-On-Write ", False),
    ],
)
def test_only_the_limit_of_one_issue_leaves_the_rest_of_the_lane_alone(reason, whole_lane):
    assert told({"ratelimit-reason": reason}, NOON).whole_lane is whole_lane


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_whatever_the_headers_say_the_wait_is_within_a_day(retry_after, reset, date):
    headers = {"retry-after": retry_after, "x-ratelimit-reset": reset, "date": date}
    wait = told(headers, NOON).wait_s
    assert wait is None or 0 <= wait <= 86_400


def test_waits_grow_and_chance_spreads_them():
    assert [growing_wait(n, 1.0) for n in range(1, 7)] == [0.5, 1, 2, 4, 8, 8]
    assert [growing_wait(n, 0.0) for n in range(1, 4)] == [0.25, 0.5, 1]
