"""What `orch publish` shows and does of memories in Supabase."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from resources.home import Home
    from resources.publishing.previewing import Change
    from resources.publishing.pushing import PushPlace

SHOWN = 3
"""Titles named of all that would be written."""


def changes(home: Home, place: PushPlace) -> Iterator[Change]:
    """What a push would write and take back; SourceError when the project cannot be asked."""
    from resources.publishing.previewing import Change

    plan = home.pushing.plan(place)
    if plan is None:
        return

    def change(action: str, count: int, title: str) -> Change:
        return Change(action, _named(place), place.company, "", f"{count} rows", title)

    if plan.upsert:
        titles = [str(row["title"]) for row in plan.upsert]
        yield change("write", len(titles), _some(titles))
    if plan.retract:
        yield change("take back", len(plan.retract), _some(list(plan.retract)))


def status(home: Home, place: PushPlace) -> dict[str, Any] | None:
    """How a place stands, with the columns of a publication; None where nothing was pushed."""
    from coordinator.publishing.steps import comes_again

    state = home.pushing.state(place)
    held = state.held(place.digest)
    if not held.rows and state.refusal is None:
        return None
    told = "as it was pushed" if held.content else "a push was not finished"
    if state.refusal is not None:
        told = f"refused ({state.refusal.error_kind}), {state.refusal.in_a_row} times"
    return {
        "key": "",
        "service": "supabase",
        "place": place.address,
        "company": place.company,
        "subject": "memory",
        "object": f"{held.rows} rows",
        "url": place.settings.url or "",
        "condition": told,
        "due": comes_again(state.refusal) if state.refusal else None,
        "written_at": held.pushed_at,
    }


def push(home: Home, place: PushPlace, progress: Any) -> dict[str, Any]:
    """Push now; with the columns of a delivery."""
    report = home.pushing.push(place, progress)
    counts = {}
    if report.pushed is not None:
        same = report.rows - report.pushed.written
        found = {"write": report.pushed.written, "withdraw": report.pushed.retracted}
        counts = found | {"unchanged": same}
    return {
        "place": _named(place),
        "company": place.company,
        "kind": "memory",
        "counts": counts,
        "problem": report.problem,
        "hint": report.hint,
        "due": None,
    }


def _named(place: PushPlace) -> str:
    return f"supabase {place.address}"


def _some(titles: Sequence[str]) -> str:
    rest = len(titles) - SHOWN
    return ", ".join(titles[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
