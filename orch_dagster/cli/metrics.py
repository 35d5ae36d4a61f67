"""`orch metrics`: how much is shared and learned across companies, now and over time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coordinator.errors import UsageError
from orch_dagster.cli.bars import Bars
from orch_dagster.cli.door import (
    DONE,
    DONE_IN_PART,
    echo_json,
    echo_table,
    json_option,
    note,
    open_home,
)

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from coordinator.metrics import Day, History, Metric

DEFAULT_DAYS = 30


def _complete(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    from coordinator.metrics import METRICS

    return [CompletionItem(one.name) for one in METRICS if one.name.startswith(begun)]


@click.command()
@click.option(
    "--metric",
    "names",
    multiple=True,
    metavar="NAME",
    shell_complete=_complete,
    help="Only this one; may be given several times [all].",
)
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help=f"Compare with how that day (UTC) began [{DEFAULT_DAYS} days ago].",
)
@click.option("--history", "over_time", is_flag=True, help="Each day on which something changed.")
@click.option("--explain", is_flag=True, help="Print how each is computed, and from which events.")
@click.option(
    "--png",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also draw them over all days into FILE.",
)
@json_option
@click.pass_context
def metrics(
    context: click.Context,
    names: tuple[str, ...],
    since: datetime | None,
    over_time: bool,
    explain: bool,
    png: Path | None,
    as_json: bool,
) -> None:
    """Show what came of the coordination: what is shared, adopted, learned and saved.

    Every number is computed from the ledger; one that has nothing to be computed from is "not
    yet". docs/metrics.md defines them all. Exit code 3 when there is nothing to draw.

    Example:  orch metrics --since 2026-01-01 --png metrics.png
    """
    chosen = _named(names)
    if explain:
        _explain(chosen, as_json)
        return
    from resources.metrics import read_history

    today = datetime.now(UTC).date()
    start = since.date() if since else today - timedelta(days=DEFAULT_DAYS)
    if png is not None and not png.absolute().parent.is_dir():
        raise UsageError(f"there is no folder {png.absolute().parent}")
    found = read_history(open_home().ledger, today=today, progress=Bars("metrics"))
    drawn = _draw(found, chosen, png) if png is not None else True
    if as_json:
        echo_json(_document(found, chosen, start, over_time))
    elif over_time:
        _show_history(found, chosen, start)
    else:
        _show_now(found, chosen, start)
    context.exit(DONE if drawn else DONE_IN_PART)


def _named(names: tuple[str, ...]) -> list[Metric]:
    """The metrics of those names, all for none; UsageError for a name nothing has."""
    from coordinator.metrics import METRICS

    known = {one.name: one for one in METRICS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(
            f"there is no metric '{unknown[0]}'", hint=f"metrics are {', '.join(known)}"
        )
    return [one for one in METRICS if not names or one.name in names]


def _explain(chosen: list[Metric], as_json: bool) -> None:
    if as_json:
        echo_json([_definition(one) for one in chosen])
        return
    click.echo("\n\n".join(one.explained() for one in chosen))


def _draw(found: History, chosen: list[Metric], png: Path) -> bool:
    """Write the picture; False when there is nothing to draw."""
    from resources.files import write_bytes
    from resources.metrics.drawing import picture, shown

    if not shown(found, chosen):
        note(f"{png} was not written: there is nothing to draw yet")
        return False
    write_bytes(png.absolute(), picture(found, chosen))
    note(f"the picture is in {png}")
    return True


def _show_now(found: History, chosen: list[Metric], start: date) -> None:
    from coordinator.metrics.wording import with_unit, worded_change, worded_ratio

    before = found.before(start)
    rows = []
    group = ""
    for one in chosen:
        now = found.now.values[one.name]
        change = worded_change(one, before.values[one.name], now)
        told = [with_unit(one, now), change, worded_ratio(now), one.name]
        rows.append([one.group if one.group != group else "", one.title, *told])
        group = one.group
    columns = ["", "metric", "now", f"since {start}", "made of", "name"]
    echo_table("", columns, rows)
    if any(one.name == "adopters_per_component" for one in chosen) and found.adopters:
        adopters = sorted(found.adopters.items(), key=lambda pair: (-pair[1], pair[0]))
        echo_table("", ["shared component", "adopters"], adopters)


def _show_history(found: History, chosen: list[Metric], start: date) -> None:
    from coordinator.metrics.wording import worded, worded_change, worded_ratio

    rows: list[list[object]] = []
    before = found.before(start)
    for day in _days(found, start):
        for one in chosen:
            then, now = before.values[one.name], day.values[one.name]
            if (then.value, then.part, then.whole) != (now.value, now.part, now.whole):
                told = [worded(one, now), worded_change(one, then, now), worded_ratio(now)]
                rows.append([str(day.day), one.title, *told])
        before = day
    if not rows:
        note(f"nothing changed since {start}")
        return
    echo_table("", ["day (UTC)", "metric", "value", "change", "made of"], rows)


def _days(found: History, start: date) -> list[Day]:
    return [one for one in found.days if one.day >= start]


def _document(found: History, chosen: list[Metric], start: date, over_time: bool) -> dict[str, Any]:
    before = found.before(start)
    document: dict[str, Any] = {
        "day": found.now.day,
        "since": start,
        "metrics": [
            {
                **_definition(one),
                **vars(found.now.values[one.name]),
                "before": before.values[one.name].value,
            }
            for one in chosen
        ],
        "adopters": dict(found.adopters),
    }
    if over_time:
        document["history"] = [
            {"day": day.day} | {one.name: day.values[one.name].value for one in chosen}
            for day in _days(found, start)
        ]
    return document


def _definition(metric: Metric) -> dict[str, Any]:
    shown = ("name", "group", "title", "unit", "formula")
    return {key: getattr(metric, key) for key in shown} | {"sources": list(metric.source_events)}
