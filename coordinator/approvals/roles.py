"""Who may answer for a company, and which names mean one person."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from coordinator.ledger.approval_events import Ask, Role
from coordinator.settings import CompanySettings


def folded(name: str) -> str:
    """`name` as it is compared: a person is one, however their name is capitalised."""
    return unicodedata.normalize("NFC", " ".join(name.split())).casefold()


def is_person(actor: str) -> bool:
    """Whether an actor can hold a role: `mcp:empresa-a` and `grant:7` sign for no person."""
    return ":" not in actor and bool(actor.strip())


def holders(settings: CompanySettings, role: Role) -> frozenset[str]:
    """The folded names that may answer for `role`: those listed, else the company's owners."""
    by_role = {
        "export": settings.approvals.export,
        "import": settings.approvals.import_,
        "publication": settings.approvals.publication,
    }
    listed: Collection[str] = by_role[role]
    if not listed:
        listed = [name for one in settings.owners for name in (one.name, one.email)]
    return frozenset(folded(name) for name in listed if is_person(name))


def same_people(companies: Iterable[CompanySettings]) -> dict[str, str]:
    """One name for all names of a person, by folded name.

    Without it the owner Ana <ana@example.org> answers once as Ana and once as ana@example.org,
    and so alone where two are asked. Owners of one name in two companies count as one person.
    """
    names: dict[str, str] = {}
    for settings in companies:
        for owner in settings.owners:
            aliases = {folded(name) for name in (owner.name, owner.email) if name.strip()}
            merged = aliases | {names.get(alias, alias) for alias in aliases}
            merged |= {name for name, one in names.items() if one in merged}
            names |= dict.fromkeys(merged, min(merged))
    return names


@dataclass(frozen=True)
class Roles:
    """Who may answer which ask, and which names are the same person's."""

    holders: Mapping[Ask, frozenset[str]]
    people: Mapping[str, str] = field(default_factory=dict)

    def person(self, actor: str) -> str:
        """The one name of the person who calls themselves `actor`."""
        return self.people.get(folded(actor), folded(actor))

    def may(self, actor: str, ask: Ask) -> bool:
        """Whether `actor` holds the role that is asked."""
        if not is_person(actor):
            return False
        return self.person(actor) in self.answerers(ask)

    def answerers(self, ask: Ask) -> frozenset[str]:
        """Everybody who may answer `ask`, each person once."""
        return frozenset(self.person(name) for name in self.holders.get(ask, frozenset()))
