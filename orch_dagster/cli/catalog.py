"""`orch catalog`: components, and which of them are copies of one another."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import click

from orch_dagster.cli.door import echo_json, echo_table, json_option, note, open_home


@click.group()
def catalog() -> None:
    """List components, and show which are copies of one another.

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


def _origin_first(row: Mapping[Hashable, Any]) -> tuple[str, str]:
    left, right = row["left"], row["right"]
    return (left, right) if row["origin"] == left else (right, left)
