"""`orch isolation`: prove that nothing private shows."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from orch_dagster.cli.door import FAILED, echo_json, echo_table, json_option, note, open_home

if TYPE_CHECKING:
    from orch_dagster.isolation import Proof


@click.group()
def isolation() -> None:
    """Prove that no company sees what another keeps to itself.

    Example:  orch isolation prove
    """


@isolation.command()
@click.option("--company", metavar="NAME", help="Try only as this company [as each].")
@json_option
@click.pass_context
def prove(context: click.Context, company: str | None, as_json: bool) -> None:
    """Plant words nobody else has in every company, and look for them wherever one can look.

    In a throwaway home with the same companies, owners, leak lists and model: nothing of this home
    is copied or touched. Every command, the Python API, the MCP server, Dagster's storage, logs,
    error messages and the files on disk are read as each company, in six encodings. Exit code 1
    when a private word shows, or a shared one does not.

    Example:  orch isolation prove --company empresa-b
    """
    from orch_dagster.cli.bars import Bars
    from orch_dagster.isolation import prove as prove_isolation

    proof = prove_isolation(open_home(), company, Bars("isolation"))
    if as_json:
        echo_json({"holds": proof.holds, **asdict(proof)})
    else:
        _show(proof)
    context.exit(0 if proof.holds else FAILED)


def _show(proof: Proof) -> None:
    echo_table(
        f"{proof.canaries} canaries, looked for as {', '.join(proof.companies)}",
        ["what was tried", "by", "times", "own words", "shared words", "private of others"],
        [
            [one.surface, one.audience, one.readings, one.own, one.shared, one.foreign]
            for one in proof.tried
        ],
    )
    for leak in proof.leaks:
        to = f" to {leak.viewer}" if leak.viewer else ""
        note(f"LEAK: {leak.surface} shows {leak.canary}{to} ({leak.encoding})")
    for problem in (*proof.missed, *proof.blind, *proof.broken):
        note(f"NOT PROVEN: {problem}")
    if proof.holds:
        click.echo("no private word was seen, every shared one was found")
    else:
        click.echo(f"{len(proof.leaks)} leaks")
