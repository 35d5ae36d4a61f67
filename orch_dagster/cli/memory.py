"""`orch memory`: the companies' private memories, and what they share."""

from __future__ import annotations

import click

from orch_dagster.cli.door import echo_json, echo_table, json_option, open_home
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
def rebuild(company: str | None, as_json: bool) -> None:
    """Embed all learnings anew with the model of orch.yaml.

    Searches answer from the old memory until the new one is complete.

    Example:  orch memory rebuild --company empresa-a
    """
    from orch_dagster.cli.bars import Bars
    from resources.rebuilding import rebuild_memory

    home = open_home()
    names = [company] if company else home.companies.names()
    rows = {name: rebuild_memory(home, name, Bars(name)) for name in names}
    if as_json:
        echo_json([{"company": name, "rows": count} for name, count in rows.items()])
        return
    for name, count in rows.items():
        click.echo(f"{name}: {count} rows embedded with {home.settings.embedding.model}")


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())
