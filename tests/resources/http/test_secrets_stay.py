"""Credentials, and what is asked for, show in nothing that a person or a log may see."""

from __future__ import annotations

import base64
import logging

import httpx
import pytest

from coordinator.errors import SourceError

KEY = "sb_secret_0123456789"
TOKEN = "ATATT3xFfGF0-token"
CODED = base64.b64encode(f"ada@example.org:{TOKEN}".encode()).decode()
SECRETS = (KEY, TOKEN, CODED, "Bearer")
PRIVATE = ("secret-title", "ORCH-77", "private-body")


@pytest.fixture
def guarded(fault_server, client_of):
    """A server, and a client that authenticates in each way there is."""
    server = fault_server()
    client = client_of(
        server.url,
        auth=httpx.BasicAuth("ada@example.org", TOKEN),
        headers={"apikey": KEY, "Accept": "application/json", "Cookie": f"session={KEY}"},
    )
    return server, client


def test_secrets_are_sent(guarded):
    server, client = guarded
    client.get("/item")
    sent = server.arrived[0].headers
    assert sent["apikey"] == KEY
    assert sent["authorization"] == f"Basic {CODED}"
    assert sent["cookie"] == f"session={KEY}"
    assert sent["accept"] == "application/json"


def test_a_requests_own_header_goes_before_the_clients(guarded):
    server, client = guarded
    client.get("/item", headers={"apikey": "another", "Accept": "text/plain"})
    assert server.arrived[0].headers["apikey"] == "another"
    assert server.arrived[0].headers["accept"] == "text/plain"


def test_no_repr_shows_a_secret(guarded):
    _, client = guarded
    answer = client.get("/item")
    shown = repr(
        [
            client,
            client.headers,
            client.auth,
            client._transport,
            vars(client._transport)["_lane"],
            answer,
            answer.headers,
            answer.request,
            answer.request.headers,
            answer.extensions,
        ]
    )
    assert not [secret for secret in SECRETS if secret in shown]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("refuse", 200),
        ("executed_then_reset", 200),
        ("executed_garbage", 200),
        ("executed_endless_head", 200),
        ("hang_unexecuted", 200),
        ("", 302),
        ("", 429),
        ("", 500),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_error_holds_a_secret_a_query_a_body_or_an_id(
    fault, status, method, guarded, caplog, client_of
):
    server, client = guarded
    caplog.set_level(logging.DEBUG)
    answered = {"Location": f"https://x.example/?{KEY}", "Retry-After": "99", "X-Echo": KEY}
    server.upstream = lambda *request: (status, answered, KEY.encode())
    server.plan(*[fault] * 4)
    with pytest.raises(SourceError) as raised:
        client.request(
            method,
            "/rest/api/3/issue/ORCH-77",
            params={"jql": "summary ~ secret-title"},
            content=b"private-body",
            extensions={"deadline_s": 0.3},
        )
    assert f"jira of acme: {method} 127.0.0.1:{server.port}/rest/api/3/issue/{{}}: " in str(
        raised.value
    )
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
    shown = str(raised.value) + caplog.text
    assert not [text for text in SECRETS + PRIVATE if text in shown]


def test_nothing_that_is_asked_for_is_logged(guarded, caplog):
    caplog.set_level(logging.DEBUG)
    _, client = guarded
    client.get("/rest/api/3/issue/ORCH-77", params={"jql": "summary ~ secret-title"})
    assert not [text for text in SECRETS + PRIVATE if text in caplog.text]
    assert not [record for record in caplog.records if record.name.startswith("http")]
