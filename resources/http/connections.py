"""One try of a call: send it, read the whole answer, and say what came of it."""

from __future__ import annotations

import ssl
from functools import partial

import httpcore
import httpx

from coordinator.lanes import (
    ANSWERED,
    Effect,
    Outcome,
    outcome_of,
    redirect_host,
    told,
)
from resources.http.names import Names
from resources.http.network import Attempt, Network
from resources.http.reading import read_body
from resources.http.stopped import Stopped, too_large
from resources.http.world import World

KEEP_S = 5.0
REWRITTEN = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})
"""They speak of the body as it came; what is handed on is decoded."""
BODILESS = frozenset({204, 304})
ENDS = (
    (
        httpcore.TimeoutException,
        Outcome("unknown", "no whole answer in time", "look at the host, or raise timeout_s"),
    ),
    (
        httpcore.LocalProtocolError,
        Outcome(
            "unsendable",
            "the credentials, or another header, hold what no header may hold",
            "is there a line break at their end?",
        ),
    ),
    (httpcore.ProtocolError, Outcome("unknown", "the answer breaks off or is no HTTP")),
    (httpcore.NetworkError, Outcome("unknown", "the connection broke off")),
)
"""httpcore's own words are not repeated: they hold the server's, or a header's text."""


class Connections:
    """The connections of one client; what is sent once never goes over a used one.

    A host closes a connection it is tired of at any moment. A call sent just then ends without an
    answer, and of a write nobody would know whether it was done.
    """

    def __init__(
        self, names: Names, allowed: frozenset[str], trusted: ssl.SSLContext | None, world: World
    ) -> None:
        self._world = world
        self._network = Network(names, allowed)
        pool = partial(httpcore.ConnectionPool, ssl_context=trusted, network_backend=self._network)
        self._kept = pool(max_connections=None, keepalive_expiry=KEEP_S)
        self._fresh = pool(max_connections=None, max_keepalive_connections=0)

    def close(self) -> None:
        """Close all of them."""
        self._kept.close()
        self._fresh.close()

    def send(
        self, request: httpcore.Request, effect: Effect, *, seconds: float, max_bytes: int
    ) -> tuple[Outcome, httpx.Response | None]:
        """Send `request` once, within `seconds`; there is a response if the outcome is an answer.

        The seconds are real ones: sockets know no other.
        """
        with self._network.attempt(seconds) as attempt:
            try:
                return self._exchange(request, effect, attempt, max_bytes)
            except Stopped as stop:
                return stop.outcome, None
            except tuple(kind for kind, _ in ENDS) as end:
                return next(outcome for kind, outcome in ENDS if isinstance(end, kind)), None

    def _exchange(
        self, request: httpcore.Request, effect: Effect, attempt: Attempt, max_bytes: int
    ) -> tuple[Outcome, httpx.Response | None]:
        answer = (self._fresh if effect == "once" else self._kept).handle_request(request)
        try:
            attempt.head_ended()
            headers = httpx.Headers(answer.headers)
            outcome = self._outcome(request, answer.status, effect, headers)
            if outcome is not ANSWERED:
                return outcome, None  # its body, which may be endless, is not read
            body = b""
            if request.method != b"HEAD" and answer.status not in BODILESS:
                _check_length(headers, max_bytes)
                encoding = headers.get("content-encoding", "")
                body = read_body(answer.iter_stream(), encoding, max_bytes)
        finally:
            answer.close()
        kept = [(name, text) for name, text in answer.headers if name.lower() not in REWRITTEN]
        return outcome, httpx.Response(answer.status, headers=kept, content=body)

    def _outcome(
        self, request: httpcore.Request, status: int, effect: Effect, headers: httpx.Headers
    ) -> Outcome:
        location = headers.get("location")
        host = request.url.host.decode("ascii")
        return outcome_of(
            status,
            effect,
            told(headers, self._world.now()),
            None if location is None else redirect_host(location, host),
        )


def _check_length(headers: httpx.Headers, most: int) -> None:
    length = headers.get("content-length", "")
    if length.isdigit() and int(length) > most:
        raise too_large(most)
