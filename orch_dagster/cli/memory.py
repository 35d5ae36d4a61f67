"""`orch memory`: a company's private memory."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import click

from orch_dagster.cli.door import echo_json, echo_table, json_option, note, open_home, visible

if TYPE_CHECKING:
    from coordinator.memory import Found

CATEGORIES = ("pattern", "solution", "component", "insight", "best_practice", "need")


@click.group()
def memory() -> None:
    """Search a company's private memory, look at it, rebuild it.

    Example:  orch memory search "autenticação segura" --company empresa-a
    """


@memory.command()
@click.argument("query")
@click.option("--company", required=True, help="Whose memory.")
@click.option(
    "--category",
    "categories",
    multiple=True,
    type=click.Choice(CATEGORIES),
    help="Only these; may be given more than once.",
)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Not older than this day (UTC).")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Older than this day (UTC).")
@click.option("--min-score", type=click.FloatRange(0, 1), help="Leave out weaker results.")
@click.option(
    "--limit", type=click.IntRange(1, 200), default=5, show_default=True, help="How many."
)
@click.option("--explain", is_flag=True, help="Show every factor of each score.")
@json_option
def search(
    query: str,
    company: str,
    categories: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    min_score: float | None,
    limit: int,
    explain: bool,
    as_json: bool,
) -> None:
    """Find learnings of one company by meaning and by word.

    Example:  orch memory search "autenticação segura" --company empresa-a --explain
    """
    from datetime import UTC

    from coordinator.memory import SearchFilters

    filters = SearchFilters(
        categories=categories,
        since=since.replace(tzinfo=UTC) if since else None,
        until=until.replace(tzinfo=UTC) if until else None,
        min_score=min_score,
    )
    found = open_home().memory(company).search(query, filters, limit, explain=explain)
    if as_json:
        echo_json([asdict(hit) for hit in found])
        return
    if not found:
        note("nothing found; `orch memory stats` shows what there is, `orch sync` brings more")
    for place, hit in enumerate(found, 1):
        _show(place, hit, explain=explain)


def _show(place: int, hit: Found, *, explain: bool) -> None:
    where = " ".join(
        part
        for part in (
            hit.evidence_commit[:12],
            f"{hit.evidence_path}:{hit.evidence_line}" if hit.evidence_line else hit.evidence_path,
            f"{hit.occurred_at:%Y-%m-%d}" if hit.occurred_at else "",
        )
        if part
    )
    click.secho(f"{place}. {visible(hit.title)}", bold=True)
    click.secho(f"   {hit.score:.3f}  {hit.category}  {visible(where)}", dim=True)
    body = " ".join(hit.content.removeprefix(hit.title).split())
    if body:
        click.echo(f"   {visible(body if len(body) <= 280 else body[:279] + '…')}")
    if explain:
        for name, value in asdict(hit.factors).items():
            click.echo(f"     {name}: {visible(str(value))}")


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
