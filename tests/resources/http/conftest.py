"""Lanes to hosts on loopback, whose waits take no time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from coordinator.settings.sources import Remote
from resources.http import Lanes

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass
class SkippingClock:
    """Real time, but a sleep is over at once and noted in `slept`; or only sleeps pass time."""

    slept: list[float] = field(default_factory=list)
    skipped: float = 0.0
    stands_at: datetime | None = None

    def stand_still(self) -> None:
        """Let nothing but sleeping pass any time."""
        self.stands_at = NOON

    def now(self) -> datetime:
        return (self.stands_at or datetime.now(UTC)) + timedelta(seconds=self.skipped)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.skipped += seconds


@pytest.fixture
def clock() -> SkippingClock:
    return SkippingClock()


@pytest.fixture
def lanes(clock: SkippingClock) -> Lanes:
    """With the least chance, so that waits are half of the longest."""
    return Lanes(now=clock.now, sleep=clock.sleep, chance=lambda: 0.0)


def remote(**settings: Any) -> Remote:
    """Settings of a service on loopback, asked as often as one likes."""
    return Remote(**{"loopback": True, "requests_per_second": 100, **settings})


@pytest.fixture
def settings() -> Callable[..., Remote]:
    return remote


@pytest.fixture
def client_of(lanes: Lanes) -> Iterator[Callable[..., httpx.Client]]:
    """Makes clients of a host in a lane, closed at the end of the test."""
    with ExitStack() as stack:

        def make(
            url: str,
            *,
            company: str = "acme",
            service: str = "jira",
            of: Lanes = lanes,
            auth: httpx.Auth | None = None,
            headers: dict[str, str] | None = None,
            **given: Any,
        ) -> httpx.Client:
            return stack.enter_context(
                of.client(
                    company, service, remote(**given), base_url=url, auth=auth, headers=headers
                )
            )

        yield make
