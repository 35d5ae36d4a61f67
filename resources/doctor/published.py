"""What is published: lost calls that were never settled, refusals, words that should be gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from coordinator.publishing.pushes import PushState
from coordinator.publishing.state import OutboxState
from coordinator.publishing.steps import LATE_LOOKS
from resources.doctor.findings import Finding, ok, warning
from resources.home import Home

DELIVER = "orch publish retry"
MANY = 3


def published(home: Home) -> Iterator[Finding]:
    """Every place by what the ledger knows of it; nobody is asked over the network."""
    copies = home.global_memory.state().copies
    for place in home.publishing.places.all():
        state = home.publishing.state(place.target)
        what = f"published on {place.target.service} {place.name}"
        found = list(_place(what, state, {f"copy:{id}" for id in copies}))
        standing = sum(bool(one.id) and not one.archived for one in state.publications.values())
        yield from found or [ok(what, f"{standing} stand there")]
    for project in home.pushing.places():
        what = f"pushed to supabase of {project.whose}"
        state = home.pushing.state(project)
        yield from _pushed(what, state, project.digest)


def _pushed(what: str, state: PushState, place: str) -> Iterator[Finding]:
    if state.refusal is not None and state.refusal.in_a_row >= MANY:
        said = f"refused {state.refusal.in_a_row} times ({state.refusal.error_kind})"
        yield warning(what, said, "orch sources check")
    elif not state.held(place).content and state.held(place).rows:
        yield warning(what, "a push was not finished", DELIVER)
    else:
        yield ok(what, f"{state.held(place).rows} rows stand there")
    if state.left_behind(place):
        said = f"{state.left_behind(place)} rows stand where the settings pointed before"
        yield warning(what, said, "take them out there, or point the settings there once more")


def _place(what: str, state: OutboxState, copies: set[str]) -> Iterator[Finding]:
    publications = state.publications.values()
    old = datetime.now(UTC) - LATE_LOOKS[0] - timedelta(hours=1)
    doubtful = [one for one in publications if one.pending and one.pending.since < old]
    if doubtful:
        said = f"{len(doubtful)} lost calls were never looked for"
        yield warning(what, said, f"{DELIVER}; does `orch up` run?")
    refused = [one for one in publications if one.refusal and one.refusal.in_a_row >= MANY]
    if refused:
        kinds = ", ".join(sorted({one.refusal.error_kind for one in refused if one.refusal}))
        said = f"{len(refused)} were refused {MANY} times or more ({kinds})"
        yield warning(what, said, "orch sources check; orch publish status")
    if state.refusal is not None and state.refusal.in_a_row >= MANY:
        said = f"it refused everything {state.refusal.in_a_row} times ({state.refusal.error_kind})"
        yield warning(what, said, "orch sources check")
    gone = [
        one
        for one in publications
        if one.subject.startswith("copy:g-")
        and one.subject not in copies
        and one.id
        and not one.archived
    ]
    if gone:
        said = f"{len(gone)} copies that were taken back still stand there"
        yield warning(what, said, f"{DELIVER}; orch approvals list")
