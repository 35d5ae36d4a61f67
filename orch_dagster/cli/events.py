"""`orch events`: read, verify, replay and export the ledger."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coordinator.errors import UsageError
from orch_dagster.cli.bars import Bars
from orch_dagster.cli.door import (
    FAILED,
    echo_json,
    echo_table,
    json_option,
    note,
    open_home,
    visible,
)

if TYPE_CHECKING:
    from coordinator.ledger.events import Event

_SHOWN_PAYLOAD = 100
_LONGEST_POSITION = 16
_READABLE: dict[str, Any] = {"ensure_ascii": False, "indent": 2}


@click.group()
def events() -> None:
    """Read, verify, replay and export the ledger, where everything decided is recorded.

    Example:  orch events list --company empresa-a --limit 20
    """


@events.command("list")
@click.option("--company", metavar="NAME", help="Only events of this company.")
@click.option("--type", "event_type", metavar="TYPE", help="Only this type: sync_completed, …")
@click.option(
    "--stream",
    metavar="STREAM",
    help="Only this stream: company:NAME, approvals, global, coordinator.",
)
@click.option("--feature", metavar="NAME", help="Only events of this feature.")
@click.option(
    "--after",
    type=click.IntRange(0, 2**53),
    default=0,
    metavar="POSITION",
    help="Only events behind this position.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, 1_000_000),
    default=100,
    show_default=True,
    help="At most so many, the oldest first.",
)
@json_option
def list_events(as_json: bool, limit: int, **filters: Any) -> None:
    """List events, oldest first.

    Streams are company:NAME, approvals, global and coordinator.

    Example:  orch events list --company empresa-a --type sync_completed --json
    """
    # one more than asked for tells whether there are more
    found = open_home().ledger.read(limit=limit + 1, **filters)
    shown = found[:limit]
    if as_json:
        echo_json([_document(event) for event in shown])
    elif shown:
        echo_table("", ["position", "at (UTC)", "stream", "type", "payload", "by"], _rows(shown))
    else:
        note("no such events")
    if len(found) > limit:
        note(f"there are more: --after {shown[-1].position} shows the next")


@events.command()
@json_option
@click.pass_context
def verify(context: click.Context, as_json: bool) -> None:
    """Check every event, text, snapshot, page and anchor of the ledger.

    Exit code 1 when it is damaged; the first broken position is named, and no other command
    starts on the ledger until it verifies again, or with `orch --i-know …`.

    Example:  orch events verify --json
    """
    from coordinator.errors import LedgerDamaged

    try:
        with open_home().open_ledger(i_know=True) as ledger:
            verified = ledger.verify()
    except LedgerDamaged as error:
        if not as_json:
            raise
        echo_json({"sound": False, "first_broken": error.position, "problem": error.message})
        context.exit(FAILED)
    if as_json:
        echo_json({"sound": True, **vars(verified)})
        return
    click.echo(f"the ledger is sound: {verified.count} events, head {verified.head[:16]}…")
    if verified.anchored_count < verified.count:
        note(
            f"only {verified.anchored_count} of them are anchored: a cut tail would not show "
            "behind that (the next event anchors all)"
        )


@events.command()
@click.argument("event", metavar="POSITION|EVENT_ID")
@json_option
def show(event: str, as_json: bool) -> None:
    """Show one event with all its columns.

    Of the texts it names it says whether they are kept, not what they say.

    Example:  orch events show 42
    """
    ledger = open_home().ledger
    found = ledger.event(int(event) if _is_position(event) else event)
    kept = set(ledger.text_hashes(found.company)) if found.company else set()
    texts = {
        sha256: "kept" if sha256 in kept else "purged" for sha256 in found.payload.text_hashes()
    }
    document = {**_document(found), "texts": texts}
    if as_json:
        echo_json(document)
        return
    for name, value in document.items():
        if value not in (None, {}):
            shown = json.dumps(value, **_READABLE) if isinstance(value, dict) else value
            click.echo(visible(f"{name:15}{shown}"))


@events.command()
@click.option("--at", type=click.IntRange(0, 2**53), metavar="POSITION", help="Default: the end.")
@click.option("--stream", metavar="STREAM", help="Only this one, with its whole state.")
@json_option
def replay(at: int | None, stream: str | None, as_json: bool) -> None:
    """Fold the events again from the first one: what was known at a position.

    The state hash of a stream is the same on any machine that has the same events. Snapshots are
    not used.

    Example:  orch events replay --at 120 --stream company:empresa-a
    """
    from resources.ledger.replaying import replay as replayed

    ledger = open_home().ledger
    position, states = replayed(ledger, at=at, stream=stream, progress=Bars("replay"))
    if as_json:
        echo_json({"position": position, "streams": [vars(state) for state in states]})
        return
    rows = [[one.stream, one.version, one.state_hash] for one in states]
    echo_table(f"at position {position}", ["stream", "version", "state hash"], rows)
    if stream:
        for state in states:
            click.echo(visible(json.dumps(state.state, **_READABLE)))


@events.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where to write; only its owner can read it.",
)
@click.option(
    "--after",
    type=click.IntRange(0, 2**53),
    default=0,
    metavar="POSITION",
    help="Only events behind this position.",
)
def export(output: Path | None, after: int) -> None:
    """Write complete events, one JSON document a line, to FILE or standard output.

    Every column as it is stored, hashes included. The texts that events name are not among them.

    Example:  orch events export -o ledger.jsonl
    """
    from resources.ledger.exporting import export as exported
    from resources.ledger.exporting import whole_file

    ledger = open_home().ledger
    if output is None:
        exported(ledger, sys.stdout, after=after, progress=Bars("export"))
        return
    if not output.absolute().parent.is_dir():
        raise UsageError(f"there is no folder {output.absolute().parent}")
    with whole_file(output.absolute()) as file:
        count = exported(ledger, file, after=after, progress=Bars("export"))
    click.echo(f"{count} events are in {visible(str(output))}")


def _is_position(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _LONGEST_POSITION


def _rows(shown: list[Event]) -> list[list[object]]:
    return [
        [
            event.position,
            f"{event.occurred_at:%Y-%m-%d %H:%M:%S}",
            event.stream,
            event.event_type,
            _shortened(event),
            event.actor,
        ]
        for event in shown
    ]


def _shortened(event: Event) -> str:
    payload = event.payload.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    text = ", ".join(f"{key}={value}" for key, value in payload.items()).replace("\n", "\\n")
    return text if len(text) <= _SHOWN_PAYLOAD else f"{text[: _SHOWN_PAYLOAD - 1]}…"


def _document(event: Event) -> dict[str, Any]:
    payload = event.payload.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {**vars(event), "payload": payload}
