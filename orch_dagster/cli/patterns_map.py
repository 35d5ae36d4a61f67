"""`orch patterns map`: the map of learnings and who has what from whom, as one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coordinator.errors import UsageError
from orch_dagster.cli.bars import Bars
from orch_dagster.cli.door import DONE, DONE_IN_PART, echo_json, json_option, note, open_home

if TYPE_CHECKING:
    from resources.home import Home

OPERATORS = "for the operator alone: it holds words of companies that others may not read"


@click.command("map")
@click.option("--open", "open_it", is_flag=True, help="Open it in the browser.")
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write here [patterns.html in the home].",
)
@json_option
@click.pass_context
def map_patterns(context: click.Context, open_it: bool, out: Path | None, as_json: bool) -> None:
    """Draw the map of learnings, coloured by company, and who has what from whom.

    Writes one HTML file that needs no network and that only you can read: it holds private words
    of every company. Patterns are drawn as the last look for them left them. Exit code 3 when a
    company could not be read.

    Example:  orch patterns map --open
    """
    from orch_dagster.patterns_page.writing import write_page

    home = open_home()
    target = _target(home, out)
    written = write_page(home, target, Bars("map"))
    note(f"{target.name} is {OPERATORS}")
    for company, problem in sorted(written.problems.items()):
        note(f"{company} is not on it: {problem}")
    if as_json:
        echo_json(_document(target, vars(written)))
    else:
        left_out = written.learnings - written.shown
        click.echo(
            f"{target}: {written.shown} learnings of {len(written.companies)} companies, "
            f"{written.patterns} patterns, {written.exchanged} things one has from another"
        )
        if left_out:
            note(f"{left_out} more learnings are not drawn: the map takes a regular sample")
        if not written.patterns:
            note("no patterns yet; `orch patterns refresh` looks for them")
    if open_it and not _opened(target):
        note("no browser was found here; open the file yourself")
    context.exit(DONE_IN_PART if written.problems else DONE)


def _target(home: Home, out: Path | None) -> Path:
    """Where the page goes: never over a file that is no such page."""
    from orch_dagster.patterns_page.writing import is_page
    from resources.patterns_page import page_file

    target = (out or page_file(home)).expanduser().absolute()
    if not target.parent.is_dir():
        raise UsageError(f"there is no folder {target.parent}", hint="make it, or name another")
    if target.exists() and not is_page(target):
        raise UsageError(
            f"{target} stands there and is no map of patterns",
            hint="name another file with --out",
        )
    return target


def _document(target: Path, written: dict[str, Any]) -> dict[str, Any]:
    return {"file": str(target), **written}


def _opened(target: Path) -> bool:
    import webbrowser

    return webbrowser.open(target.as_uri())
