"""`orch memory`: the companies' private memories, and what they share."""

from __future__ import annotations

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
from orch_dagster.cli.searching import search
from orch_dagster.cli.sharing import retract, share, shared
from orch_dagster.cli.writing import add, remove, written


@click.group()
def memory() -> None:
    """Search, add, share and retract learnings; look at the memories, rebuild them.

    Example:  orch memory search "autenticação segura" --company empresa-a
    """


for command in (search, add, remove, written, share, retract, shared):
    memory.add_command(command)


@memory.command()
@click.option("--company", help="Whose memory [all companies].")
@json_option
def stats(company: str | None, as_json: bool) -> None:
    """Show what the private memories hold.

    Example:  orch memory stats --company empresa-a --json
    """
    home = open_home()
    names = [company] if company else home.companies.names()
    found = [home.memory(name).stats() for name in names]
    if as_json:
        echo_json(found)
        return
    echo_table(
        "",
        ["company", "rows", "categories", "languages", "model", "width", "version", "MB"],
        [
            [
                row["company"],
                row["rows"],
                _listed(row["categories"]),
                _listed(row["languages"]),
                row["model"] or "-",
                row["width"],
                row["version"],
                round(row["bytes"] / 1e6, 1),
            ]
            for row in found
        ],
    )


@memory.command()
@click.option("--company", help="Whose memory [all companies].")
@json_option
@click.pass_context
def rebuild(context: click.Context, company: str | None, as_json: bool) -> None:
    """Restore memories from the ledger and the sources, and embed them with today's model.

    For a damaged or deleted table, and after another model in orch.yaml. Repositories are read
    again; what was written by hand and what was shared comes from the ledger. Searches answer from
    the old memory meanwhile, unless that was damaged. Exit code 3 when some could not be restored
    in full, 1 when none could. Shared copies are embedded anew without --company alone.

    Example:  orch memory rebuild --company empresa-a
    """
    from orch_dagster.cli.bars import Bars
    from orch_dagster.rebuilding import Rebuilt, rebuild_companies
    from resources.rebuilding import restore_shared

    home = open_home()
    names = [company] if company else home.companies.names()
    shared = restore_shared(home, Bars("shared"), embed=company is None)

    def told(result: Rebuilt) -> None:
        if result.problem:
            note(f"{result.company}: {result.problem}")
            if result.hint:
                note(f"  → {result.hint}")

    results = rebuild_companies(home, names, progress=Bars, done=told)
    if as_json:
        echo_json({"companies": [vars(one) for one in results], "shared_rows": shared})
    else:
        for one in results:
            anew = f", made anew: {', '.join(one.made_anew)}" if one.made_anew else ""
            click.echo(f"{one.company}: {one.rows} rows searchable{anew}")
        click.echo(f"shared: {shared} copies")
    failed = sum(bool(one.problem) for one in results)
    context.exit(DONE if not failed else FAILED if failed == len(results) else DONE_IN_PART)


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())
