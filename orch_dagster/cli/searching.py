"""`orch memory search`: what a company may see, or, for the operator, everything."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import click

from orch_dagster.cli.choices import CATEGORIES
from orch_dagster.cli.door import echo_json, json_option, note, open_home, visible

if TYPE_CHECKING:
    from coordinator.memory import Found


@click.command()
@click.argument("query")
@click.option("--company", metavar="NAME", help="Whose view: its own rows and shared copies.")
@click.option("--operator", is_flag=True, help="Everything of all companies: not for a company.")
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
    company: str | None,
    operator: bool,
    categories: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    min_score: float | None,
    limit: int,
    explain: bool,
    as_json: bool,
) -> None:
    """Find learnings by meaning and by word.

    A company finds its own and the copies others agreed to share, each with its origin. That it
    was shown a copy for the first time is recorded.

    Example:  orch memory search "autenticação segura" --company empresa-a --explain
    """
    from datetime import UTC

    from coordinator.memory import SearchFilters

    if operator == bool(company):
        raise click.UsageError("say whose view: --company NAME, or --operator for all")
    filters = SearchFilters(
        categories=categories,
        since=since.replace(tzinfo=UTC) if since else None,
        until=until.replace(tzinfo=UTC) if until else None,
        min_score=min_score,
    )
    home = open_home()
    if company:
        found = home.view(company, surface="cli").search(query, filters, limit, explain=explain)
    else:
        found = home.global_memory.operator_search(query, filters, limit, explain=explain)
    if as_json:
        echo_json([asdict(hit) for hit in found])
        return
    if not found:
        note("nothing found; `orch memory stats` shows what there is, `orch sync` brings more")
    for place, hit in enumerate(found, 1):
        _show(place, hit, explain=explain, whose=operator or hit.origin == "global")


def _show(place: int, hit: Found, *, explain: bool, whose: bool) -> None:
    origin = f"shared by {hit.company}" if hit.origin == "global" else hit.company
    where = " ".join(
        part
        for part in (
            origin if whose else "",
            hit.evidence_commit[:12],
            f"{hit.evidence_path}:{hit.evidence_line}" if hit.evidence_line else hit.evidence_path,
            f"{hit.occurred_at:%Y-%m-%d}" if hit.occurred_at else "",
        )
        if part
    )
    click.secho(f"{place}. {visible(hit.title)}", bold=True)
    click.secho(f"   {hit.score:.3f}  {hit.category}  {visible(where)}  id {hit.id}", dim=True)
    body = " ".join(hit.content.removeprefix(hit.title).split())
    if body:
        click.echo(f"   {visible(body if len(body) <= 280 else body[:279] + '…')}")
    if explain:
        for name, value in asdict(hit.factors).items():
            click.echo(f"     {name}: {visible(str(value))}")
