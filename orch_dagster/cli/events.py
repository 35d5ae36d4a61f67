"""`orch events`: read and verify the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from orch_dagster.cli.door import FAILED, echo_json, echo_table, json_option, note, open_home

if TYPE_CHECKING:
    from coordinator.ledger.events import Event

_SHOWN_PAYLOAD = 100


@click.group()
def events() -> None:
    """Read and verify the ledger, where everything decided is recorded.

    Example:  orch events list --company empresa-a --limit 20
    """


@events.command("list")
@click.option("--company", metavar="NAME", help="Only events of this company.")
@click.option("--type", "event_type", metavar="TYPE", help="Only this type: sync_completed, …")
@click.option("--stream", metavar="STREAM", help="Only this stream: company:NAME or coordinator.")
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
    """Check every event, page and anchor of the ledger.

    Exit code 1 when it is damaged; the first broken position is named.

    Example:  orch events verify --json
    """
    from coordinator.errors import LedgerDamaged

    try:
        verified = open_home().ledger.verify()
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
