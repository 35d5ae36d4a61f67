"""The Python API: what `orch` does, for programs.

    from orch_dagster.api import Home

    with Home.open() as home:
        for found in home.memory.search("autenticação segura", company="empresa-a"):
            print(found.origin, found.title)

A program that works for one company takes `home.company("empresa-a")` and gets a view that shows
that company's own rows and the shared copies, and nothing else. See docs/api.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coordinator.errors import UsageError
from resources.home import Home as OpenHome

if TYPE_CHECKING:
    from coordinator.approvals import Grant, Proposal
    from coordinator.global_memory import Copy
    from coordinator.ledger.approval_events import Kind, Role
    from coordinator.ledger.events import Event
    from coordinator.memory import Found, SearchFilters
    from orch_dagster.syncing import Synced
    from resources.approvals import Outcome
    from resources.by_hand import Added, Removed
    from resources.company_view import CompanyView
    from resources.doctor.findings import Finding
    from resources.global_memory import Retracted
    from resources.ledger.ledger import Verified
    from resources.publishing.overview import Previewed, Report, Standing
    from resources.sources.listing import Listed

__all__ = ["Home"]

SURFACE = "api"


class Home:
    """A coordinator's home. It reads across companies: it is the operator's, as `orch` is."""

    def __init__(self, home: OpenHome) -> None:
        self._home = home
        self.memory = Memory(home)
        self.catalog = Catalog(home)
        self.sources = Sources(home)
        self.publishing = Publishing(home)
        self.approvals = Approvals(home)
        self.events = Events(home)

    @classmethod
    def open(cls, path: Path | str | None = None, *, actor: str | None = None) -> Home:
        """Open the home at `path` (default: ORCH_HOME, else ``./.orch``).

        `actor` signs what is decided (default: ORCH_ACTOR, else USER). UsageError without a home.
        """
        return cls(OpenHome.open(path, actor=actor))

    def companies(self) -> list[str]:
        """The companies, by name."""
        return self._home.companies.names()

    def company(self, name: str) -> CompanyView:
        """What company `name` sees and may do; CompanyError when there is none."""
        return self._home.view(name, surface=SURFACE)

    def sync(self, *names: str, force: bool = False, census: bool = False) -> list[Synced]:
        """Read what changed in `names`, or in all companies, and learn from it.

        With `census`, services are counted whole: what was deleted there leaves.
        """
        from orch_dagster.syncing import sync_companies
        from resources.progress import Silence

        return sync_companies(
            self._home,
            names or self.companies(),
            force=force,
            census=census,
            progress=lambda _: Silence(),
        )

    def close(self) -> None:
        self._home.close()

    def __enter__(self) -> Home:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Memory:
    """Learnings of any company; `orch memory`."""

    def __init__(self, home: OpenHome) -> None:
        self._home = home

    def search(
        self,
        query: str,
        *,
        company: str | None = None,
        operator: bool = False,
        filters: SearchFilters | None = None,
        limit: int = 5,
        explain: bool = False,
    ) -> list[Found]:
        """The best `limit` learnings, as `company` sees them.

        With `operator` instead, those of all companies: for whoever runs the coordinator alone.
        """
        if operator == (company is not None):
            raise UsageError("search as a company (company=…) or as the operator (operator=True)")
        if company is None:
            return self._home.global_memory.operator_search(query, filters, limit, explain=explain)
        return self._view(company).search(query, filters, limit, explain)

    def add(
        self,
        content: str,
        *,
        company: str,
        category: str,
        title: str = "",
        language: str | None = None,
    ) -> Added:
        """Record a learning of `company`; the same words twice are one learning."""
        return self._view(company).add(content, category=category, title=title, language=language)

    def remove(self, learning: str, *, company: str, reason: str) -> Removed:
        """Take a learning written by hand back, words and all."""
        return self._home.by_hand.remove_learning(company, learning, reason=reason)

    def share(self, learning: str, *, company: str, reason: str = "") -> Proposal:
        """Propose that a copy of `learning` is shared; people of `company` decide."""
        return self._view(company).propose_share(learning, reason=reason)

    def retract(self, copy: str, *, reason: str) -> Retracted:
        """Take a shared copy back from everywhere; says which companies had been shown it."""
        return self._home.global_memory.retract(copy, reason=reason)

    def shared(self, company: str | None = None) -> list[Copy]:
        """The copies that are shared, all or those of one company, and who has seen them."""
        copies = self._home.global_memory.state().copies.values()
        return [copy for copy in copies if company in (None, copy.company)]

    def _view(self, company: str) -> CompanyView:
        return self._home.view(company, surface=SURFACE)


class Catalog:
    """Components of any company; `orch catalog`."""

    def __init__(self, home: OpenHome) -> None:
        self._home = home

    def list(self, company: str) -> list[dict[str, Any]]:
        """The components of `company` as plain records, by path."""
        return self._home.view(company, surface=SURFACE).components()

    def add(
        self, path: str, *, company: str, name: str = "", description: str = "", category: str = ""
    ) -> Added:
        """Declare the folder `path` of the company's repository a component."""
        return self._home.by_hand.add_component(
            company, path, name=name, description=description, category=category
        )

    def remove(self, path: str, *, company: str, reason: str) -> Removed:
        """Take back that `path` was declared a component."""
        return self._home.by_hand.remove_component(company, path, reason=reason)


