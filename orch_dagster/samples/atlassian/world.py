"""The site with its clock and its lock, and what happens on it by itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from orch_dagster.samples.atlassian import adf, confluence_v1, for_people
from orch_dagster.samples.atlassian.call import milliseconds
from orch_dagster.samples.atlassian.door import Door
from orch_dagster.samples.atlassian.misbehaving import How, Wrong
from orch_dagster.samples.atlassian.operations import OPERATIONS
from orch_dagster.samples.atlassian.records import Comment, Later, Rules
from orch_dagster.samples.atlassian.site import Site
from orch_dagster.samples.atlassian.wire import Request, Response

Clock = Callable[[], datetime]
SOMEBODY = "Ana Lima"
Exchange = Callable[[Request, Response], None]


class World:
    """Answers requests against a site, one at a time; see StandIn, which people use."""

    def __init__(self, clock: Clock, rules: Rules, url: str, cloud_id: str, site: Site) -> None:
        self.clock = clock
        self.rules = rules
        self.url = url
        self.cloud_id = cloud_id
        self.site = site
        self._door = Door(site, rules, cloud_id)
        self._lock = threading.RLock()
        self._listeners: list[Exchange] = []

    def handle(self, request: Request) -> Response:
        """Answer a request now."""
        with self._lock:
            self.settle()
            page = for_people.answer(self.site, request)
            return self._answer(request, self.clock()) if page is None else page

    def handle_later(self, request: Request, delay: timedelta | None = None) -> None:
        """Let a request whose connection was dropped take effect after `delay`.

        Without one, after `rules.late_commit`. Nobody hears the answer.
        """
        with self._lock:
            due = self.clock() + (self.rules.late_commit if delay is None else delay)
            held = {
                "method": request.method,
                "target": request.target,
                "headers": dict(request.headers),
                "body": request.body.decode("latin-1"),
            }
            self.site.later.append(Later(due, "request", held))

    def settle(self) -> None:
        """Let happen what is due: late requests and archiving tasks, in their order."""
        with self._lock:
            now = self.clock()
            while tasks := [task for task in self.site.later if task.due <= now]:
                task = min(tasks, key=lambda task: task.due)
                self.site.later.remove(task)
                if task.kind == "archive":
                    for page_id in task.what["pages"]:
                        confluence_v1.finish_archiving(self.site, page_id)
                else:
                    held = {**task.what, "body": task.what["body"].encode("latin-1")}
                    self._answer(Request(**held), task.due)

    def on_exchange(self, listener: Exchange) -> None:
        """Call `listener` with every request and its answer, one at a time."""
        self._listeners.append(listener)

    @property
    def unexpected(self) -> list[Request]:
        """Requests for operations, or queries, the stand-in does not know."""
        return self.site.unexpected

    def misbehave(self, operation: str, how: How, times: int | None = None) -> None:
        """Answer an operation wrongly, `times` times or until `behave`.

        Operations have the names of Atlassian's specifications: `getIssue`, or with the product
        `jira.getCurrentUser` (products: jira, v1, v2). ValueError for an unknown name.
        """
        names = [f"{known.product}.{known.name}" for known in OPERATIONS]
        meant = [name for name in names if operation in {name, name.partition(".")[2]}]
        if not meant:
            raise ValueError(f"no such operation: {operation}")
        for name in meant:
            self._door.wrongs[name] = Wrong(how, times)

    def behave(self) -> None:
        """Answer everything rightly again."""
        self._door.wrongs.clear()

    def index_late(self, id_or_key: str, delay: timedelta) -> None:
        """Keep what was just written to an issue from searches until `delay` from now."""
        with self._lock:
            issue = self.site.issue(id_or_key)
            if issue is None:
                raise KeyError(id_or_key)
            self.site.issue_index.put_off(issue.id, self.clock() + delay)

    def _answer(self, request: Request, real_now: datetime) -> Response:
        now = real_now + self.rules.skew
        response = self._door.answer(request, self._address(request), now, real_now)
        date = format_datetime(now.replace(microsecond=0), usegmt=True)
        response = replace(response, headers={**response.headers, "Date": date})
        for listener in self._listeners:
            listener(request, response)
        return response

    def _address(self, request: Request) -> str:
        """The site's address as the caller knows it: on loopback the port that was called."""
        host = request.header("Host")
        local = host.partition(":")[0] in {"127.0.0.1", "localhost"}
        return f"http://{host}" if local else self.url

    def _now(self) -> datetime:
        """What the site's clock shows."""
        return milliseconds(self.clock() + self.rules.skew)

    def _due(self, record_id: str, after: timedelta | None = None) -> datetime:
        """When searches see what is written now: after the rules' lag, or `after`."""
        return self.clock() + (self.rules.lag(record_id) if after is None else after)

    def _comment(self, given: Any, who: str, moment: datetime) -> Comment:
        """A comment by `who`, or by the first of a pair."""
        if isinstance(given, tuple):
            who, given = given
        return Comment(self.site.new_id(), self.site.person(who), given, moment)


def document(given: Any) -> Any:
    """ADF as it is, text as ADF."""
    return adf.of_text(given) if isinstance(given, str) else given
