"""`orch memory add`, `remove` and `list`: learnings people write themselves."""

from __future__ import annotations

import sys

import click

from orch_dagster.cli.choices import CATEGORIES
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

MOST_BYTES = 1_000_000
"""Read from a pipe: far over the longest learning, so that the refusal is ours."""


@click.command()
@click.argument("text")
@click.option("--company", required=True, metavar="NAME", help="Whose learning it is.")
@click.option("--category", required=True, type=click.Choice(CATEGORIES), help="What it tells.")
@click.option("--title", default="", help="A short line [the first line of the text].")
@click.option("--language", type=click.Choice(("pt", "en")), help="Language [told by the words].")
@json_option
@click.pass_context
def add(
    context: click.Context,
    text: str,
    company: str,
    category: str,
    title: str,
    language: str | None,
    as_json: bool,
) -> None:
    """Record TEXT (- reads it from standard input) as a learning of one company.

    It is in the ledger for good when this command says so, and searchable by that company alone.
    While a sync of the company runs, the search finds it after the next one: exit code 3 then.
    The same words are recorded once; a text that holds a secret is refused.

    Example:  orch memory add --company empresa-a --category solution "Rotate tokens hourly."
    """
    words = _piped() if text == "-" else text
    added = open_home().by_hand.add_learning(
        company, words, category=category, title=title, language=language
    )
    if as_json:
        echo_json(vars(added))
    else:
        said = "already there" if added.already else "recorded"
        click.echo(f"{added.id}: {said}" + (", searchable" if added.searchable else ""))
        if added.problem:
            note(f"not searchable yet: {added.problem}")
    context.exit(DONE if added.searchable else DONE_IN_PART)


@click.command()
@click.argument("learning", metavar="ID")
@click.option("--company", required=True, metavar="NAME", help="Whose learning it is.")
@click.option("--reason", required=True, help="Why; stays in the ledger: no private words.")
@click.option("--dry-run", is_flag=True, help="Show what would be removed, remove nothing.")
@json_option
@click.pass_context
def remove(
    context: click.Context, learning: str, company: str, reason: str, dry_run: bool, as_json: bool
) -> None:
    """Remove the learning ID that somebody wrote by hand, words and all.

    Its words leave the ledger's texts and the company's tables, older versions included; that it
    was there stays recorded. A copy that was shared stays until `orch memory retract`. The same
    words in a commit or document are learned again from there.

    Example:  orch memory remove 5f1c2a90e1b34d7788aa01c2d3e4f5a6 --company empresa-a --reason wrong
    """
    home = open_home()
    if dry_run:
        words = home.by_hand.title(company, learning)
        document = {"would_remove": learning, "company": company, "title": words}
        echo_json(document) if as_json else click.echo(f"would remove {learning}: {visible(words)}")
        return
    removed = home.by_hand.remove_learning(company, learning, reason=reason)
    shared = [
        copy.id
        for copy in home.global_memory.state().copies.values()
        if (copy.company, copy.learning) == (company, learning)
    ]
    if as_json:
        echo_json(vars(removed) | {"shared_copies": shared})
    else:
        said = "was removed before" if removed.already else "removed"
        click.echo(f"{removed.id}: {said}" + (", its words are gone" if removed.gone else ""))
        if removed.problem:
            note(f"still in the company's tables: {removed.problem}")
        for copy in shared:
            note(f"its shared copy stays; `orch memory retract {copy}` takes it back")
    context.exit(DONE if removed.gone else DONE_IN_PART)


@click.command("list")
@click.option("--company", metavar="NAME", help="Whose learnings [all companies].")
@json_option
def written(company: str | None, as_json: bool) -> None:
    """List the learnings that were written by hand.

    Example:  orch memory list --company empresa-a
    """
    home = open_home()
    names = [company] if company else home.companies.names()
    rows = [
        {"company": name} | row
        for name in names
        for row in home.by_hand.learnings(name).to_dict("records")
    ]
    shown = ("company", "id", "category", "language", "title", "content", "occurred_at")
    if as_json:
        echo_json([{key: row[key] for key in shown} for row in rows])
        return
    if not rows:
        note("nothing was written by hand; `orch memory add` does")
        return
    echo_table(
        "",
        ["company", "id", "category", "written", "title"],
        [
            [
                *(row[key] for key in ("company", "id", "category")),
                f"{row['occurred_at']:%Y-%m-%d}",
                row["title"],
            ]
            for row in rows
        ],
    )


def _piped() -> str:
    content = sys.stdin.buffer.read(MOST_BYTES)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise click.UsageError("standard input is not UTF-8 text") from None
