"""`orch doctor`: look for damage and say what heals it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from orch_dagster.cli.door import FAILED, echo_json, echo_table, json_option, open_home

if TYPE_CHECKING:
    from resources.doctor import Finding

MARKS = {"ok": "ok", "warning": "warning", "failure": "FAILURE"}


@click.command()
@click.option("--company", metavar="NAME", help="Only this company, and what it stands on.")
@click.option("--all", "everything", is_flag=True, help="Show what is sound as well.")
@json_option
@click.pass_context
def doctor(context: click.Context, company: str | None, everything: bool, as_json: bool) -> None:
    """Look at everything the home consists of, and say what heals what is damaged.

    The home's modes and settings, disk, Dagster's files, the model, the ledger with its anchors
    and texts, every table, mirror and memory, and what killed commands left. Nothing is changed.
    Exit code 1 when something is damaged; warnings alone are no failure.

    Example:  orch doctor --company empresa-a
    """
    from orch_dagster.cli.bars import Bars
    from resources.doctor import examine

    found = list(examine(open_home(), company, Bars("doctor")))
    failed = sum(finding.level == "failure" for finding in found)
    if as_json:
        echo_json([asdict(finding) for finding in found])
    else:
        _show(found, everything=everything)
    context.exit(FAILED if failed else 0)


def _show(found: list[Finding], *, everything: bool) -> None:
    shown = [finding for finding in found if everything or finding.level != "ok"]
    if shown:
        echo_table(
            "",
            ["", "company", "what", "found", "what heals it"],
            [[MARKS[one.level], one.company, one.what, one.said, one.heals] for one in shown],
        )
    counts = {level: sum(one.level == level for one in found) for level in MARKS}
    click.echo(
        f"{len(found)} things looked at: {counts['failure']} damaged, {counts['warning']} warnings"
    )
