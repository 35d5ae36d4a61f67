"""How a publication stands, in a few words for people."""

from __future__ import annotations

from datetime import datetime

from coordinator.publishing.pushes import PushState
from coordinator.publishing.records import GONE
from coordinator.publishing.state import Publication
from coordinator.publishing.steps import comes_again

_DOUBTS = {
    "create": "made",
    "write": "changed",
    "withdraw": "taken back",
    "archive": "archived",
}


def condition(one: Publication) -> str:
    """What became of it: refused, in doubt, changed by somebody else, taken back, or standing."""
    told = (
        (one.refusal is not None, _refused(one)),
        (one.pending is not None, _doubt(one)),
        (one.kept, "changed by somebody else, left alone"),
        (one.edit is not None, _edited(one)),
        (one.archived, "taken back"),
        (not one.id, "not there yet"),
        (not one.marked, "stands, not labelled yet"),
        (True, "stands"),
    )
    return next(said for holds, said in told if holds)


def push_condition(state: PushState, place: str) -> str:
    """What became of the last push to `place`."""
    if state.refusal is not None:
        times = f", {state.refusal.in_a_row} times" if state.refusal.in_a_row > 1 else ""
        return f"refused ({state.refusal.error_kind}){times}"
    return "as it was pushed" if state.held(place).content else "a push was not finished"


def due(one: Publication) -> datetime | None:
    """When a refused call is made again, or a doubtful one is over at the latest."""
    if one.refusal is not None:
        return comes_again(one.refusal)
    return one.pending.since if one.pending is not None else None


def _refused(one: Publication) -> str:
    if one.refusal is None:
        return ""
    status = f" {one.refusal.status}" if one.refusal.status else ""
    times = f", {one.refusal.in_a_row} times" if one.refusal.in_a_row > 1 else ""
    return f"refused ({one.refusal.error_kind}{status}){times}"


def _doubt(one: Publication) -> str:
    return f"in doubt: was it {_DOUBTS[one.pending.operation]}?" if one.pending else ""


def _edited(one: Publication) -> str:
    gone = one.edit is not None and one.edit.stamp == GONE
    said = "was taken away" if gone else "was changed"
    return f"{said} by somebody else: waits for an approval"
