"""`orch sources`: the services each company is watched by, and whether they can be used."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
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
    from resources.doctor.findings import Finding

SECRETS = (": token", ": key")
"""That there is one says nothing of whether it works."""
MARKS = {"ok": "ok", "warning": "warning", "failure": "FAILURE"}


@click.group()
def sources() -> None:
    """See what is read of each company, and check its accounts on Jira, Confluence and Supabase.

    Example:  orch sources check empresa-a
    """


@sources.command()
@click.argument("companies", nargs=-1)
@json_option
@click.pass_context
def check(context: click.Context, companies: tuple[str, ...], as_json: bool) -> None:
    """Try each account of COMPANIES, or of all and the coordinator's own; nothing is changed.

    Says which token is missing, refused or near its end, which project or space is not there or
    not for that account, which permission lacks, and what to do. Exit code 3 when something
    fails, 1 when everything does.

    Example:  orch sources check empresa-a
    """
    from resources.sources.checking import check as look

    home = open_home()
    names = list(companies) or home.companies.readable()
    found = list(look(home, names, coordinator=not companies))
    if as_json:
        echo_json([asdict(one) for one in found])
    elif not found:
        note("no services in the settings: see docs/settings.md")
    else:
        echo_table(
            "",
            ["", "company", "what", "found", "what to do"],
            [[MARKS[one.level], one.company, one.what, one.said, one.heals] for one in found],
        )
    context.exit(_code(found))


@sources.command("list")
@click.option("--company", metavar="NAME", help="Only this company.")
@json_option
def list_sources(company: str | None, as_json: bool) -> None:
    """List what is read of each company: rows, when it was last read to the end, failures since.

    Example:  orch sources list
    """
    from resources.sources.listing import listed

    home = open_home()
    names = [company] if company else home.companies.readable()
    rows = [one for name in names for one in listed(home, name)]
    if as_json:
        echo_json([asdict(one) for one in rows])
        return
    echo_table(
        "",
        ["company", "source", "place", "rows", "last read", "failures since", "last failure"],
        [
            [
                *(one.company, one.source, one.place, one.rows),
                _minute(one.read_at),
                *(one.failures, one.error_kind or "-"),
            ]
            for one in rows
        ],
    )


def _code(found: list[Finding]) -> int:
    failures = [one for one in found if one.level == "failure"]
    if not failures:
        return DONE
    sound = [one for one in found if one.level == "ok" and not one.what.endswith(SECRETS)]
    return DONE_IN_PART if sound else FAILED


def _minute(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment is not None else "never"
