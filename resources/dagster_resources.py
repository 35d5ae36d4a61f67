"""The home as a Dagster resource: only its path is configuration, nothing secret."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import dagster as dg
from pydantic import PrivateAttr

from resources.home import Home, home_path

PARTITION_TAG = "dagster/partition"


class HomeResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Hands the plain `Home` to assets and sensors.

    A run that works on one company holds that company for its whole length, so that a sync from a
    terminal and one from the UI never write the same tables side by side.
    """

    path: str = ""

    _home: Home = PrivateAttr()

    @property
    def home(self) -> Home:
        return self._home

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[HomeResource]:
        with ExitStack() as stack:
            self._home = stack.enter_context(self.open())
            company = context.run.tags.get(PARTITION_TAG) if context.run else None
            if company is not None and company in self._home.companies.names():
                stack.enter_context(self._home.companies.instance(company).lock())
            yield self

    def open(self) -> Home:
        """Open the home outside a run (sensors, schedules); the caller closes it."""
        return Home.open(home_path(self.path or None))
