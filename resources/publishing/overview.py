"""Everything published of a home, or to one company or service: as it stands, previewed, delivered.

Issues and pages are published one by one, memories in Supabase as whole tables; here both look
alike. `company` and `service` narrow to one company's own places and to one service.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from coordinator.errors import OrchError
from coordinator.plain_text import one_line
from coordinator.ports import Progress
from coordinator.publishing.conditions import condition, due, push_condition
from coordinator.publishing.steps import comes_again
from resources.publishing.places import KINDS
from resources.publishing.previewing import Change, preview

if TYPE_CHECKING:
    from resources.home import Home
    from resources.publishing.places import Place
    from resources.publishing.pushing import PushPlace

AnyService = Literal["jira", "confluence", "supabase"]
SHOWN = 3
"""Titles named of all that would be pushed."""
LONGEST_TITLE = 50


@dataclass(frozen=True)
class Standing:
    """One publication: `object` is an issue's key, a page's id, or how many rows there are.

    `where` is its address, `due` when a refused call comes again or a doubtful one was over.
    """

    key: str
    service: AnyService
    place: str
    company: str
    subject: str
    object: str
    where: str
    condition: str
    due: datetime | None
    written_at: datetime | None


@dataclass(frozen=True)
class Previewed:
    """What would be done; `problems` say what could not be looked at, of `places` in all."""

    changes: Sequence[Change]
    problems: Sequence[str]
    places: int


@dataclass(frozen=True)
class Report:
    """What one delivery of one `kind` to one place did; `problem` is why it could not."""

    place: str
    company: str
    kind: str
    counts: Mapping[str, int] = field(default_factory=Counter)
    problem: str = ""
    hint: str = ""
    due: datetime | None = None


def standing(
    home: Home, company: str | None = None, service: str | None = None
) -> Iterator[Standing]:
    """Every publication of every place the settings name, as the ledger knows it."""
    for one in home.publishing.standing():
        if _fits(one.place.target.company, one.place.target.service, company, service):
            yield Standing(
                key=one.publication.key,
                service=one.place.target.service,
                place=one.place.name,
                company=one.place.target.company,
                subject=one.publication.subject,
                object=one.publication.name,
                where=one.url,
                condition=condition(one.publication),
                due=due(one.publication),
                written_at=one.publication.written_at,
            )
    for place in _projects(home, company, service):
        state = home.pushing.state(place)
        held = state.held(place.digest)
        if held.rows or state.refusal is not None:
            yield Standing(
                key="",
                service="supabase",
                place=place.whose,
                company=place.company,
                subject="memory",
                object=f"rows: {held.rows}",
                where=place.address,
                condition=push_condition(state, place.digest),
                due=comes_again(state.refusal) if state.refusal else None,
                written_at=held.pushed_at,
            )


def previewed(
    home: Home, company: str | None = None, service: str | None = None, *, diff: bool = True
) -> Previewed:
    """What the next delivery would do; nothing is written.

    With `diff`, what stands there is read, to be held against what would be written.
    """
    changes: list[Change] = []
    problems: list[str] = []
    places, projects = _places(home, company, service), _projects(home, company, service)
    for place in places:
        found, problem = preview(home, place, diff=diff)
        changes += found
        if problem:
            problems.append(f"{place.target.service} of {place.target.whose}: {problem}")
    for project in projects:
        try:
            changes += _pushes(home, project)
        except OrchError as error:
            problems.append(f"supabase of {project.whose}: {error}")
    return Previewed(changes, problems, len(places) + len(projects))


def delivered(
    home: Home,
    company: str | None = None,
    service: str | None = None,
    *,
    progress: Callable[[str], Progress],
) -> Iterator[Report]:
    """Deliver what is due; a place that cannot be written to says why and stops no other.

    `progress` makes a listener for the place of that name.
    """
    for place in _places(home, company, service):
        shown = progress(f"{place.target.service} of {place.target.whose}")
        for kind in KINDS:
            report = _delivered(home, place, kind, shown)
            if report.counts or report.problem:
                yield report
    for project in _projects(home, company, service):
        yield _pushed(home, project, progress(f"supabase of {project.whose}"))


def _delivered(home: Home, place: Place, kind: str, progress: Progress) -> Report:
    name, owner = f"{place.target.service} {place.name}", place.target.company
    try:
        done = home.publishing.deliver(place.target, kind, progress)
    except OrchError as error:
        return Report(name, owner, kind, problem=error.message, hint=error.hint)
    return Report(name, owner, kind, done.counts, done.problem, done.hint, done.due)


def _pushed(home: Home, place: PushPlace, progress: Progress) -> Report:
    name, owner, kind = f"supabase {place.whose}", place.company, "memory"
    try:
        done = home.pushing.push(place, progress)
    except OrchError as error:
        return Report(name, owner, kind, problem=error.message, hint=error.hint)
    if done.pushed is None:
        return Report(name, owner, kind, problem=done.problem, hint=done.hint)
    counts = {
        "write": done.pushed.written,
        "withdraw": done.pushed.retracted,
        "unchanged": done.rows - done.pushed.written,
    }
    return Report(name, owner, kind, counts)


def _pushes(home: Home, place: PushPlace) -> Iterator[Change]:
    plan = home.pushing.plan(place)
    if plan is None:
        return
    titles = {"write": [str(row["title"]) for row in plan.upsert], "take back": [*plan.retract]}
    for action, named in titles.items():
        if named:
            told, count = _some(named), f"rows: {len(named)}"
            yield Change(action, f"supabase {place.whose}", place.company, "", count, told)


def _some(titles: Sequence[str]) -> str:
    shown = ", ".join(one_line(title, LONGEST_TITLE) for title in titles[:SHOWN])
    rest = len(titles) - SHOWN
    return f"{shown} and {rest} more" if rest > 0 else shown


def _places(home: Home, company: str | None, service: str | None) -> list[Place]:
    return [
        one
        for one in home.publishing.places.all()
        if _fits(one.target.company, one.target.service, company, service)
    ]


def _projects(home: Home, company: str | None, service: str | None) -> list[PushPlace]:
    return [
        one for one in home.pushing.places() if _fits(one.company, "supabase", company, service)
    ]


def _fits(owner: str, kind: str, company: str | None, service: str | None) -> bool:
    return company in (None, owner) and service in (None, kind)
