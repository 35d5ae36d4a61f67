"""Whatever is asked of the stand-in, it answers: no request brings it down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orch_dagster.samples.atlassian import Request, StandIn

WORDS = ["PAY", "PAY-1", "doc", "text", "storage", "current", "10008", "-1", "*all", "a,b", ""]

words = st.sampled_from(WORDS) | st.text(max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def asked(atlassian_tours: ModuleType) -> tuple[StandIn, list[Request]]:
    """A stand-in after the tour, and every request of the tour."""
    site, requests = StandIn(atlassian_tours.Clock()), []
    site.on_exchange(lambda request, _: requests.append(request))
    atlassian_tours.furnish(site)
    with atlassian_tours.tour_of(site) as tour:
        tour.run()
    site.rules.issue_writes = False
    return site, list(requests)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value inside a JSON value, itself first."""
    yield path
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(part, (*path, key))


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The value with another one at the end of a path."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(copy[path[0]], path[1:], new)
    return copy


@settings(
    max_examples=500,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_a_request_with_one_value_replaced_is_answered(
    asked: tuple[StandIn, list[Request]], data: st.DataObject
) -> None:
    site, requests = asked
    request = data.draw(st.sampled_from(requests))
    parts = urlsplit(request.target)
    query = parse_qsl(parts.query, keep_blank_values=True)
    if request.body:
        body = json.loads(request.body)
        path = data.draw(st.sampled_from(list(places(body))))
        body = changed(body, path, data.draw(values))
        request = replace(request, body=json.dumps(body).encode())
    elif query and data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(query) - 1))
        query[at] = (query[at][0], data.draw(words))
        request = replace(request, target=f"{parts.path}?{urlencode(query)}")
    else:
        segments = parts.path.split("/")
        segments[-1 - data.draw(st.integers(0, 1))] = quote(data.draw(words), safe="")
        request = replace(request, target="/".join(segments))

    answer = site.handle(request)

    assert 200 <= answer.status < 500
    if answer.body and not answer.headers["Content-Type"].startswith("text/html"):
        answer.json()
