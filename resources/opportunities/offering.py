"""The questions an opportunity becomes: what the owner is asked, and then the adopter.

The owner is asked first, and nothing of what it has is told to the adopter before it said yes.
For a learning that question is the one any sharing asks. For a component it is about exactly the
code that stands there now: another tree is another question.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from coordinator.errors import ApprovalError, ProposalClosed, UsageError
from coordinator.global_memory import PUBLISH
from coordinator.ledger.approval_events import Ask, Kind
from coordinator.ledger.chain import canonical_json
from coordinator.ledger.events import text_hash
from coordinator.opportunities.asking import SUGGESTING
from coordinator.opportunities.records import Opportunity
from resources.global_memory.sharing import check_approved
from resources.patterns.components import Components

if TYPE_CHECKING:
    from coordinator.approvals import Inbox, Proposal
    from resources.home import Home

WHY = "Another company has an open problem that this seems to solve."
"""What the owner's people and, once shared, everybody reads: it quotes nobody."""

EXPORT: Kind = "share_export"
IMPORT: Kind = "share_import"
PAGES = "pages"
"""Where a question's text says that the component is named on the coordinator's own pages: only
one whose owner's people read that is named there."""
SHOWN = ("name", "description", "category", "language", "version", "licence", "tree_hash")


def ask_of(one: Opportunity) -> Ask:
    """Whose yes an opportunity needs first."""
    return Ask(company=one.owner, role="publication" if one.kind == "solution" else "export")


def waiting_for(home: Home, one: Opportunity) -> Proposal | None:
    """The question that waits already and, answered, would answer this one too."""
    kind = PUBLISH if one.kind == "solution" else EXPORT
    for waiting in home.approvals.waiting(company=one.owner, kind=kind):
        if one.kind == "solution":
            same = waiting.subject == one.solution.partition("/")[2]
        else:
            named = (waiting.facts.get("component"), waiting.facts.get("adopter"))
            same = named == (one.solution, one.adopter)
        if same:
            return waiting
    return None


def ask_owner(home: Home, one: Opportunity, *, by: str | None) -> Proposal:
    """Ask the owner's people.

    Raises UsageError when what is offered is gone, SharingRefused when it holds a secret.
    """
    if one.kind == "solution":
        learning = one.solution.partition("/")[2]
        return home.global_memory.propose(one.owner, learning, by=by, reason=WHY)
    text = _text(home, one.solution, one.adopter, "owner")
    if text is None:
        raise UsageError(
            "the component it is about is gone", hint="`orch patterns refresh` looks anew"
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


def imports_of(inbox: Inbox) -> dict[int, Proposal]:
    """The question each agreed export became for its adopter, the last, by the export's number."""
    return {
        one.facts["export"]: one
        for one in inbox.proposals
        if one.kind == IMPORT and "export" in one.facts
    }


class Offers:
    """Answers for the questions about components: what they say now, and what a yes does."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def current_text(self, proposal: Proposal) -> str | None:
        """The text as it would be now; None when the component or the other company is gone.

        A question that names no component, asked by a person in their own words, stands as it is.
        """
        facts = proposal.facts
        if not {"component", "adopter"} <= facts.keys():
            return self._home.approvals.texts([proposal]).get(proposal.number)
        side = "owner" if proposal.kind == EXPORT else "adopter"
        return _text(self._home, str(facts["component"]), str(facts["adopter"]), side)

    def carry_out(self, proposal: Proposal) -> str:
        """An owner's yes asks the adopter, once.

        What nobody told us to ask waits until the adopter's people have a question left this
        week. Fails closed: ProposalClosed unless all said yes to what stands now.
        """
        check_approved(proposal)
        if "adopter" not in proposal.facts:
            raise ApprovalError(
                f"proposal {proposal.number} names no component and nobody to offer it to",
                hint="`orch opportunities propose` asks about one",
            )
        adopter = str(proposal.facts["adopter"])
        asked = imports_of(self._home.approvals.inbox()).get(proposal.number)
        if asked is None:
            if self.is_outdated(proposal):
                why = "what was offered changed or is gone"
                self._home.approvals.void(proposal.number, why)
                raise ProposalClosed(
                    f"proposal {proposal.number} is void: {why} after it was approved",
                    hint="propose it anew",
                )
            budget = self._home.opportunities.budget()
            if proposal.made_by == SUGGESTING and not budget.allows([asks_adopter(proposal)]):
                return f"{adopter} is asked later: its people were asked enough this week"
            asked = self.ask_adopter(proposal)
        return f"asked {adopter}: proposal {asked.number}"

    def is_outdated(self, proposal: Proposal) -> bool:
        """Whether the owner's yes was to something that does not stand any more."""
        text = self.current_text(proposal)
        return text is None or text_hash(text) != proposal.content

    def ask_adopter(self, proposal: Proposal) -> Proposal:
        """Ask the adopter about what the owner agreed to; UsageError when it is gone."""
        facts = proposal.facts
        text = _text(self._home, str(facts["component"]), str(facts["adopter"]), "adopter")
        if text is None:
            raise UsageError("what was offered is gone", hint="`orch patterns refresh` looks anew")
        return self._home.approvals.propose(
            kind=IMPORT,
            subject=proposal.subject,
            company=str(facts["adopter"]),
            asks=[asks_adopter(proposal)],
            text=text,
            facts={**facts, "export": proposal.number},
            by=proposal.made_by,
        )

    def closed(self, proposal: Proposal) -> None:
        """Nothing is kept for such a question alone."""


def asks_adopter(export: Proposal) -> Ask:
    """Whose yes is needed after the owner's."""
    return Ask(company=str(export.facts["adopter"]), role="import")


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
