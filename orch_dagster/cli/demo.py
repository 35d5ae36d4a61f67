"""`orch demo`: the main job on three sample companies."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from orch_dagster.cli.door import FAILED, echo_json, echo_table, json_option, note, visible

if TYPE_CHECKING:
    from coordinator.approvals import Proposal
    from coordinator.memory import Found
    from orch_dagster.syncing import Synced
    from resources.home import Home
    from resources.patterns import Shown

QUESTIONS = (
    ("empresa-a", "autenticação segura"),
    ("empresa-b", "retry storm after an outage"),
    ("empresa-c", "pagamento cobrado duas vezes"),
)
PORT = 8643


@click.command()
@click.option("--push", is_flag=True, help="Push one more commit to each sample first.")
@click.option(
    "--with-atlassian",
    is_flag=True,
    help="Give them Jira and Confluence too: a stand-in served on this machine.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=PORT,
    show_default=True,
    help="Where the stand-in listens.",
)
@json_option
@click.pass_context
def demo(
    context: click.Context, push: bool, with_atlassian: bool, port: int, as_json: bool
) -> None:
    """Make three sample companies, sync them, and show what was found.

    May be run again and again: what is there already is not made twice. With --with-atlassian
    their issues and pages are read as well, one shared learning is published to the coordinator's
    Jira and Confluence, and each company's documents to its own space; on a terminal the stand-in
    is served until Ctrl-C, so that you can look at it.

    Example:  orch demo --with-atlassian
    """
    from orch_dagster.cli.bars import Bars
    from orch_dagster.cli.sync import tell
    from orch_dagster.demo import (
        approve_and_publish,
        find_patterns,
        prepare,
        waiting_parts,
        waiting_share,
    )
    from orch_dagster.demo_atlassian import served, state_file
    from orch_dagster.syncing import sync_companies

    home = prepare(context.find_root().params.get("home"), push=push)
    context.call_on_close(home.close)
    with ExitStack() as stack:
        url = ""
        if with_atlassian or state_file(home).exists():
            _, url = stack.enter_context(served(home, port))
        names = [company for company, _ in QUESTIONS]
        results = sync_companies(home, names, progress=Bars, done=tell)
        answers = {
            company: home.memory(company).search(question, limit=3)
            for company, question in QUESTIONS
        }
        waits = waiting_share(home, answers["empresa-a"])
        patterns = find_patterns(home)
        if url:
            agreed = [*([waits.number] if waits else []), *waiting_parts(home)]
            for one in approve_and_publish(home, agreed, Bars):
                note(f"{one.place}: {one.problem}")
        if as_json:
            echo_json(_document(home, results, answers, waits, patterns))
        else:
            _show(home, results, answers, patterns)
            _next_steps(home, waits, on_a_site=bool(url))
        if url and sys.stdout.isatty():
            note(f"\nissues and pages: {url}   (Ctrl-C stops it)")
            note("in another terminal: ORCH_DEMO_TOKEN=demo make up")
            _until_stopped()
    if any(result.outcome != "unchanged" and result.error for result in results):
        context.exit(FAILED)


def _document(
    home: Home,
    results: list[Synced],
    answers: dict[str, list[Found]],
    waits: Proposal | None,
    patterns: list[Shown],
) -> dict[str, Any]:
    return {
        "home": str(home.path),
        "companies": {result.company: result.counts for result in results},
        "copies": _copies(home).to_dict("records"),
        "waits": waits.number if waits else None,
        "patterns": [{"id": one.pattern.id, "title": one.title} for one in patterns],
        "found": {name: [hit.title for hit in hits] for name, hits in answers.items()},
        "published": [
            {"place": f"{one.place.target.service} {one.place.name}", "url": one.url}
            for one in home.publishing.standing()
            if one.url
        ],
    }


def _show(
    home: Home,
    results: list[Synced],
    answers: dict[str, list[Found]],
    patterns: list[Shown],
) -> None:
    from orch_dagster.cli.sync import COLUMNS, row_of

    echo_table("What the main job did", COLUMNS, [row_of(result) for result in results])
    echo_table(
        "Components that are copies of one another",
        ["component", "also in", "similarity"],
        [
            [row["left"], row["right"], round(row["similarity"], 2)]
            for row in _copies(home).to_dict("records")
        ],
    )
    echo_table(
        "What several of them solved, decided or met alike",
        ["pattern", "what", "companies", "score"],
        [
            [one.pattern.id, one.title, ", ".join(one.companies), round(one.pattern.score, 2)]
            for one in patterns
        ],
    )
    for company, question in QUESTIONS:
        click.secho(f'\n{company}, asked for "{question}":', bold=True)
        for hit in answers[company]:
            click.echo(f"  {hit.score:.2f}  {visible(hit.title)}")
    click.echo("")
    published = Counter(one.place for one in home.publishing.standing() if one.url)
    if published:
        echo_table(
            "What is published",
            ["place", "of", "issues or pages", "where"],
            [
                [
                    *(f"{place.target.service} {place.name}", place.target.whose),
                    *(count, place.address),
                ]
                for place, count in published.items()
            ],
        )


def _copies(home: Home) -> Any:
    pairs = home.global_tables().read("component_pairs").query("across")
    return pairs[["left", "right", "similarity"]]


def _next_steps(home: Home, waits: Proposal | None, *, on_a_site: bool) -> None:
    owner = home.companies.instance("empresa-a").settings.owners[0].name
    if waits and on_a_site:
        note(f"{owner} was taken to share empresa-a's first answer, and both owners what they")
        note("show of the best pattern: that is what is published")
    elif waits:
        note("empresa-a is asked to share its first answer with the others. Answer for it:")
        note(f"      orch approvals show {waits.number}")
        note(f"      orch --as '{owner}' approve {waits.number}")
        note("      orch memory search 'autenticação segura' --company empresa-b")
    note("next: make up   opens the UI (orch up), http://127.0.0.1:3000")
    note("      orch memory search 'autenticação segura' --company empresa-a --explain")
    note("      orch patterns map --open   draws who says what")
    if not on_a_site:
        note("      orch demo --with-atlassian   gives them issues and pages as well")


def _until_stopped() -> None:
    import threading

    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        note("stopped; `orch demo` serves it again, as you left it")
