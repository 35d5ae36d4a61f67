"""The questions an opportunity becomes: what the owner is asked, and then the adopter.

The owner is asked first, and nothing of what it has is told to the adopter before it said yes.
For a learning that question is the one any sharing asks. For a component it is about exactly the
code that stands there now: another tree is another question.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from coordinator.errors import UsageError
from coordinator.global_memory import PUBLISH
from coordinator.ledger.approval_events import Ask
from coordinator.ledger.chain import canonical_json
from coordinator.opportunities.records import Opportunity
from resources.global_memory.sharing import check_approved
from resources.patterns.components import Components

if TYPE_CHECKING:
    from coordinator.approvals import Proposal
    from resources.home import Home

WHY = "Another company has an open problem that this seems to solve."
"""What the owner's people and, once shared, everybody reads: it quotes nobody."""

EXPORT, IMPORT = "share_export", "share_import"
PAGES = "pages"
"""Where a question's text says that the component is named on the coordinator's own pages: only
one whose owner's people read that is named there."""
SHOWN = ("name", "description", "category", "language", "version", "licence", "tree_hash")


def ask_of(one: Opportunity) -> Ask:
    """Whose yes an opportunity needs first."""
    role = "publication" if one.kind == "solution" else "export"
    return Ask(company=one.owner, role=role)  # type: ignore[arg-type]


def ask_owner(home: Home, one: Opportunity, *, by: str | None) -> Proposal:
    """Ask the owner's people; a question about the same that waits already is that question.

    Raises UsageError when what is offered is gone, SharingRefused when it holds a secret.
    """
    if one.kind != "solution":
        return _propose(home, one, "owner", by)
    learning = one.solution.partition("/")[2]
    for waiting in home.approvals.waiting(company=one.owner, kind=PUBLISH):
        if waiting.subject == learning:
            return waiting
    return home.global_memory.propose(one.owner, learning, by=by, reason=WHY)


class Offers:
    """Answers for the questions about components: what they say now, and what a yes does."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def current_text(self, proposal: Proposal) -> str | None:
        """The text as it would be now; None when the component or the other company is gone."""
        facts = proposal.facts
        company = str(facts["adopter" if proposal.kind == EXPORT else "owner"])
        if company not in self._home.companies.names():
            return None
        side = "owner" if proposal.kind == EXPORT else "adopter"
        return _text(self._home, str(facts["component"]), str(facts["adopter"]), side)

    def carry_out(self, proposal: Proposal) -> str:
        """An owner's yes asks the adopter. Fails closed: ProposalClosed unless all said yes."""
        check_approved(proposal)
        facts = dict(proposal.facts)
        text = _text(self._home, str(facts["component"]), str(facts["adopter"]), "adopter")
        if text is None:
            self._home.approvals.void(proposal.number, "what was offered is gone")
            return "what was offered is gone"
        asked = self._home.approvals.propose(
            kind=IMPORT,
            subject=proposal.subject,
            company=str(facts["adopter"]),
            asks=[(str(facts["adopter"]), "import")],
            text=text,
            facts=facts,
            by=proposal.made_by,
        )
        return f"asked {facts['adopter']}: proposal {asked.number}"

    def closed(self, proposal: Proposal) -> None:
        """Nothing is kept for such a question alone."""


def _propose(home: Home, one: Opportunity, side: str, by: str | None) -> Proposal:
    text = _text(home, one.solution, one.adopter, side)
    if text is None:
        raise UsageError(
            "the component it is about is gone", hint="`orch opportunities list` looks again"
        )
    return home.approvals.propose(
        kind=EXPORT,
        subject=one.id,
        company=one.owner,
        asks=[ask_of(one)],
        text=text,
        facts={
            "opportunity": one.id,
            "component": one.solution,
            "owner": one.owner,
            "adopter": one.adopter,
        },
        by=by,
    )


def _text(home: Home, component: str, adopter: str, side: str) -> str | None:
    """What people read: the component as it stands, who would use it, what a yes means."""
    row = _component(home, component)
    if row is None or adopter not in home.companies.names():
        return None
    owner = row["company"]
    yes = (
        f"{adopter} is asked whether it wants a copy, and reads what stands here"
        if side == "owner"
        else f"a copy of it may be made for {adopter}"
    )
    pages = (
        "the coordinator's own issues and pages, which all companies may read, name the component "
        f"and {owner}: its name, kind, language, version and licence, and not who needs it"
    )
    return canonical_json(
        {
            "title": f"{row['name']} of {owner} for {adopter}",
            "component": {name: row[name] for name in SHOWN},
            "owner": owner,
            "adopter": adopter,
            "yes": yes,
            **({PAGES: pages} if side == "owner" else {}),
            "no": "it is not suggested again unless it changes much",
        }
    )


def _component(home: Home, node: str) -> dict[str, Any] | None:
    company = node.partition("/")[0]
    if company not in home.companies.names():
        return None
    others = [one for one in home.companies.names() if one != company]
    row = Components(home, unread=others).rows.get(node)
    return json.loads(json.dumps(row, default=str)) if row is not None else None
