"""The way of one call through its lane.

It is a transport, so that whatever library speaks through httpx goes the same way.
"""

from __future__ import annotations

import math
import ssl
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import httpcore
import httpx

from coordinator.errors import SourceError, SourceUnreachable
from coordinator.lanes import (
    Effect,
    Outcome,
    again_after,
    allowed_kinds,
    effect_of,
    error_of,
    shown_path,
    wait_after,
)
from resources.http.connections import Connections
from resources.http.lane import Lane
from resources.http.names import Names
from resources.http.places import Crowded, Queue
from resources.http.reading import ACCEPTED

if TYPE_CHECKING:
    from coordinator.settings.sources import Remote

MAX_BYTES = 32_000_000
CROWDED = Outcome("busy", "too many calls wait already", "raise requests_per_second")
PAUSED = Outcome("busy", "an earlier answer asked for a pause")


@dataclass
class Call:
    """A request on its way: what is allowed for it, and what became of it so far.

    `ends` and `not_before` are on the lanes' clock; `unsettled` when an attempt may have been
    executed without an answer.
    """

    request: httpcore.Request
    effect: Effect
    where: str
    seconds: float
    max_bytes: int
    ends: float = math.inf
    not_before: float = 0.0
    attempts: int = 0
    unsettled: bool = False


class LaneTransport(httpx.BaseTransport):
    """Sends what one client asks through `lane`, to `base` only.

    `hidden` are headers that no repr may show: they are added when a request leaves. The
    connections are this transport's own, closed with it or when it is forgotten.
    """

    def __init__(
        self,
        lane: Lane,
        turns: Queue,
        settings: Remote,
        base: httpx.URL,
        *,
        hidden: Mapping[str, str],
        names: Names,
        trusted: ssl.SSLContext | None,
    ) -> None:
        self._lane = lane
        self._world = lane.world
        self._turns = turns
        self._settings = settings
        self._base = base
        self._hidden = [(name.lower().encode(), text.encode()) for name, text in hidden.items()]
        self._names = names
        self._trusted = trusted
        self._connect()

    def __repr__(self) -> str:
        return f"<LaneTransport {self._lane.name} at {self._base.host}>"

    def start_afresh(self) -> None:
        """Leave the connections as they are and have others: after a fork they are the parent's."""
        self._closing.detach()
        self._connect()

    def _connect(self) -> None:
        allowed = allowed_kinds(self._base.scheme, loopback=self._settings.loopback)
        self._connections = Connections(self._names, allowed, self._trusted, self._world)
        self._closing = weakref.finalize(self, self._connections.close)

    def close(self) -> None:
        self._closing()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        call = self._call(request)
        hopeless = self._lane.refusal()
        if hopeless is not None:
            raise self._error(call, hopeless)
        if self._lane.pause.until - self._world.clock() >= call.seconds:
            raise self._paused(call)
        try:
            with self._lane.queue.place():
                call.ends = self._world.clock() + call.seconds
                return self._tries(call)
        except Crowded:
            raise self._error(call, CROWDED) from None

    def _call(self, request: httpx.Request) -> Call:
        url = request.url
        host = f"{url.host}:{url.port}" if url.port else url.host
        where = f"{self._lane.name}: {request.method} {host}{shown_path(url.path)}"
        self._check_address(url, where)
        wanted = request.extensions.get("deadline_s")
        longest = self._settings.timeout_s
        return Call(
            httpcore.Request(
                request.method,
                httpcore.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=self._headers(request.headers),
                content=request.read(),
            ),
            effect_of(request.method, request.extensions.get("effect")),
            where,
            longest if wanted is None else min(longest, wanted),
            request.extensions.get("max_bytes") or MAX_BYTES,
        )

    def _check_address(self, url: httpx.URL, where: str) -> None:
        base = self._base
        if not allowed_kinds(base.scheme, loopback=self._settings.loopback):
            raise SourceUnreachable(f"{where}: only https:// is asked", hint="check the address")
        if (url.scheme, url.raw_host, url.port) != (base.scheme, base.raw_host, base.port):
            raise SourceUnreachable(
                f"{where}: that is another host than {base.host}, the only one asked here",
                hint="check the address in the settings; the service may have named another",
            )
        if url.userinfo:
            raise SourceUnreachable(
                f"{where}: its address carries credentials", hint="name them in the settings"
            )

    def _headers(self, given: httpx.Headers) -> list[tuple[bytes, bytes]]:
        kept = [(name, text) for name, text in given.raw if name.lower() != b"accept-encoding"]
        named = {name.lower() for name, _ in kept}
        hidden = [(name, text) for name, text in self._hidden if name not in named]
        return [*kept, (b"accept-encoding", ACCEPTED), *hidden]

    def _tries(self, call: Call) -> httpx.Response:
        while True:
            outcome, response = self._try(call)
            if response is not None:
                response.extensions["attempts"] = call.attempts
                return response
            self._plan_again(call, outcome)

    def _try(self, call: Call) -> tuple[Outcome, httpx.Response | None]:
        """One attempt, when the bucket, the pause and the global cap let it through."""
        call.attempts += 1
        with self._uncounted(call):
            self._take_token(call)
        self._wait(call)
        began = self._world.clock()
        with self._turns.place():
            call.ends += self._world.clock() - began
            refusal = self._lane.start()
            if refusal is not None:
                return refusal, None
            try:
                outcome, response = self._connections.send(
                    call.request,
                    call.effect,
                    seconds=call.ends - self._world.clock(),
                    max_bytes=call.max_bytes,
                )
            except BaseException:
                self._lane.let_go()
                raise
            self._lane.ended(outcome)
            return outcome, response

    def _plan_again(self, call: Call, outcome: Outcome) -> None:
        """Note when the call is tried again, or raise its error; pause the lane if so told."""
        call.unsettled = call.unsettled or outcome.unsettled
        now, chance = self._world.clock(), self._world.chance()
        retry_at = None
        if outcome.told is not None:
            stop = now + wait_after(outcome, call.attempts, chance)
            retry_at = None if outcome.told.wait_s is None else self._world.moment(stop)
            if outcome.told.whole_lane:
                self._lane.pause_until(stop, retry_at)
        wait = again_after(outcome, call.effect, call.attempts, left=call.ends - now, chance=chance)
        if wait is None:
            raise self._error(call, outcome, retry_at)
        call.not_before = now + wait

    def _wait(self, call: Call) -> None:
        """Sleep out the lane's pause and the call's own, as far as its time allows."""
        reached = self._world.clock()
        while (until := max(self._lane.pause.until, call.not_before)) > reached:
            if until >= call.ends:
                raise self._paused(call)
            self._world.sleep(max(0.0, until - self._world.clock()))
            reached = until

    def _take_token(self, call: Call) -> None:
        wait = self._lane.take_token()
        if wait is None:
            raise self._error(call, CROWDED)
        if wait:
            self._world.sleep(wait)

    @contextmanager
    def _uncounted(self, call: Call) -> Iterator[None]:
        """What is waited for within does not shorten the call's time."""
        began = self._world.clock()
        yield
        call.ends += self._world.clock() - began

    def _paused(self, call: Call) -> SourceError:
        return self._error(call, PAUSED, self._lane.pause.retry_at)

    def _error(self, call: Call, outcome: Outcome, retry_at: datetime | None = None) -> SourceError:
        return error_of(
            outcome, call.effect, where=call.where, unsettled=call.unsettled, retry_at=retry_at
        )
