"""`orch approvals`: what waits for a person, what it is about, and standing grants."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from orch_dagster.cli.choices import KINDS, ROLES
from orch_dagster.cli.door import echo_json, echo_table, json_option, note, open_home, visible

if TYPE_CHECKING:
    from coordinator.approvals import Grant, Proposal

_TITLE = 60


@click.group()
def approvals() -> None:
    """List what waits for a person, show exactly what it is about, withdraw it, give grants.

    Example:  orch approvals list
    """


@approvals.command("list")
@click.option("--company", metavar="NAME", help="Only what this company owns or is asked.")
@click.option("--kind", type=click.Choice(KINDS), help="Only this kind.")
@click.option("--all", "closed_too", is_flag=True, help="Also what was decided before.")
@json_option
def list_proposals(company: str | None, kind: str | None, closed_too: bool, as_json: bool) -> None:
    """List what waits, grouped by company and kind, with its evidence.

    Example:  orch approvals list --kind publish_learning
    """
    inbox = open_home().approvals
    if closed_too:
        found = [
            one
            for one in inbox.inbox().proposals
            if (company is None or one.concerns(company)) and (kind is None or one.kind == kind)
        ]
    else:
        found = inbox.waiting(company, kind)
    if as_json:
        echo_json([document(one) for one in found])
        return
    if not found:
        note("nothing waits for anybody" if not closed_too else "nothing was ever proposed")
        return
    ordered = sorted(found, key=lambda one: (one.company, one.kind, one.number))
    # a company that is only asked is shown no words of the owner in a list
    texts = inbox.texts([one for one in found if company in (None, one.company)])
    for (owner, what), group in groupby(ordered, key=lambda one: (one.company, one.kind)):
        echo_table(
            f"{owner}: {what}",
            ["", "status", "about", "waits for", "evidence", "proposed", "until"],
            [_row(one, texts.get(one.number)) for one in group],
        )
    note("`orch approvals show N` prints exactly what one is about, `orch approve N …` approves")


@approvals.command()
@click.argument("number", type=int)
@json_option
def show(number: int, as_json: bool) -> None:
    """Show exactly the text proposal NUMBER is about, its hash, and who said what.

    Example:  orch approvals show 3
    """
    from coordinator.errors import ApprovalError

    inbox = open_home().approvals
    proposal = inbox.proposal(number)
    try:
        text: str | None = inbox.shown(number)
        gone = ""
    except ApprovalError as error:
        text, gone = None, error.message
    if as_json:
        echo_json({**document(proposal), "text": text})
        return
    for name, value in _head(proposal):
        click.echo(f"{name:<10} {visible(value)}")
    click.echo("")
    click.echo(_readable(text) if text is not None else f"({gone})")


@approvals.command()
@click.argument("number", type=int)
@click.option("--reason", default="", help="Kept in the ledger.")
@json_option
def withdraw(number: int, reason: str, as_json: bool) -> None:
    """Take proposal NUMBER back, also when it was approved and not carried out yet.

    Example:  orch approvals withdraw 3 --reason "the numbers were wrong"
    """
    proposal = open_home().approvals.withdraw(number, reason=reason)
    if as_json:
        echo_json(document(proposal))
        return
    click.echo(f"proposal {number} is withdrawn")


@approvals.command()
@click.option("--kind", type=click.Choice(KINDS), required=True, help="Which proposals.")
@click.option("--company", metavar="NAME", required=True, help="For which company you say yes.")
@click.option("--role", type=click.Choice(ROLES), required=True, help="In which role you say it.")
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    help="The first day it no longer stands (UTC).",
)
@json_option
def grant(as_json: bool, until: datetime, **given: Any) -> None:
    """Say yes in advance to every proposal of a kind that asks this of a company.

    Each answer is recorded with the grant and counts as yours.

    Example:  orch approvals grant --kind publish_learning --company empresa-a
    --role publication --until 2027-01-31
    """
    made = open_home().approvals.grant(until=until.replace(tzinfo=UTC), **given)
    if as_json:
        echo_json(_grant_document(made))
        return
    click.echo(f"grant {made.number} stands until {made.expires_at:%Y-%m-%d}")
    note(f"`orch approvals revoke {made.number}` ends it")


@approvals.command()
@click.option("--all", "ended_too", is_flag=True, help="Also those that ended.")
@json_option
def grants(ended_too: bool, as_json: bool) -> None:
    """List standing grants.

    Example:  orch approvals grants
    """
    now = datetime.now(UTC)
    found = [
        one
        for one in open_home().approvals.grants()
        if ended_too or (not one.revoked and now < one.expires_at)
    ]
    if as_json:
        echo_json([_grant_document(one) for one in found])
        return
    if not found:
        note("no standing grants: every proposal waits for a person")
        return
    echo_table(
        "",
        ["", "kind", "company", "role", "by", "given", "until", "revoked"],
        [
            [
                *(one.number, one.kind, one.ask.company, one.ask.role, one.by),
                *(_day(one.given_at), _day(one.expires_at), "yes" if one.revoked else ""),
            ]
            for one in found
        ],
    )


@approvals.command()
@click.argument("grant_number", type=int, metavar="GRANT")
@click.option("--reason", default="", help="Kept in the ledger.")
@json_option
def revoke(grant_number: int, reason: str, as_json: bool) -> None:
    """End the standing GRANT. What it answered before stays answered.

    Example:  orch approvals revoke 1 --reason "Ana left"
    """
    ended = open_home().approvals.revoke(grant_number, reason=reason)
    if as_json:
        echo_json(_grant_document(ended))
        return
    click.echo(f"grant {grant_number} is revoked")


def document(proposal: Proposal) -> dict[str, Any]:
    """A proposal as a command prints it with ``--json``: everything but its words."""
    return {
        **{name: value for name, value in vars(proposal).items() if name != "decisions"},
        "asks": [ask.model_dump() for ask in proposal.asks],
        "missing": [ask.model_dump() for ask in proposal.missing],
        "decisions": [
            {**vars(decision), "ask": decision.ask.model_dump()} for decision in proposal.decisions
        ],
    }


def _grant_document(one: Grant) -> dict[str, Any]:
    return {**vars(one), "ask": one.ask.model_dump()}


def _row(one: Proposal, text: str | None) -> list[object]:
    about = (_title(text) if text is not None else "") or one.subject
    waits = ", ".join(f"{ask.company} ({ask.role})" for ask in one.missing)
    return [
        *(one.number, one.status, about, waits if one.status == "waiting" else ""),
        *(_listed(one.facts), _day(one.made_at), _day(one.expires_at)),
    ]


def _title(text: str) -> str:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    found = str(parsed.get("title", "")) if isinstance(parsed, dict) else ""
    title = " ".join(found.split())
    return title if len(title) <= _TITLE else f"{title[: _TITLE - 1]}…"


def _head(one: Proposal) -> list[tuple[str, str]]:
    found = [
        ("proposal", f"{one.number}: {one.kind}, {one.status}"),
        ("about", f"{one.subject} of {one.company}"),
        ("hash", one.content),
        ("proposed", f"by {one.made_by}, {_minute(one.made_at)}, until {_day(one.expires_at)}"),
    ]
    if one.facts:
        found.append(("evidence", _listed(one.facts)))
    for decision in one.decisions:
        verb = "approved" if decision.approve else "rejected"
        granted = f" by grant {decision.grant}" if decision.grant is not None else ""
        why = f": {decision.reason}" if decision.reason else ""
        where = f"{decision.ask.company} ({decision.ask.role})"
        said = f"{where} by {decision.by}{granted}, {_minute(decision.at)}{why}"
        found.append((verb, said))
    if one.status == "waiting":
        found += [("waits for", f"{ask.company} ({ask.role})") for ask in one.missing]
    elif one.status == "void":
        found.append(("void", one.reason))
    elif one.status == "done":
        found.append(("done", one.result))
    return found


def _readable(text: str) -> str:
    """All of the text: a JSON object as one field after the other, anything else as it is."""
    from coordinator.errors import LedgerError
    from coordinator.ledger.chain import canonical_json

    try:
        parsed = json.loads(text)
        # another writing of it (a key twice, say) would be shown as less than it is
        if not isinstance(parsed, dict) or canonical_json(parsed) != text:
            return visible(text)
    except (ValueError, LedgerError, RecursionError):
        return visible(text)
    lines = []
    for key, value in parsed.items():
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        lines.append(f"{key}:" + (f" {shown}" if "\n" not in shown else ""))
        if "\n" in shown:
            lines += [f"    {line}" for line in shown.split("\n")]
    return visible("\n".join(lines))


def _listed(facts: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_told(value)}" for name, value in facts.items())


def _told(value: Any) -> str:
    """A fact on one line: what counts of a list is how long it is, its ids are for `--json`."""
    if isinstance(value, Mapping):
        return f"({_listed(value) or 'nothing'})"
    return str(len(value)) if isinstance(value, list | tuple) else str(value)


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
