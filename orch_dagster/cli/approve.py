"""`orch approve` and `orch reject`: answer proposals, several at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from orch_dagster.cli.choices import KINDS
from orch_dagster.cli.door import (
    DONE,
    DONE_IN_PART,
    FAILED,
    echo_json,
    json_option,
    note,
    open_home,
    visible,
)

if TYPE_CHECKING:
    from coordinator.approvals import Proposal
    from resources.approvals import Outcome
    from resources.carrying_out import CarriedOut
    from resources.home import Home

_SEEN_HELP = "The hash of the text you saw, or its first 8 digits; for one NUMBER."


@click.command()
@click.argument("numbers", nargs=-1, type=int)
@click.option("--all", "everything", is_flag=True, help="All that waits for you.")
@click.option("--kind", type=click.Choice(KINDS), help="With --all: only this kind.")
@click.option("--company", metavar="NAME", help="With --all: only what concerns this company.")
@click.option("--seen", metavar="HASH", help=_SEEN_HELP)
@click.option("--dry-run", is_flag=True, help="Say what would be approved, approve nothing.")
@json_option
@click.pass_context
def approve(
    context: click.Context,
    numbers: tuple[int, ...],
    everything: bool,
    kind: str | None,
    company: str | None,
    seen: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Approve the proposals NUMBERS, and carry out what has all its answers then.

    Your yes counts for exactly the text each number names. One that is refused does not stop the
    others: exit code 3 then, 1 when all were refused.

    Example:  orch approve 3 7 9
    """
    if everything == bool(numbers):
        raise click.UsageError("name proposals, or give --all")
    if (kind or company) and not everything:
        raise click.UsageError("--kind and --company choose among all: give --all with them")
    home = open_home()
    if everything:
        numbers = tuple(one.number for one in home.approvals.waiting(company, kind, home.actor))
        others = len(home.approvals.waiting(company, kind)) - len(numbers)
        if others:
            note(f"{others} more wait for somebody else")
    _answer(context, home, numbers, as_json, approve=True, seen=seen, dry_run=dry_run)


@click.command()
@click.argument("numbers", nargs=-1, type=int, required=True)
@click.option("--reason", required=True, help="Why; kept in the ledger.")
@click.option("--seen", metavar="HASH", help=_SEEN_HELP)
@click.option("--dry-run", is_flag=True, help="Say what would be rejected, reject nothing.")
@json_option
@click.pass_context
def reject(
    context: click.Context,
    numbers: tuple[int, ...],
    reason: str,
    seen: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Reject the proposals NUMBERS, with a reason. One no closes a proposal.

    Example:  orch reject 5 --reason "names a customer"
    """
    _answer(
        context,
        open_home(),
        numbers,
        as_json,
        approve=False,
        reason=reason,
        seen=seen,
        dry_run=dry_run,
    )


def _answer(
    context: click.Context,
    home: Home,
    numbers: tuple[int, ...],
    as_json: bool,
    *,
    approve: bool,
    seen: str | None,
    dry_run: bool,
    reason: str = "",
) -> None:
    from coordinator.approvals import Wanted
    from resources.carrying_out import carry_out

    if seen is not None and len(numbers) != 1:
        raise click.UsageError("--seen names one text: give one NUMBER with it")
    wanted = [Wanted(number, approve, reason, seen) for number in numbers]
    outcomes = (home.approvals.preview if dry_run else home.approvals.decide)(wanted)
    for one in outcomes:
        _tell(one, approve=approve, dry_run=dry_run, as_json=as_json)
    done = carry_out(home, begun=_begun) if approve and not dry_run else []
    for result in done:
        _tell_done(result, as_json=as_json)
    if as_json:
        echo_json(
            {
                "decided": [_document(one) for one in outcomes],
                "carried_out": [vars(one) for one in done],
            }
        )
    elif not outcomes:
        note("nothing waits for you")
    context.exit(_exit_code(outcomes, done))


def _tell(one: Outcome, *, approve: bool, dry_run: bool, as_json: bool) -> None:
    if one.problem:
        note(one.problem)
        if one.hint:
            note(f"  → {one.hint}")
    elif one.proposal is not None and not as_json:
        proposal, verb = one.proposal, "approve" if approve else "reject"
        said = f"would {verb}" if dry_run else {"approve": "approved", "reject": "rejected"}[verb]
        waits = ", ".join(f"{ask.company} ({ask.role})" for ask in proposal.missing)
        more = f", waits for {waits}" if proposal.status == "waiting" else ""
        about = f"{proposal.kind} {proposal.subject} of {proposal.company}"
        click.echo(visible(f"{one.number}: {said}: {about} [{proposal.content[:12]}]{more}"))


def _begun(proposal: Proposal) -> None:
    note(f"{proposal.number}: carrying out …")


def _tell_done(done: CarriedOut, *, as_json: bool) -> None:
    if done.problem:
        note(f"{done.number}: approved, but not carried out: {done.problem}")
        note(f"  → {done.hint or 'it stays approved; `orch approve --all` tries again'}")
    elif not as_json:
        click.echo(visible(f"{done.number}: carried out: {done.result}"))


def _document(one: Outcome) -> dict[str, Any]:
    from orch_dagster.cli.approvals import document

    proposal = document(one.proposal) if one.proposal is not None else None
    return {
        "number": one.number,
        "problem": one.problem,
        "hint": one.hint,
        "proposal": proposal,
    }


def _exit_code(outcomes: list[Outcome], done: list[CarriedOut]) -> int:
    failed = sum(bool(one.problem) for one in (*outcomes, *done))
    if not failed:
        return DONE
    return FAILED if failed == len(outcomes) + len(done) else DONE_IN_PART
