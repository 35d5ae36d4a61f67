"""Who may answer for a company, and which names mean one person."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from coordinator.errors import NotPermitted
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
    """Who may answer which ask, as the companies' settings stand.

    `problems` says of a company whose settings cannot be read why: nobody may answer for it.
    """

    companies: Mapping[str, CompanySettings]
    problems: Mapping[str, str] = field(default_factory=dict)

    def person(self, actor: str) -> str:
        """The one name of the person who calls themselves `actor`."""
        return self._people.get(folded(actor), folded(actor))

    def may(self, actor: str, ask: Ask) -> bool:
        """Whether `actor` holds the role that is asked."""
        return is_person(actor) and self.person(actor) in self.answerers(ask)

    def answerers(self, ask: Ask) -> frozenset[str]:
        """Everybody who may answer `ask`, each person once."""
        settings = self.companies.get(ask.company)
        if settings is None:
            return frozenset()
        return frozenset(self.person(name) for name in holders(settings, ask.role))

    def check(self, actor: str, ask: Ask) -> None:
        """NotPermitted, with what to do, unless `actor` holds the role that is asked."""
        if self.may(actor, ask):
            return
        key = f"approvals.{ask.role}"
        if not is_person(actor):
            problem = f"'{actor}' is no person and answers nothing"
            hint = "say who decides: `orch --as NAME`"
        elif ask.company not in self.companies:
            problem = self.problems.get(ask.company) or f"there is no company '{ask.company}'"
            hint = f"nobody may answer for {ask.company} until that is mended"
        elif not self.answerers(ask):
            problem = f"nobody may answer for {ask.company} ({ask.role})"
            hint = f"name somebody in its company.yaml, under `{key}` or `owners`"
        else:
            problem = f"'{actor}' may not answer for {ask.company} ({ask.role})"
            hint = (
                f"its company.yaml names who may, under `{key}`, else `owners`; "
                "`orch --as NAME` says who you are"
            )
        raise NotPermitted(problem, hint=hint)

    @cached_property
    def _people(self) -> Mapping[str, str]:
        return same_people(self.companies.values())
