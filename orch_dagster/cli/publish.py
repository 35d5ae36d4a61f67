"""`orch publish`: what is put on Jira, Confluence and Supabase, what would be, trying again."""

from __future__ import annotations

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
    visible,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from resources.home import Home
    from resources.publishing.overview import Report
    from resources.publishing.previewing import Change

SERVICES = ("jira", "confluence", "supabase")
DONE_BY = ("create", "write", "withdraw", "archive", "adopted", "asked", "waiting", "unchanged")


@click.group()
def publish() -> None:
    """See what is published on Jira, Confluence and Supabase, preview it, and try again.

    The Dagster UI publishes by itself; these commands look, and do the same by hand.

    Example:  orch publish preview
    """


@publish.command()
@click.option("--company", metavar="NAME", help="Only this company's own project and space.")
@click.option("--service", type=click.Choice(SERVICES), help="Only this service.")
@click.option("--diff/--no-diff", default=True, help="Show what would change in each text.")
@json_option
@click.pass_context
def preview(
    context: click.Context, company: str | None, service: str | None, diff: bool, as_json: bool
) -> None:
    """Show what the next delivery would make, change, take back or ask about. Nothing is written.

    For what would change, reads what stands there now and shows the difference.

    Example:  orch publish preview --company empresa-a
    """
    from resources.publishing.overview import previewed

    home = open_home()
    _known(home, company)
    found = previewed(home, company, service, diff=diff)
    for problem in found.problems:
        note(problem)
    if as_json:
        echo_json([vars(one) for one in found.changes])
    elif found.changes or not found.problems:
        _show(found.changes, diff=diff)
    context.exit(_code(len(found.problems), found.places))


@publish.command()
@click.option("--company", metavar="NAME", help="Only this company's own project and space.")
@click.option("--service", type=click.Choice(SERVICES), help="Only this service.")
@json_option
def status(company: str | None, service: str | None, as_json: bool) -> None:
    """List what is published where, and what became of it.

    Example:  orch publish status
    """
    from resources.publishing.overview import standing

    home = open_home()
    _known(home, company)
    rows = list(standing(home, company, service))
    if as_json:
        echo_json([vars(one) for one in rows])
        return
    if not rows:
        note("nothing was published yet: `orch publish preview` shows what would be")
        return
    echo_table(
        "",
        ["place", "object", "condition", "written", "where"],
        [
            [
                f"{row.service} {row.place}",
                row.object or "-",
                row.condition,
                f"{row.written_at:%Y-%m-%d %H:%M}" if row.written_at else "-",
                row.where or row.key,
            ]
            for row in rows
        ],
    )


@publish.command()
@click.argument("keys", nargs=-1)
@click.option("--company", metavar="NAME", help="Only this company's own project and space.")
@click.option("--service", type=click.Choice(SERVICES), help="Only this service.")
@json_option
@click.pass_context
def retry(
    context: click.Context,
    keys: tuple[str, ...],
    company: str | None,
    service: str | None,
    as_json: bool,
) -> None:
    """Deliver now what is due; of KEYS forget first that they were refused or left alone.

    What is in doubt still waits: a lost call may be carried out late, and twice is once too often.

    Example:  orch publish retry
    """
    from orch_dagster.cli.bars import Bars
    from resources.publishing.overview import delivered

    home = open_home()
    _known(home, company)
    home.publishing.retry(keys)
    reports = list(delivered(home, company, service, progress=Bars))
    if as_json:
        echo_json([{**vars(one), "counts": dict(one.counts)} for one in reports])
    else:
        _tell(reports)
    context.exit(_code(sum(bool(one.problem) for one in reports), len(reports)))


def _tell(reports: Sequence[Report]) -> None:
    if not reports:
        note("there is no place to publish to, or nothing to publish")
        return
    echo_table(
        "",
        ["place", "what", *DONE_BY, "again at"],
        [
            [
                *(one.place, one.kind),
                *(one.counts.get(name, 0) for name in DONE_BY),
                f"{one.due:%Y-%m-%d %H:%M}" if one.due else "-",
            ]
            for one in reports
        ],
    )
    for one in reports:
        if one.problem:
            note(f"{one.place}: {one.problem}")
            if one.hint:
                note(f"  → {one.hint}")


def _show(changes: Sequence[Change], *, diff: bool) -> None:
    if not changes:
        note("everything stands as it should")
        return
    echo_table(
        "",
        ["", "place", "object", "title"],
        [[one.action, one.place, one.object or "-", one.title] for one in changes],
    )
    for one in changes:
        if diff and one.diff:
            click.secho(f"\n{visible(one.title)} ({one.place})", bold=True)
            for line in one.diff.splitlines():
                colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
                click.secho(visible(line), fg=colour)


def _known(home: Home, company: str | None) -> None:
    """CompanyError when there is no such company."""
    if company is not None:
        home.companies.instance(company)


def _code(problems: int, tried: int) -> int:
    if not problems:
        return DONE
    return FAILED if problems == tried else DONE_IN_PART