class Sources:
    """What is read of each company; `orch sources`."""

    def __init__(self, home: OpenHome) -> None:
        self._home = home

    def list(self, company: str) -> list[Listed]:
        """What is read of `company`: rows, when it was last read to the end, failures since."""
        from resources.sources.listing import listed

        return [*listed(self._home, company)]

    def check(self, *companies: str) -> list[Finding]:
        """Try each account of `companies`, or of all and the coordinator's own.

        Nothing is changed. What fails is a finding, with what to do; it raises nothing.
        """
        from resources.sources.checking import check

        names = companies or self._home.companies.readable()
        return [*check(self._home, names, coordinator=not companies)]


class Publishing:
    """What is put on Jira, Confluence and Supabase; `orch publish`."""

    def __init__(self, home: OpenHome) -> None:
        self._home = home

    def status(self, company: str | None = None) -> list[Standing]:
        """What is published where, and what became of it."""
        from resources.publishing.overview import standing

        return [*standing(self._home, company)]

    def preview(self, company: str | None = None, *, diff: bool = True) -> Previewed:
        """What the next delivery would do, with unified diffs; nothing is written."""
        from resources.publishing.overview import previewed

        return previewed(self._home, company, diff=diff)

    def retry(self, *keys: str, company: str | None = None) -> list[Report]:
        """Deliver now what is due; of `keys` forget first that they were refused or left alone."""
        from resources.progress import Silence
        from resources.publishing.overview import delivered

        self._home.publishing.retry(keys)
        return [*delivered(self._home, company, progress=lambda _: Silence())]


class Approvals:
    """What waits for a person; `orch approvals`, `orch approve`, `orch reject`."""

    def __init__(self, home: OpenHome) -> None:
        self._home = home

    def waiting(self, company: str | None = None, kind: str | None = None) -> list[Proposal]:
        """What waits for a person's answer."""
        return self._home.approvals.waiting(company, kind)

    def proposal(self, number: int) -> Proposal:
        """The proposal of that number with its answers; ApprovalError when there is none."""
        return self._home.approvals.proposal(number)

    def text(self, number: int) -> str:
        """Exactly the text proposal `number` is about."""
        return self._home.approvals.shown(number)

    def approve(self, *numbers: int, seen: str | None = None) -> list[Outcome]:
        """Say yes to `numbers`, and carry out what is approved by that.

        `seen` is the hash, or its start, of the text you read. Each outcome says what became of
        one number; a refused one does not stop the others.
        """
        from resources.carrying_out import carry_out

        outcomes = self._decide(numbers, approve=True, seen=seen)
        done = {one.number: one for one in carry_out(self._home)}
        inbox = self._home.approvals.inbox()
        return [
            replace(
                one,
                proposal=inbox.proposal(one.number),
                problem=one.problem or (done[one.number].problem if one.number in done else ""),
                hint=one.hint or (done[one.number].hint if one.number in done else ""),
            )
            for one in outcomes
        ]

    def reject(self, *numbers: int, reason: str) -> list[Outcome]:
        """Say no to `numbers`."""
        return self._decide(numbers, approve=False, reason=reason)

    def withdraw(self, number: int, *, reason: str = "") -> Proposal:
        """Take an open proposal back."""
        return self._home.approvals.withdraw(number, reason=reason)

    def grant(self, kind: Kind, *, company: str, role: Role, until: datetime) -> Grant:
        """Say yes in advance to every proposal of `kind` that asks `role` of `company`."""
        return self._home.approvals.grant(kind, company, role, until)

    def revoke(self, grant: int, *, reason: str = "") -> Grant:
        """End a standing grant."""
        return self._home.approvals.revoke(grant, reason=reason)

    def grants(self) -> list[Grant]:
        """All standing grants, the ended ones included."""
        return self._home.approvals.grants()

    def _decide(self, numbers: Sequence[int], *, approve: bool, **said: Any) -> list[Outcome]:
        from resources.approvals import Wanted

        return self._home.approvals.decide([Wanted(one, approve, **said) for one in numbers])


class Events:
    """The ledger, where everything decided is recorded; `orch events`."""

    def __init__(self, home: OpenHome) -> None:
        self._home = home

    def list(self, **filters: Any) -> list[Event]:
        """Events, oldest first; `filters` are those of `Ledger.read`.

        They are stream, company, event_type, feature, after (a position) and limit.
        """
        return self._home.ledger.read(**filters)

    def verify(self) -> Verified:
        """Check every event and anchor; LedgerDamaged names the first broken position."""
        return self._home.ledger.verify()
