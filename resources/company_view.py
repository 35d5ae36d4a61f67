"""What one company sees: its own tables and the global copies, with its own words and asks.

Every surface that shows a company something goes through this view: the CLI, the Python API, the
MCP server. No method takes a company, so none can be asked for another's rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from coordinator.errors import CompanyError, UsageError

if TYPE_CHECKING:
    from coordinator.approvals import Proposal
    from coordinator.context import InstanceContext
    from coordinator.ledger.approval_events import Ask
    from coordinator.memory import Found, SearchFilters
    from resources.by_hand import Added
    from resources.home import Home
    from resources.instances import Instance
    from resources.opportunities import Side

MAX_QUERY = 10_000
"""Characters of a query: beyond that it is a pasted page, and folding it costs seconds."""

MERGE = "merge_learnings"
COMPONENTS = "company_components"
INTERNAL = ("row_hash", "fingerprint", "fingerprint_version")


@dataclass(frozen=True)
class Asked:
    """One yes that is needed; `answer` is empty, approved or rejected.

    `by` and `reason` are filled where the ask is the company's own.
    """

    company: str
    role: str
    answer: str
    by: str
    reason: str


@dataclass(frozen=True)
class Question:
    """A proposal as one company sees it; `content` is the hash of the text, whoever owns it."""

    number: int
    kind: str
    subject: str
    status: str
    content: str
    text: str | None
    asks: list[Asked]
    made_by: str
    made_at: datetime
    expires_at: datetime
    reason: str


class CompanyView:
    """Everything `company` may see and do; `surface` (cli, api, mcp) is what shows it.

    The view is the boundary between companies, not between programs: Python hides nothing from
    code that goes looking for it. Code nobody trusts gets the MCP server, in a process of its own.
    """

    def __init__(self, home: Home, company: str, *, surface: str) -> None:
        """CompanyError when there is no such company."""
        self.company = home.companies.instance(company).slug
        self.surface = surface
        self._home = home

    def search(
        self,
        query: str,
        filters: SearchFilters | None = None,
        limit: int = 5,
        explain: bool = False,
    ) -> list[Found]:
        """The best `limit` of the company's learnings and of the copies others shared.

        Another company's copy shown here for the first time is recorded before it is returned.
        """
        self._instance()
        if len(query) > MAX_QUERY:
            raise UsageError(
                f"a query has at most {MAX_QUERY:,} characters, this one {len(query):,}",
                hint="search for the few words that matter",
            )
        return self._home.global_memory.search_with(
            self.company, query, filters, limit, explain=explain, surface=self.surface
        )

    def add(
        self, content: str, *, category: str, title: str = "", language: str | None = None
    ) -> Added:
        """Record a learning of the company; the same words twice are one learning."""
        self._instance()
        return self._home.by_hand.add_learning(
            self.company, content, category=category, title=title, language=language
        )

    def propose_share(self, learning: str, *, reason: str = "") -> Proposal:
        """Ask the company's own people whether a copy of its learning may be shared."""
        self._instance()
        return self._home.global_memory.propose(self.company, learning, reason=reason)

    def approvals(self, *, decided: bool = False) -> list[Question]:
        """The proposals that ask the company, oldest first; only those that wait unless `decided`.

        Texts are shown when they are the company's own or a merge of copies all may read, until
        they are purged.
        """
        self._instance()
        return [
            self._question(found)
            for found in self._home.approvals.inbox().proposals
            if any(ask.company == self.company for ask in found.asks)
            and (decided or found.status == "waiting")
        ]

    def components(self) -> list[dict[str, Any]]:
        """The company's components as plain records, by path."""
        tables = self._instance().tables()
        if not tables.exists(COMPONENTS):
            return []
        with tables.reading(COMPONENTS) as table:
            picked = [name for name in table.schema.names if name not in INTERNAL]
            rows: list[dict[str, Any]] = table.search().select(picked).to_arrow().to_pylist()
        return sorted(rows, key=lambda row: row["path"])

    def opportunities(self) -> list[Side]:
        """What another company has for it, and what it has for another, as it may be told now.

        Its own titles and the other's name: nothing the other wrote is in it.
        """
        self._instance()
        return self._home.opportunities.sides(self.company)

    def context(self) -> InstanceContext:
        """What the coordinator knows of the company, as the last sync left it."""
        from resources.contexts import stored_context

        return stored_context(self._instance())

    def _question(self, found: Proposal) -> Question:
        own = found.company == self.company
        return Question(
            number=found.number,
            kind=found.kind,
            subject=found.subject,
            status=found.status,
            content=found.content,
            text=self._text(found),
            asks=[self._ask(found, ask) for ask in found.asks],
            made_by=found.made_by if own else "",
            made_at=found.made_at,
            expires_at=found.expires_at,
            reason=found.reason if own else "",
        )

    def _text(self, found: Proposal) -> str | None:
        """The text of a proposal where the company may read it and it is kept."""
        if found.kind == MERGE:
            return self._merge_text(found)
        return self._kept(found) if found.company == self.company else None

    def _merge_text(self, found: Proposal) -> str | None:
        """The two copies a merge quotes: seen here as anywhere, unless one was taken back."""
        copies = found.subject.split(" ")
        seen = self._home.global_memory.record_sight(self.company, copies, surface=self.surface)
        return self._kept(found) if seen == set(copies) else None

    def _kept(self, found: Proposal) -> str | None:
        return self._home.ledger.texts(found.company, [found.content]).get(found.content)

    def _ask(self, found: Proposal, ask: Ask) -> Asked:
        """One ask with its answer; who answered for another company, and why, is not shown."""
        answer = next((one for one in found.decisions if one.ask == ask), None)
        mine = answer is not None and ask.company == self.company
        return Asked(
            company=ask.company,
            role=ask.role,
            answer="" if answer is None else "approved" if answer.approve else "rejected",
            by=answer.by if answer and mine else "",
            reason=answer.reason if answer and mine else "",
        )

    def _instance(self) -> Instance:
        """The company's space, looked up anew: it may be gone since the view was opened."""
        try:
            return self._home.companies.instance(self.company)
        except CompanyError:
            # the usual message lists the companies there are, which is none of this one's business
            raise CompanyError(f"the company '{self.company}' is gone") from None
