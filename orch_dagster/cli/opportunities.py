"""`orch opportunities`: what one company has and another needs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from orch_dagster.cli.door import echo_json, echo_table, json_option, note, open_home, visible

if TYPE_CHECKING:
    from resources.home import Home
    from resources.opportunities import ShownOpportunity


@click.group()
def opportunities() -> None:
    """See what one company has and another needs, and ask the one that has it.

    Example:  orch opportunities list
    """


@opportunities.command("list")
@click.option("--company", metavar="NAME", help="As this company may see them: its words alone.")
@click.option("--all", "everything", is_flag=True, help="Also those below the bar, and refused.")
@click.option(
    "--limit", type=click.IntRange(1), default=20, show_default=True, help="At most so many."
)
@json_option
def list_opportunities(company: str | None, everything: bool, limit: int, as_json: bool) -> None:
    """List opportunities, the best first: for the operator, or as one company may see them.

    A company sees its own title and the other's name, and none that it or the other refused. What
    the other wrote it sees once that one agreed to share it.

    Example:  orch opportunities list --company empresa-a
    """
    from resources.opportunities.showing import UNSEEN

    if company is not None and everything:
        raise click.UsageError("--all is for the operator: leave it or --company out")
    home = open_home()
    if company is not None:
        _list_sides(home, company, limit, as_json=as_json)
        return
    found = [one for one in home.opportunities.shown() if everything or one.standing not in UNSEEN]
    if as_json:
        echo_json([_document(one) for one in found[:limit]])
        return
    if not found:
        note("none above the bar; `--all` shows the others, `orch patterns refresh` looks anew")
        return
    echo_table(
        "",
        ["id", "score", "kind", "who needs", "what", "who has", "what it has", "standing", "next"],
        [_row(one) for one in found[:limit]],
    )
    if len(found) > limit:
        note(f"{len(found) - limit} more: --limit {len(found)} shows them all")


def _row(one: ShownOpportunity) -> list[object]:
    found = one.opportunity
    return [
        found.id,
        round(found.score, 2),
        found.kind,
        found.adopter,
        one.need.title if one.need else "-",
        found.owner,
        one.solution.title if one.solution else "-",
        one.standing,
        one.next,
    ]


def _list_sides(home: Home, company: str, limit: int, *, as_json: bool) -> None:
    every = home.view(company, surface="cli").opportunities()
    found = every[:limit]
    if as_json:
        echo_json([asdict(one) for one in found])
        return
    if not found:
        note("nothing fits so far")
        return
    echo_table(
        "",
        ["id", "kind", "you are", "yours", "where", "the other", "why", "standing", "next"],
        [
            [
                one.id,
                one.kind,
                one.role,
                one.own,
                one.evidence,
                one.other,
                "; ".join(one.reasons),
                f"{one.standing} as {one.copy}" if one.copy else one.standing,
                one.next or "-",
            ]
            for one in found
        ],
    )
    if len(every) > limit:
        note(f"{len(every) - limit} more: --limit {len(every)} shows them all")


@opportunities.command()
@click.argument("id", metavar="ID")
@json_option
def show(id: str, as_json: bool) -> None:
    """Show both sides of the opportunity ID, its score in parts, and the next command to run.

    Example:  orch opportunities show o-0a1b2c3d4e5f
    """
    found = open_home().opportunities.one(id)
    if as_json:
        echo_json(_document(found))
        return
    one = found.opportunity
    click.echo(visible(f"{one.id}: {one.adopter} needs, {one.owner} has"))
    for whose, told in ((one.adopter, found.need), (one.owner, found.solution)):
        if told is not None:
            click.echo(visible(f"\n{whose} ({told.category}, from {told.anchor}):\n{told.text}"))
    click.echo(f"\nscore {one.score:.2f}, people are asked from {found.bar:.2f} on")
    echo_table(
        "",
        ["feature", "value", "weight"],
        [
            [name, round(value, 3), found.weights.get(name, "added")]
            for name, value in one.features.items()
        ],
    )
    click.echo(f"standing: {found.standing}")
    for reason in found.reasons:
        click.echo(visible(f"- {reason}"))
    if found.next:
        click.echo(visible(f"next: {found.next}"))


@opportunities.command()
@click.argument("id", metavar="ID")
@json_option
def propose(id: str, as_json: bool) -> None:
    """Ask the company that has the solution of opportunity ID whether it shares it.

    It reads its own words and the other company's name. The other is asked, or finds the shared
    copy, only after a yes.

    Example:  orch opportunities propose o-0a1b2c3d4e5f
    """
    made = open_home().opportunities.propose(id)
    if as_json:
        echo_json({"proposal": made.number, "kind": made.kind, "status": made.status})
        return
    click.echo(f"proposal {made.number} asks {made.company}: {made.status}")
    note(f"  → `orch approvals show {made.number}` shows exactly what is asked")


@opportunities.command()
@click.argument("id", metavar="ID")
@click.option("--reason", required=True, help="Why; stays in the ledger: no private words.")
@json_option
def dismiss(id: str, reason: str, as_json: bool) -> None:
    """Do not suggest opportunity ID again, unless its texts change much. Counts as a no.

    Example:  orch opportunities dismiss o-0a1b2c3d4e5f --reason "another product line"
    """
    one = open_home().opportunities.dismiss(id, reason=reason)
    if as_json:
        echo_json({"dismissed": one.id})
        return
    click.echo(f"dismissed {one.id}")


def _document(one: ShownOpportunity) -> dict[str, Any]:
    return {
        **asdict(one.opportunity),
        "need_told": asdict(one.need) if one.need else None,
        "solution_told": asdict(one.solution) if one.solution else None,
        "reasons": list(one.reasons),
        "weights": dict(one.weights),
        "bar": one.bar,
        "standing": one.standing,
        "proposal": one.proposal,
        "copy": one.copy,
        "next": one.next,
    }
