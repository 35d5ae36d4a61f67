"""`orch sync`: read what changed and learn from it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from orch_dagster.cli.door import (
    DONE,
    DONE_IN_PART,
    FAILED,
    echo_json,
    echo_table,
    json_option,
    note,
    open_home,
)

if TYPE_CHECKING:
    from orch_dagster.syncing import Synced


@click.command()
@click.argument("companies", nargs=-1)
@click.option("--all", "everyone", is_flag=True, help="All companies.")
@click.option("--force", is_flag=True, help="Run even where nothing changed.")
@json_option
@click.pass_context
def sync(
    context: click.Context, companies: tuple[str, ...], everyone: bool, force: bool, as_json: bool
) -> None:
    """Bring COMPANIES up to date: repository, catalog, learnings, private memory, context.

    The same assets as in the Dagster UI, in this process. What did not change is not run. A
    company that cannot be read does not stop the others: exit code 3 then, 1 when none could.

    Example:  orch sync --all
    """
    if everyone == bool(companies):
        raise click.UsageError("name companies, or give --all")
    from orch_dagster.cli.bars import Bars
    from orch_dagster.syncing import sync_companies

    home = open_home()
    home.verify_ledger()
    names = home.companies.names() if everyone else list(dict.fromkeys(companies))
    if not names:
        note("no companies yet; `orch company create NAME --git URL` makes one, `orch demo` three")
        return

    results = sync_companies(home, names, force=force, progress=Bars, done=tell)
    if as_json:
        echo_json([asdict(result) for result in results])
    else:
        echo_table("", COLUMNS, [row_of(result) for result in results])
    failed = sum(result.outcome == "failed" for result in results)
    context.exit(DONE if not failed else FAILED if failed == len(results) else DONE_IN_PART)


def tell(result: Synced) -> None:
    """Say beside the table what one company's sync has to say."""
    for text in result.notes:
        note(f"{result.company}: {text}")
    if result.outcome == "failed":
        note(f"{result.company}: {result.error}")
        if result.hint:
            note(f"  → {result.hint}")


COLUMNS = ("company", "", "new commits", "components", "learnings", "embedded", "rows written", "s")


def row_of(result: Synced) -> list[object]:
    """A company's line of the table that closes a sync."""
    counts = result.counts
    written = sum(counts.get(name, 0) for name in ("inserted", "updated", "deleted"))
    written += counts.get("embedded", 0) + counts.get("removed", 0)
    return [
        result.company,
        result.outcome,
        counts.get("new_commits", 0),
        counts.get("company_components", 0),
        counts.get("learnings", 0),
        counts.get("embedded", 0),
        written,
        round(result.seconds, 1),
    ]
