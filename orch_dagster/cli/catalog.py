"""`orch catalog`: components, and which of them are copies of one another."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import click

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

CATEGORIES = (
    *("service", "frontend", "library", "datastore", "infrastructure", "tool", "job"),
    "documentation",
)


@click.group()
def catalog() -> None:
    """List and declare components, and show which are copies of one another.

    Example:  orch catalog copies
    """


@catalog.command("list")
@click.option("--company", help="Whose components [all companies].")
@json_option
def list_components(company: str | None, as_json: bool) -> None:
    """List the components found in the companies' repositories.

    Example:  orch catalog list --company empresa-a
    """
    home = open_home()
    rows: list[dict[str, object]] = []
    for name in [company] if company else home.companies.names():
        frame = home.companies.instance(name).tables().read("company_components")
        shown = frame.drop(
            columns=["fingerprint", "fingerprint_version", "row_hash"], errors="ignore"
        )
        rows += [{str(k): v for k, v in row.items()} for row in shown.to_dict("records")]
    if as_json:
        echo_json(rows)
        return
    if not rows:
        note("no components yet; run `orch sync --all`")
        return
    columns = ["company", "name", "path", "category", "language", "version", "licence"]
    echo_table(
        "",
        [*columns, "confidence", "reason"],
        [
            [*(row[key] for key in columns), round(float(str(row["confidence"])), 2), row["reason"]]
            for row in sorted(rows, key=lambda row: (row["company"], row["path"]))
        ],
    )


@catalog.command()
@click.option("--within", is_flag=True, help="Also pairs inside one company.")
@json_option
def copies(within: bool, as_json: bool) -> None:
    """Show which components of different companies are near-copies, and where each came from.

    Example:  orch catalog copies --json
    """
    pairs = open_home().global_tables().read("component_pairs")
    shown = pairs if within else pairs[pairs["across"]]
    ordered = shown.sort_values(["similarity", "id"], ascending=[False, True])
    rows = ordered.drop(columns=["row_hash"], errors="ignore").to_dict("records")
    if as_json:
        echo_json(rows)
        return
    if not rows:
        note("no copies found; `orch sync --all` compares the companies")
        return
    echo_table(
        "",
        ["first appeared", "also in", "similarity", "why"],
        [[*_origin_first(row), round(float(row["similarity"]), 2), row["reason"]] for row in rows],
    )


@catalog.command()
@click.argument("path")
@click.option("--company", required=True, metavar="NAME", help="Whose repository it is in.")
@click.option("--name", default="", help="What it is called [what the folder says].")
@click.option("--description", default="", help="What it does [what the folder says].")
@click.option("--category", type=click.Choice(CATEGORIES), help="Its kind [as the rules see it].")
@json_option
@click.pass_context
def add(
    context: click.Context,
    path: str,
    company: str,
    name: str,
    description: str,
    category: str | None,
    as_json: bool,
) -> None:
    """Declare the folder PATH of a company's repository a component.

    It is a component from now on, whatever the rules and settings say of it; other words for the
    same folder replace the earlier ones. Exit code 3 when the catalog shows it only after a sync.

    Example:  orch catalog add libs/retry --company empresa-a --description "Retries with backoff"
    """
    added = open_home().by_hand.add_component(
        company, path, name=name, description=description, category=category or ""
    )
    if as_json:
        echo_json(vars(added))
    else:
        said = "already declared so" if added.already else "recorded"
        click.echo(f"{company}/{visible(path)}: {said}")
        if added.problem:
            note(f"not in the catalog yet: {added.problem}")
    context.exit(DONE if added.searchable else DONE_IN_PART)


@catalog.command()
@click.argument("path")
@click.option("--company", required=True, metavar="NAME", help="Whose repository it is in.")
@click.option("--reason", required=True, help="Why; stays in the ledger: no private words.")
@json_option
@click.pass_context
def remove(context: click.Context, path: str, company: str, reason: str, as_json: bool) -> None:
    """Take back that the folder PATH was declared a component, words and all.

    What the rules find there stays. Nothing in the repository is touched.

    Example:  orch catalog remove libs/retry --company empresa-a --reason "part of libs/http"
    """
    removed = open_home().by_hand.remove_component(company, path, reason=reason)
    if as_json:
        echo_json(vars(removed))
    else:
        said = "was taken back before" if removed.already else "taken back"
        click.echo(f"{company}/{visible(path)}: {said}")
        if removed.problem:
            note(f"still in the catalog: {removed.problem}")
    context.exit(DONE if removed.gone else DONE_IN_PART)


def _origin_first(row: Mapping[Hashable, Any]) -> tuple[str, str]:
    left, right = row["left"], row["right"]
    return (left, right) if row["origin"] == left else (right, left)
