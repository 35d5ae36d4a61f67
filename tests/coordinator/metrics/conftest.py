"""A ledger told event by event, in the words of the metrics."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from coordinator.ledger.events import APPROVALS, GLOBAL, OPPORTUNITIES, PATTERNS, Event
from coordinator.ledger.payloads import REGISTRY
from coordinator.metrics import History, Measured, history

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
CONTENT = "0" * 64
FAR = "2099-01-01T00:00:00.000000Z"
SKETCH = "0" * 16


@dataclass
class Told:
    """Events as a ledger would hold them; `day` is how many days after START they happen."""

    events: list[Event] = field(default_factory=list)
    day: float = 0.0
    numbers: int = 0

    @property
    def now(self) -> datetime:
        return START + timedelta(days=self.day)

    def tell(
        self, kind: str, stream: str, company: str | None = None, by: str = "Ana", /, **payload: Any
    ) -> None:
        position = len(self.events) + 1
        self.events.append(
            Event(
                position=position,
                event_id=str(position),
                stream=stream,
                version=position,
                company=company,
                feature=None,
                event_type=kind,
                workflow=None,
                phase=None,
                payload=REGISTRY[kind].model_validate(payload),
                actor=by,
                causation_id=None,
                correlation_id=None,
                schema_version=1,
                occurred_at=self.now,
                recorded_at=self.now,
                prev_hash="",
                hash="",
            )
        )

    # -- of companies ----------------------------------------------------------------------

    def of_company(self, kind: str, company: str, **payload: Any) -> None:
        self.tell(kind, f"company:{company}", company, **payload)

    def commit(self, company: str, table: str, inserted: int = 0, updated: int = 0) -> None:
        changed = {"inserted": inserted, "updated": updated}
        self.of_company("table_committed", company, table=table, version=1, rows=9, **changed)

    # -- of approvals ----------------------------------------------------------------------

    def ask(self, kind: str, company: str, *, asked: tuple[str, ...] = (), **facts: str) -> int:
        """Ask `asked` (the company itself, unless given); `facts` name component and adopter."""
        self.numbers += 1
        role = {"share_export": "export", "share_import": "import"}.get(kind, "publication")
        self.tell(
            "proposal_made",
            APPROVALS,
            company,
            number=self.numbers,
            kind=kind,
            subject=facts.get("opportunity", f"subject {self.numbers}"),
            asks=[{"company": one, "role": role} for one in asked or (company,)],
            content=CONTENT,
            facts=facts,
            expires_at=FAR,
        )
        return self.numbers

    def answer(
        self,
        number: int,
        *,
        decision: str = "approve",
        company: str = "",
        by: str = "Ana",
        grant: int | None = None,
    ) -> None:
        """Answer proposal `number` for `company`, else for the first that was asked."""
        made = next(
            one.payload
            for one in self.events
            if one.event_type == "proposal_made" and one.payload.number == number  # type: ignore[attr-defined]
        )
        asks = made.asks  # type: ignore[attr-defined]
        ask = next(one for one in asks if not company or one.company == company)
        told = {"number": number, "decision": decision, "ask": ask, "content": CONTENT}
        told |= {"grant": grant} if grant else {}
        self.tell("proposal_decided", APPROVALS, ask.company, by, **told)

    def close(self, number: int, kind: str) -> None:
        """Record that a proposal was voided, expired or carried out."""
        more = {"proposal_voided": {"reason": "x"}, "proposal_carried_out": {"result": "x"}}
        self.tell(kind, APPROVALS, None, number=number, **more.get(kind, {}))

    def share(self, component: str, adopter: str, opportunity: str = "o-000000000001") -> None:
        """Give a component to a company, and let it take it, at one moment."""
        owner = component.partition("/")[0]
        facts = {"component": component, "adopter": adopter, "owner": owner}
        for kind, company in (("share_export", owner), ("share_import", adopter)):
            self.answer(self.ask(kind, company, opportunity=opportunity, **facts))

    # -- of the rest -----------------------------------------------------------------------

    def of_memory(self, kind: str, company: str, **payload: Any) -> None:
        self.tell(kind, GLOBAL, company, **payload)

    def publish(self, copy: str, company: str, learning: str = "l1", proposal: int = 99) -> None:
        about = {"learning": learning, "category": "solution", "content": CONTENT}
        self.of_memory("learning_published", company, id=copy, proposal=proposal, **about)

    def see(self, copy: str, company: str, viewer: str) -> None:
        self.of_memory("learning_seen", company, id=copy, viewer=viewer, surface="cli")

    def of_pattern(self, kind: str, **payload: Any) -> None:
        self.tell(kind, PATTERNS, None, **payload)

    def drift(self, pattern: str, component: str, before: float, similarity: float) -> None:
        told = {"component": component, "before": before, "similarity": similarity}
        self.of_pattern("component_drifted", pattern=pattern, **told)

    def suggest(
        self, opportunity: str, proposal: int, *, adopter: str = "beta", solution: str = "acme/l1"
    ) -> None:
        self.tell(
            "suggestion_made",
            OPPORTUNITIES,
            None,
            opportunity=opportunity,
            kind="solution",
            owner=solution.partition("/")[0],
            adopter=adopter,
            need=f"{adopter}/n1",
            solution=solution,
            need_sketch=SKETCH,
            solution_sketch=SKETCH,
            score=0.7,
            proposal=proposal,
        )

    def suggestion_answered(
        self, opportunity: str, proposal: int, outcome: str = "accepted"
    ) -> None:
        told = {"opportunity": opportunity, "proposal": proposal, "outcome": outcome}
        self.tell("suggestion_answered", OPPORTUNITIES, None, **told)

    def need_closed(self, opportunity: str) -> None:
        self.tell("need_closed", OPPORTUNITIES, None, opportunity=opportunity)

    def dismiss(self, opportunity: str) -> None:
        self.tell(
            "suggestion_dismissed",
            OPPORTUNITIES,
            None,
            opportunity=opportunity,
            kind="solution",
            owner="acme",
            adopter="beta",
            need_sketch=SKETCH,
            solution_sketch=SKETCH,
            score=0.7,
            reason="not wanted",
        )

    # -- what comes of it ------------------------------------------------------------------

    def history(self, events: Iterable[Event] | None = None, today: date | None = None) -> History:
        """The history of these events, as of the day the last one happened unless told else."""
        return history(self.events if events is None else events, today or self.now.date())

    def measured(self, metric: str) -> Measured:
        return self.history().now.values[metric]

    def value(self, metric: str) -> float | None:
        return self.measured(metric).value


@pytest.fixture
def told() -> Told:
    return Told()
