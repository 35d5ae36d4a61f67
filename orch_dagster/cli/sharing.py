"""`orch memory share`, `shared` and `retract`: learnings on their way out of a company and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orch_dagster.cli.door import echo_json, echo_table, json_option, note, open_home, visible

if TYPE_CHECKING:
    from coordinator.approvals import Proposal
    from resources.home import Home


@click.command()
@click.argument("learning", metavar="ID")
@click.option("--company", metavar="NAME", help="Whose learning [the company that has it].")
@click.option("--reason", default="", help="Why: shown to whoever approves.")
@click.option("--dry-run", is_flag=True, help="Show the text that would be proposed, no more.")
@json_option
def share(learning: str, company: str | None, reason: str, dry_run: bool, as_json: bool) -> None:
    """Propose that a copy of the learning ID is shared with all companies.

    Shows exactly what would leave the company: names, e-mails, internal hosts and the company's
    own leak list are masked; a text that holds a secret is refused. Nothing leaves before the
    company's people say yes (`orch approve`).

    Example:  orch memory share 5f1c2a90e1b34d7788aa01c2d3e4f5a6 --reason "others ask for it"
    """
    home = open_home()
    company = company or _company_of(home, learning)
    if dry_run:
        text, masked = home.global_memory.preview(company, learning, reason=reason)
        document = {"company": company, "would_propose": text, "masked": masked}
        echo_json(document) if as_json else click.echo(visible(text))
        return
    made = home.global_memory.propose(company, learning, reason=reason)
    text = home.approvals.shown(made.number)
    made = _carried_out(home, made)
    if as_json:
        echo_json(
            {
                "proposal": made.number,
                "status": made.status,
                "company": company,
                "learning": learning,
                "content_hash": made.content,
                "masked": dict(made.facts).get("masked", {}),
                "text": text,
            }
        )
        return
    click.echo(visible(text))
    masked = ", ".join(f"{count} {kind}" for kind, count in made.facts["masked"].items())
    note(f"masked: {masked or 'nothing'}")
    waits = ", ".join(f"{ask.company} ({ask.role})" for ask in made.missing)
    more = f", waits for {waits}" if waits else f", shared as {made.result}" if made.result else ""
    click.echo(f"proposal {made.number}: {made.status}{more}")
    if waits:
        note(f"  → `orch approve {made.number}`, by somebody who holds that role")


@click.command()
@click.argument("copy", metavar="ID")
@click.option("--reason", required=True, help="Why; kept in the ledger.")
@click.option("--dry-run", is_flag=True, help="Say what would be taken back, take nothing.")
@json_option
def retract(copy: str, reason: str, dry_run: bool, as_json: bool) -> None:
    """Take the shared copy ID back, everywhere, and say which companies had seen it.

    Its words leave the ledger's texts, the global memory and its files; that it was shared, and
    who saw it, stays. For people who hold a role in the company that shared it.

    Example:  orch memory retract g-0a1b2c3d4e5f6071 --reason "names a customer"
    """
    memory = open_home().global_memory
    found = memory.would_retract(copy) if dry_run else memory.retract(copy, reason=reason)
    if as_json:
        echo_json(
            {
                "retracted": not dry_run,
                "id": found.id,
                "seen_by": list(found.seen_by),
                "published": list(found.published),
            }
        )
        return
    seen = ", ".join(found.seen_by) or "no other company"
    click.echo(f"{'would retract' if dry_run else 'retracted'} {found.id}; seen by: {seen}")
    for url in found.published:
        note(f"published at {url}: the next delivery takes it back; its history keeps the words")
    if found.published:
        note("  → `orch publish retry` delivers now; delete the history there by hand")


@click.command()
@click.option("--company", metavar="NAME", help="Only what this company shared.")
@json_option
def shared(company: str | None, as_json: bool) -> None:
    """List the shared copies: who shared them, who has seen them. For the operator.

    Example:  orch memory shared --company empresa-a
    """
    found = [
        one
        for one in open_home().global_memory.state().copies.values()
        if company in (None, one.company)
    ]
    if as_json:
        echo_json([vars(one) for one in found])
        return
    echo_table(
        "",
        ["id", "company", "learning", "category", "shared", "told by", "seen by"],
        [
            [
                one.id,
                one.company,
                one.learning,
                one.category,
                f"{one.published_at:%Y-%m-%d}",
                one.superseded_by or "-",
                ", ".join(one.seen_by) or "-",
            ]
            for one in found
        ],
    )


def _carried_out(home: Home, proposal: Proposal) -> Proposal:
    """The proposal after a standing grant's yes, which needs nobody else, was carried out."""
    from resources.carrying_out import carry_out

    if proposal.status == "approved":
        for one in carry_out(home, kinds=[proposal.kind]):
            if one.problem:
                note(f"{one.number}: approved, but not carried out: {one.problem}")
    return home.approvals.proposal(proposal.number)


def _company_of(home: Home, learning: str) -> str:
    """The one company that has a learning of that id; equal words have one id in all companies."""
    having = [
        name for name in home.companies.names() if home.global_memory.has_learning(name, learning)
    ]
    if len(having) == 1:
        return having[0]
    if having:
        raise click.UsageError(f"several companies have it, say which: --company {having[0]}")
    raise click.UsageError("no company has a learning of that id: `orch memory search` shows ids")
