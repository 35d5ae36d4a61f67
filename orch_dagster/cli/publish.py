"""`orch publish`: what is put on Jira, Confluence and Supabase, what would be, trying again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    from resources.publishing.delivering import Delivered
    from resources.publishing.places import Place
    from resources.publishing.previewing import Change
    from resources.publishing.pushing import PushPlace

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
    from coordinator.errors import OrchError
    from orch_dagster.cli import pushes
    from resources.publishing.previewing import preview as look

    home = open_home()
    changes: list[Change] = []
    problems: list[str] = []
    places = _places(home.publishing.places.all(), company, service)
    for place in places:
        found, problem = look(home, place, diff=diff)
        changes += found
        if problem:
            problems.append(f"{place.target.service} of {place.target.whose}: {problem}")
    pushed = _pushed(home.pushing.places(), company, service)
    for one in pushed:
        try:
            changes += pushes.changes(home, one)
        except OrchError as error:
            problems.append(f"supabase of {one.whose}: {error}")
    for problem in problems:
        note(problem)
    if as_json:
        echo_json([vars(one) for one in changes])
    else:
        _show(changes, diff=diff)
    context.exit(_code(len(problems), len(places) + len(pushed)))


@publish.command()
@click.option("--company", metavar="NAME", help="Only this company's own project and space.")
@click.option("--service", type=click.Choice(SERVICES), help="Only this service.")
@json_option
def status(company: str | None, service: str | None, as_json: bool) -> None:
    """List what is published where, and what became of it.

    Example:  orch publish status
    """
    from coordinator.publishing.conditions import condition, due
    from orch_dagster.cli import pushes

    home = open_home()
    rows = []
    for one in home.publishing.standing():
        if not _fits(one.place, company, service):
            continue
        rows.append(
            {
                "key": one.publication.key,
                "service": one.place.target.service,
                "place": one.place.name,
                "company": one.place.target.company,
                "subject": one.publication.subject,
                "object": one.publication.name,
                "url": one.url,
                "condition": condition(one.publication),
                "due": due(one.publication),
                "written_at": one.publication.written_at,
            }
        )
    for place in _pushed(home.pushing.places(), company, service):
        row = pushes.status(home, place)
        if row is not None:
            rows.append(row)
    if as_json:
        echo_json(rows)
        return
    if not rows:
        note("nothing was published yet: `orch publish preview` shows what would be")
        return
    echo_table(
        "",
        ["place", "object", "condition", "written", "where"],
        [
            [
                f"{row['service']} {row['place']}",
                row["object"] or "-",
                row["condition"],
                f"{row['written_at']:%Y-%m-%d %H:%M}" if row["written_at"] else "-",
                row["url"] or row["key"],
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
    from coordinator.errors import OrchError
    from orch_dagster.cli import pushes
    from orch_dagster.cli.bars import Bars
    from resources.publishing.delivering import Delivered
    from resources.publishing.places import KINDS

    home = open_home()
    home.publishing.retry(keys)
    rows: list[dict[str, Any]] = []
    for place in _places(home.publishing.places.all(), company, service):
        bars = Bars(f"{place.target.service} of {place.target.whose}")
        for kind in KINDS:
            try:
                report = home.publishing.deliver(place.target, kind, bars)
            except OrchError as error:
                report = Delivered(problem=error.message, hint=error.hint)
            if report.counts or report.problem:
                rows.append(_row(place, kind, report))
    for pushed in _pushed(home.pushing.places(), company, service):
        rows.append(pushes.push(home, pushed, Bars(f"supabase of {pushed.whose}")))
    if as_json:
        echo_json(rows)
    else:
        _tell(rows)
    sick = sum(bool(row["problem"]) for row in rows)
    context.exit(_code(sick, len(rows)))


def _row(place: Place, kind: str, report: Delivered) -> dict[str, Any]:
    return {
        "place": f"{place.target.service} {place.name}",
        "company": place.target.company,
        "kind": kind,
        "counts": dict(report.counts),
        "problem": report.problem,
        "hint": report.hint,
        "due": report.due,
    }


def _tell(rows: list[dict[str, Any]]) -> None:
    if not rows:
        note("there is no place to publish to, or nothing to publish")
        return
    echo_table(
        "",
        ["place", "what", *DONE_BY, "again at"],
        [
            [
                *(row["place"], row["kind"]),
                *(row["counts"].get(name, 0) for name in DONE_BY),
                f"{row['due']:%Y-%m-%d %H:%M}" if row["due"] else "-",
            ]
            for row in rows
        ],
    )
    for row in rows:
        if row["problem"]:
            note(f"{row['place']}: {row['problem']}")
            if row["hint"]:
                note(f"  → {row['hint']}")


def _show(changes: list[Change], *, diff: bool) -> None:
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


def _places(places: list[Place], company: str | None, service: str | None) -> list[Place]:
    return [place for place in places if _fits(place, company, service)]


def _fits(place: Place, company: str | None, service: str | None) -> bool:
    return company in (None, place.target.company) and service in (None, place.target.service)


def _pushed(places: list[PushPlace], company: str | None, service: str | None) -> list[PushPlace]:
    return [
        place
        for place in places
        if company in (None, place.company) and service in (None, "supabase")
    ]


def _code(problems: int, tried: int) -> int:
    if not problems:
        return DONE
    return FAILED if problems == tried else DONE_IN_PART
