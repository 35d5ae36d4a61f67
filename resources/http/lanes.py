"""All lanes of a process."""

from __future__ import annotations

import logging
import os
import random
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakSet

import httpcore
import httpx

from resources.http.lane import Lane, LaneState
from resources.http.names import Lookup, Names
from resources.http.places import Queue
from resources.http.transport import LaneTransport
from resources.http.world import World

if TYPE_CHECKING:
    from coordinator.settings.sources import Remote

TURN_S = 1.0
SECRET = frozenset({"authorization", "proxy-authorization", "apikey", "cookie"})

for _name in ("httpx", "httpcore"):  # they log URLs, which hold queries and titles
    logging.getLogger(_name).setLevel(logging.WARNING)


class Lanes:
    """All lanes of a process, `cap` calls at a time over all of them, first come first served.

    A lane has at most two calls before that cap, so a full lane cannot crowd out another. A call
    counts for its first second only: those that hang go on beside the cap, or eight of them would
    stop every healthy lane until their deadlines.

    `now` is the time in UTC and `sleep` waits; when `now` is given, all waits and deadlines of the
    lanes go by it, and only the sockets by real time. `chance` gives 0..1 to spread retries,
    `lookup` resolves names like `socket.getaddrinfo`, and `ca_file` holds certificate authorities
    to trust besides the system's and certifi's.
    """

    def __init__(
        self,
        *,
        cap: int = 8,
        now: Callable[[], datetime] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
        lookup: Lookup = socket.getaddrinfo,
        ca_file: Path | None = None,
    ) -> None:
        clock = time.monotonic if now is None else lambda: now().timestamp()
        self._world = World(clock, now or (lambda: datetime.now(UTC)), sleep, chance)
        self._turns = Queue(cap, turn_s=TURN_S)
        self._names = Names(lookup)
        self._ca_file = ca_file
        self._trusted: ssl.SSLContext | None = None
        self._lanes: dict[tuple[str, str], Lane] = {}
        self._transports: WeakSet[LaneTransport] = WeakSet()
        _opened.add(self)

    def client(
        self,
        company: str,
        service: str,
        settings: Remote,
        *,
        base_url: str,
        auth: httpx.Auth | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Client:
        """A client of `base_url` in the lane of (company, service), which others may share.

        It never redirects, keeps no cookies, asks no proxy and raises `SourceError`s of its lane:
        SourceUnreachable, SourceBusy, SourceLimit, SourceMisbehaved, OutcomeUnknown, and
        SourceUnauthorized for credentials that cannot be sent. `coordinator.lanes.meaning` says
        when. 401, 403, 404, 409 and the like are answers.

        A request's `extensions` may hold ``effect`` ("read", "idempotent" or "once"),
        ``deadline_s`` (seconds, shorter than `timeout_s`) and ``max_bytes``; a response's hold
        ``attempts``. Secret `headers` are sent, but stand in no request and no client.
        """
        given = dict(headers or {})
        base = httpx.URL(base_url)
        transport = LaneTransport(
            self._lane(company, service, settings),
            self._turns,
            settings,
            base,
            hidden={name: text for name, text in given.items() if name.lower() in SECRET},
            names=self._names,
            trusted=self._trust() if base.scheme == "https" else None,
        )
        self._transports.add(transport)
        return httpx.Client(
            transport=transport,
            base_url=base,
            auth=auth,
            headers={"User-Agent": "orch-dagster"}
            | {name: text for name, text in given.items() if name.lower() not in SECRET},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            timeout=None,  # noqa: S113 - the lane bounds the whole call
            trust_env=False,
            follow_redirects=False,
        )

    def state(self, company: str, service: str) -> LaneState:
        """How the lane of (company, service) stands; one that was never used is closed and free."""
        lane = self._lanes.get((company, service))
        return lane.state() if lane is not None else LaneState()

    def _lane(self, company: str, service: str, settings: Remote) -> Lane:
        lane = self._lanes.get((company, service))
        if lane is None:
            made = Lane(company, service, settings, self._world)
            lane = self._lanes.setdefault((company, service), made)
        lane.configure(settings)
        return lane

    def _trust(self) -> ssl.SSLContext:
        if self._trusted is None:
            self._trusted = httpcore.default_ssl_context()
            if self._ca_file is not None:
                self._trusted.load_verify_locations(self._ca_file)
        return self._trusted

    def _start_afresh(self) -> None:
        self._turns.start_afresh()
        self._names.start_afresh()
        for lane in self._lanes.values():
            lane.start_afresh()
        for transport in self._transports:
            transport.start_afresh()


_opened: WeakSet[Lanes] = WeakSet()


def _after_fork() -> None:
    """The child has the parent's sockets and locks, but none of its other threads."""
    for lanes in _opened:
        lanes._start_afresh()


os.register_at_fork(after_in_child=_after_fork)
