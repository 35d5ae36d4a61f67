"""`orch demo`: the main job on three sample companies."""

from __future__ import annotations

import click

from orch_dagster.cli.door import FAILED, echo_json, echo_table, json_option, note, visible

QUESTIONS = (
    ("empresa-a", "autenticação segura"),
    ("empresa-b", "retry storm after an outage"),
    ("empresa-c", "pagamento cobrado duas vezes"),
)


@click.command()
@click.option("--push", is_flag=True, help="Push one more commit to each sample first.")
@json_option
@click.pass_context
def demo(context: click.Context, push: bool, as_json: bool) -> None:
    """Make three sample companies, sync them, and show what was found.

    May be run again and again: what is there already is not made twice.

    Example:  orch demo
    """
    from orch_dagster.cli.bars import Bars
    from orch_dagster.cli.sync import COLUMNS, row_of, tell
    from orch_dagster.demo import prepare, propose_a_share
    from orch_dagster.syncing import sync_companies

    home = prepare(context.find_root().params.get("home"), push=push)
    context.call_on_close(home.close)
    names = [company for company, _ in QUESTIONS]
    results = sync_companies(home, names, progress=Bars, done=tell)
    answers = {
        company: home.memory(company).search(question, limit=3) for company, question in QUESTIONS
    }
    waits = propose_a_share(home, answers["empresa-a"])
    pairs = home.global_tables().read("component_pairs").query("across")
    if as_json:
        echo_json(
            {
                "home": str(home.path),
                "companies": {result.company: result.counts for result in results},
                "copies": pairs[["left", "right", "similarity"]].to_dict("records"),
                "waits": waits.number if waits else None,
                "found": {name: [hit.title for hit in hits] for name, hits in answers.items()},
            }
        )
    else:
        echo_table("What the main job did", COLUMNS, [row_of(result) for result in results])
        echo_table(
            "Components that are copies of one another",
            ["component", "also in", "similarity"],
            [
                [row["left"], row["right"], round(row["similarity"], 2)]
                for _, row in pairs.iterrows()
            ],
        )
        for company, question in QUESTIONS:
            click.secho(f'\n{company}, asked for "{question}":', bold=True)
            for hit in answers[company]:
                click.echo(f"  {hit.score:.2f}  {visible(hit.title)}")
        click.echo("")
        if waits:
            owner = home.companies.instance("empresa-a").settings.owners[0].name
            note("empresa-a is asked to share its first answer with the others. Answer for it:")
            note(f"      orch approvals show {waits.number}")
            note(f"      orch --as '{owner}' approve {waits.number}")
            note("      orch memory search 'autenticação segura' --company empresa-b")
        note("next: make up   opens the UI (orch up), http://127.0.0.1:3000")
        note("      orch memory search 'autenticação segura' --company empresa-a --explain")
    if any(result.outcome == "failed" for result in results):
        context.exit(FAILED)
