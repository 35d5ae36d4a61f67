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
@click.option(
    "--census", is_flag=True, help="Count issues, pages and memories too: deleted ones leave."
)
@json_option
@click.pass_context
def sync(
    context: click.Context,
    companies: tuple[str, ...],
    everyone: bool,
    force: bool,
    census: bool,
    as_json: bool,
) -> None:
    """Bring COMPANIES up to date: repository, Jira, Confluence, Supabase, and what they teach.

    The same assets as in the Dagster UI, in this process. What did not change is not run. A
    company or source that cannot be read does not stop the others: exit code 3 then, 1 when none
    could.

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

    results = sync_companies(home, names, force=force, census=census, progress=Bars, done=tell)
    if as_json:
        echo_json([asdict(result) for result in results])
    else:
        echo_table("", COLUMNS, [row_of(result) for result in results])
    outcomes = [result.outcome for result in results]
    whole = not {"failed", "in part"} & set(outcomes)
    context.exit(DONE if whole else FAILED if set(outcomes) == {"failed"} else DONE_IN_PART)


def tell(result: Synced) -> None:
    """Say beside the table what one company's sync has to say."""
    for text in result.notes:
        note(f"{result.company}: {text}")
    if result.error:
        note(f"{result.company}: {result.error}")
        if result.hint:
            note(f"  → {result.hint}")


COLUMNS = (
    "company",
    "",
    "new commits",
    "components",
    "issues",
    "pages",
    "learnings",
    "embedded",
    "rows written",
    "s",
)


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
        counts.get("jira_issues", 0),
        counts.get("confluence_pages", 0),
        counts.get("learnings", 0),
        counts.get("embedded", 0),
        written,
        round(result.seconds, 1),
    ]
