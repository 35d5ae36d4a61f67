"""One lane: what all calls of one company to one service share."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from coordinator.lanes import Breaker, Bucket, Outcome, Stand
from resources.http.places import LONGEST_S, Queue
from resources.http.world import World

if TYPE_CHECKING:
    from coordinator.settings.sources import Remote


@dataclass(frozen=True)
class Pause:
    """Nothing is asked before the clock stands at `until`; `retry_at` when the server said so."""

    until: float = 0.0
    retry_at: datetime | None = None


@dataclass(frozen=True)
class LaneState:
    """What `orch sources check` shows of a lane; moments are in UTC, None when there is none."""

    breaker: Stand = "closed"
    open_until: datetime | None = None
    paused_until: datetime | None = None


class Lane:
    """The queue, bucket, breaker and pause of one (company, service), for all its threads."""

    def __init__(self, company: str, service: str, settings: Remote, world: World) -> None:
        self.name = f"{service} of {company}"
        self.world = world
        self.queue = Queue(settings.concurrency)
        self._bucket = Bucket.full(settings.requests_per_second, world.clock())
        self._breaker = Breaker()
        self._pause = Pause()
        self._why = ""
        self._lock = threading.Lock()

    def start_afresh(self) -> None:
        """No thread holds anything: after a fork the others are gone."""
        self._lock = threading.Lock()
        self.queue.start_afresh()
        self._breaker = self._breaker.let_go()

    def configure(self, settings: Remote) -> None:
        """Go by `settings` from now on; they may have been edited since the lane was made."""
        self.queue.resize(settings.concurrency)
        with self._lock:
            self._bucket = replace(self._bucket, rate=settings.requests_per_second)

    @property
    def pause(self) -> Pause:
        """The last pause asked for, over or not."""
        return self._pause

    def pause_until(self, until: float, retry_at: datetime | None) -> None:
        """Ask nothing before `until`; an earlier pause that lasts longer stays."""
        with self._lock:
            if until > self._pause.until:
                self._pause = Pause(until, retry_at)

    def take_token(self) -> float | None:
        """Seconds until this call's token is there; None, and none taken, when that is too long."""
        with self._lock:
            bucket, wait = self._bucket.take(self.world.clock())
            if wait > LONGEST_S:
                return None
            self._bucket = bucket
            return wait

    def refusal(self) -> Outcome | None:
        """Why no attempt may start now, if the breaker says so."""
        with self._lock:
            return self._refusal()

    def start(self) -> Outcome | None:
        """Begin an attempt, or say why not. One that began ends in `ended` or `let_go`."""
        with self._lock:
            refusal = self._refusal()
            if refusal is None:
                self._breaker = self._breaker.started(self.world.clock())
            return refusal

    def ended(self, outcome: Outcome) -> None:
        """Tell the breaker how an attempt ended."""
        with self._lock:
            if outcome.sick:
                self._breaker = self._breaker.failed(self.world.clock())
                self._why = outcome.why
            else:
                self._breaker = self._breaker.answered()

    def let_go(self) -> None:
        """An attempt was broken off on this side."""
        with self._lock:
            self._breaker = self._breaker.let_go()

    def state(self) -> LaneState:
        """How the lane stands now."""
        with self._lock:
            now = self.world.clock()
            stand = self._breaker.stand(now)
            paused = self._pause.until > now
            return LaneState(
                breaker=stand,
                open_until=self.world.moment(self._breaker.open_until) if stand == "open" else None,
                paused_until=self.world.moment(self._pause.until) if paused else None,
            )

    def _refusal(self) -> Outcome | None:
        now = self.world.clock()
        if not self._breaker.refuses(now):
            return None
        if self._breaker.stand(now) == "open":
            moment = self.world.moment(self._breaker.open_until)
            until = f"until {moment:%Y-%m-%d %H:%M:%S} UTC"
        else:
            until = "while another call tries it"
        return Outcome("refused", f"not asked {until}, after failures in a row ({self._why})")
