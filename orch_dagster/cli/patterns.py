"""`orch patterns`: what several companies have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from orch_dagster.cli.bars import Bars
from orch_dagster.cli.door import (
    DONE,
    DONE_IN_PART,
    echo_json,
    echo_table,
    json_option,
    note,
    open_home,
    visible,
)
from orch_dagster.cli.patterns_map import map_patterns

if TYPE_CHECKING:
    from resources.home import Home
    from resources.patterns import Shown


@click.group()
def patterns() -> None:
    """Find and show what several companies have in common. For the operator.

    Example:  orch patterns list
    """


patterns.add_command(map_patterns)


@patterns.command()
@json_option
@click.pass_context
def refresh(context: click.Context, as_json: bool) -> None:
    """Look for patterns and opportunities now, and ask people where the settings say so.

    The same as the job `detect_patterns`, which runs by itself every hour. Exit code 3 when a
    company could not be read: patterns it is part of stay as they were.

    Example:  orch patterns refresh
    """
    home = open_home()
    bars = Bars("patterns")
    found = home.patterns.refresh(bars)
    offers = home.opportunities.refresh(bars)
    told = home.insights.refresh()
    problems = {**found.problems, **offers.problems, **told.problems}
    if as_json:
        echo_json(
            {
                "patterns": len(found.patterns),
                "recorded": found.counts,
                "learnings": found.rows,
                "compared": found.searched,
                "opportunities": len(offers.opportunities),
                "asked": [one.number for one in (*offers.asked, *told.asked)],
                "held": offers.held + told.held,
                "withdrawn": list(told.withdrawn),
                "problems": problems,
            }
        )
    else:
        _say_refreshed(home, found.counts, len(found.patterns), len(offers.opportunities))
        asked = [str(one.number) for one in (*offers.asked, *told.asked)]
        if asked:
            click.echo(f"asked: proposals {', '.join(asked)}; `orch approvals list` shows them")
        if offers.held + told.held:
            note(f"{offers.held + told.held} wait: somebody was asked enough this week")
        for whose, problem in sorted(problems.items()):
            note(f"{whose}: {problem}")
    context.exit(DONE_IN_PART if problems else DONE)


def _say_refreshed(home: Home, counts: Mapping[str, int], standing: int, offers: int) -> None:
    said = ", ".join(
        f"{count} {kind.removeprefix('pattern_')}"
        for kind, count in sorted(counts.items())
        if kind.startswith("pattern_")
    )
    companies = len(home.companies.names())
    click.echo(f"{standing} patterns over {companies} companies ({said or 'nothing new'})")
    click.echo(f"{offers} opportunities; `orch opportunities list` shows the best")


@patterns.command("list")
@click.option("--company", metavar="NAME", help="Only patterns this company is part of.")
@click.option(
    "--limit", type=click.IntRange(1), default=20, show_default=True, help="At most so many."
)
@json_option
def list_patterns(company: str | None, limit: int, as_json: bool) -> None:
    """List the patterns that stand, the best first.

    Example:  orch patterns list --company empresa-a --limit 5
    """
    home = open_home()
    if company is not None:
        home.companies.instance(company)
    standing = [
        one for one in home.patterns.standing() if company is None or company in one.companies
    ]
    shown = home.patterns.shown(standing[:limit])
    if as_json:
        echo_json([_document(one) for one in shown])
        return
    if not shown:
        note("no patterns yet; `orch patterns refresh` looks for them")
        return
    echo_table(
        "",
        ["id", "score", "title", "keywords", "companies", "members"],
        [
            [
                one.pattern.id,
                round(one.pattern.score, 2),
                one.title,
                ", ".join(one.keywords),
                ", ".join(one.companies),
                len(one.members),
            ]
            for one in shown
        ],
    )
    if len(standing) > limit:
        note(f"{len(standing) - limit} more: --limit {len(standing)} shows them all")


@patterns.command()
@click.argument("id", metavar="ID")
@json_option
def show(id: str, as_json: bool) -> None:
    """Show what belongs to the pattern ID, with the evidence of each company.

    Example:  orch patterns show p-0a1b2c3d4e5f
    """
    found = open_home().patterns.one(id)
    if as_json:
        echo_json(_document(found))
        return
    pattern = found.pattern
    if pattern.id != id:
        note(f"{id} was merged into {pattern.id}")
    click.echo(visible(f"{pattern.id}: {found.title}"))
    click.echo(visible(f"keywords: {', '.join(found.keywords) or '-'}"))
    click.echo(
        f"score {pattern.score:.2f}: cohesion {pattern.cohesion:.2f}, coverage "
        f"{pattern.coverage:.0%} of the companies, substance {pattern.substance:.2f}"
    )
    echo_table(
        "",
        ["company", "kind", "category", "title", "evidence", "when", "likeness"],
        [
            [
                one.company,
                one.kind,
                one.category,
                one.title,
                one.evidence_path or one.evidence_commit[:12],
                f"{one.occurred_at:%Y-%m-%d}" if one.occurred_at else "-",
                round(one.likeness, 2),
            ]
            for one in found.members
        ],
    )
    if found.gone:
        note(f"{len(found.gone)} members are gone since; the next refresh leaves them out")


@patterns.command()
@click.argument("id", metavar="ID")
@json_option
def explain(id: str, as_json: bool) -> None:
    """Say why the pattern ID is one: thresholds, score, and what became of it since it was found.

    Example:  orch patterns explain p-0a1b2c3d4e5f
    """
    home = open_home()
    found = home.patterns.one(id)
    pattern, why = found.pattern, home.patterns.explain(found.pattern)
    if as_json:
        echo_json({"pattern": pattern.id, **why})
        return
    least = why["threshold"]
    click.echo(visible(f"{pattern.id}: {found.title}"))
    click.echo(
        f"two texts say the same from a cosine of {least['least']:.2f}: unrelated texts of these "
        f"companies have {least['mean']:.2f} ± {least['deviation']:.2f}"
    )
    echo_table(
        "score",
        ["part", "value", "weight"],
        [[name, round(part["value"], 3), part["weight"]] for name, part in why["score"].items()],
    )
    echo_table(
        "mutual neighbours",
        ["one", "other", "likeness", "by"],
        [[one["left"], one["right"], one["likeness"], one["by"]] for one in why["edges"]],
    )
    echo_table(
        "history",
        ["position", "at (UTC)", "what", "members"],
        [
            [one["position"], f"{one['at']:%Y-%m-%d %H:%M}", one["what"], one["members"]]
            for one in why["history"]
        ],
    )


@patterns.command()
@click.argument("id", metavar="ID")
@click.option("--company", required=True, metavar="NAME", help="Whose people are asked.")
@json_option
def ask(id: str, company: str, as_json: bool) -> None:
    """Ask the people of a company what they show of their part of the pattern ID.

    They read the lines as they would leave, masked. For whoever wants to read the rest of a
    pattern: a company is asked once by itself, and again only so.

    Example:  orch patterns ask p-0a1b2c3d4e5f --company empresa-b
    """
    made = open_home().insights.ask(id, company)
    if as_json:
        echo_json({"proposal": made.number, "status": made.status})
        return
    click.echo(f"proposal {made.number} asks {made.company}: {made.status}")
    note(f"  → `orch approvals show {made.number}` shows exactly what is asked")


def _document(one: Shown) -> dict[str, Any]:
    return {
        **asdict(one.pattern),
        "title": one.title,
        "keywords": list(one.keywords),
        "categories": list(one.categories),
        "companies": list(one.companies),
        "evidence": [asdict(member) for member in one.members],
        "gone": list(one.gone),
    }
