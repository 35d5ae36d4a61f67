"""What the next delivery would do, and how the texts would change."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coordinator.errors import OrchError
from coordinator.publishing.records import Wanted
from coordinator.publishing.state import OutboxState, Publication
from coordinator.publishing.steps import next_step

if TYPE_CHECKING:
    from resources.home import Home
    from resources.publishing.places import Place

ACTIONS = {
    "create": "make",
    "look": "make",
    "write": "change",
    "withdraw": "take back",
    "archive": "take back",
    "ask": "ask",
    "inspect": "look for",
    "mark": "label",
    "close": "close",
}


@dataclass(frozen=True)
class Change:
    """Something a delivery would do now; `diff` is a unified diff of Markdown, or empty."""

    action: str
    place: str
    company: str
    key: str
    object: str
    title: str
    diff: str = ""


def preview(home: Home, place: Place, *, diff: bool) -> tuple[list[Change], str]:
    """What would be done at a place, and why that cannot be said whole (empty: it is).

    With `diff`, what stands there is read, to be held against what would be written.
    """
    from resources.publishing.places import KINDS

    state = home.publishing.state(place.target)
    found: list[Change] = []
    problem = ""
    for kind in KINDS:
        wanted = home.publishing.places.wanted(place, kind, state)
        if wanted is None:
            problem = "its documents were not read yet: run `orch sync`"
            continue
        for change, one, want in _changes(home, kind, state, wanted):
            text = ""
            if diff and not problem:
                try:
                    text = _diff(home, place, one, want)
                except OrchError as error:
                    problem = str(error)  # the others would fail alike
            found.append(
                Change(
                    change,
                    f"{place.target.service} {place.name}",
                    place.target.company,
                    want.key if want else one.key if one else "",
                    one.name if one else "",
                    want.title if want else "(no longer wanted)",
                    text,
                )
            )
    return found, problem


def _changes(
    home: Home, kind: str, state: OutboxState, wanted: list[Wanted]
) -> Iterator[tuple[str, Publication | None, Wanted | None]]:
    now = home.publishing.now()
    by_key = {one.key: one for one in wanted}
    others = [
        key
        for key, one in state.publications.items()
        if key not in by_key and one.subject.startswith(f"{kind}:")
    ]
    for key in (*by_key, *others):
        one, want = state.publications.get(key), by_key.get(key)
        step = next_step(one, want.content if want else None, now)
        action = ACTIONS.get(step.kind)
        late = step.kind == "look" and step.purpose != "first"
        if action is not None:
            yield "look for" if late else action, one, want


def _diff(home: Home, place: Place, one: Publication | None, want: Wanted | None) -> str:
    """From what stands there to what would: all of it where nothing stands."""
    after = f"# {want.title}\n\n{want.body}\n" if want else ""
    before = ""
    if one is not None and one.id:
        before = home.publishing.places.text(place, one.id)
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), "there", "wanted", lineterm="", n=2
    )
    return "\n".join(lines)
