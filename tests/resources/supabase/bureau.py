"""A coordinator and a company whose tables stand in a real project, for tests of all of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from coordinator.frames import RowChanges
from coordinator.ledger.events import NewEvent
from coordinator.settings import (
    CompanySettings,
    CoordinatorSettings,
    EmbeddingSettings,
    GitSettings,
    Person,
    SupabaseSettings,
    SupabaseTarget,
    dump,
)
from coordinator.sweeps import SourcePoll
from resources.approvals import Wanted
from resources.carrying_out import carry_out
from resources.doctor.published import published
from resources.home import Home
from resources.progress import Silence
from resources.publishing.pushing import Pushing, PushPlace, PushReport
from resources.recorded_tables import RecordedTables

WORDS = "Rotate the kryptonplatypus token hourly, because the acquirer forgets sessions."
OTHERS = "Close the sessions in a finally block: the pool ran dry under load each evening."


@dataclass
class Bureau:
    """A coordinator and the company acme, each with a table in one Supabase project."""

    home: Home
    project: Any
    where: dict[str, Any]
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.now

    def settings(self, **changes: Any) -> None:
        instance = self.home.companies.instance("acme")
        given = SupabaseSettings.model_validate({**self.where, **changes})
        instance.write_settings(instance.settings.model_copy(update={"supabase": given}))

    # -- reading ---------------------------------------------------------------------------

    def poll(self) -> SourcePoll:
        [found] = self.home.sources.poll("supabase", ["acme"], self.states())
        return found

    def read(self, *, census: bool = False) -> list[str]:
        """Read, store and move the cursor, as a run does; the ids that came."""
        found = self.home.sources.read(
            "acme", "supabase", self.states()["acme"], census=census, progress=Silence()
        )
        tables = RecordedTables("acme", self.tables, self.home.ledger)
        changes = RowChanges(found.rows, found.removed)
        tables.write("supabase_memories", changes, run="r", version=found.version)
        moved = {"source": "supabase", "cursor": found.version, "previous": None}
        event = NewEvent("cursor_moved", moved)
        self.home.ledger.append("company:acme", [event], expected_version=None)
        return list(found.rows["id"])

    def states(self) -> dict[str, Any]:
        return {"acme": self.home.ledger.state("acme")}

    @property
    def tables(self) -> Any:
        return self.home.companies.instance("acme").tables()

    # -- pushing ---------------------------------------------------------------------------

    @property
    def pushing(self) -> Pushing:
        return self.home.pushing

    def place(self, company: str = "acme") -> PushPlace:
        found = self.pushing.find(company)
        assert found is not None
        return found

    def push(self, company: str = "acme") -> PushReport:
        return self.pushing.push(self.place(company))

    def is_due(self, company: str = "acme") -> bool:
        return self.pushing.is_due(self.place(company))

    def learn(self, content: str = WORDS) -> str:
        return self.home.view("acme", surface="test").add(content, category="solution").id

    def share(self, content: str = WORDS) -> str:
        """Share a learning as its people would; returns the copy's id."""
        proposal = self.home.global_memory.propose("acme", self.learn(content))
        self.home.approvals.decide([Wanted(proposal.number, approve=True)], by="Owner of acme")
        [done] = carry_out(self.home)
        assert not done.problem
        return done.result

    def stands(self, table: str = "orchestrator_memories") -> dict[str, str]:
        """The words of our rows that stand in the project, by id."""
        rows = self.project.sql(
            f"SELECT id, content FROM {table} WHERE written_by = 'orchestrator' AND content <> ''"
        )
        return dict(rows)

    def said(self) -> dict[str, str]:
        return {
            one.what: f"{one.level}: {one.said}"
            for one in published(self.home)
            if one.what.startswith("pushed")
        }


@contextmanager
def opened(folder: Path, project: Any, where: dict[str, Any]) -> Iterator[Bureau]:
    """A home at `folder`, whose settings say that both tables are `where`."""
    where = {"loopback": True, "requests_per_second": 100} | where
    with Home.init(folder, embedding=EmbeddingSettings()) as home:
        own = CoordinatorSettings(supabase=SupabaseTarget.model_validate(where))
        (home.path / "orch.yaml").write_text(dump(own))
        where |= {"push": True}
        home.companies.create(
            CompanySettings(
                name="acme",
                git=GitSettings(url="https://example.org/shop.git"),
                owners=(Person(name="Owner of acme"),),
                supabase=SupabaseSettings.model_validate(where),
            )
        )
        bureau = Bureau(home, project, where)
        home.__dict__["pushing"] = Pushing(home, now=bureau)
        yield bureau


def gateway(project: Any) -> Any:
    """The project's gateway as a host of HTTP."""

    def upstream(method: str, target: str, headers: dict[str, str], body: bytes) -> Any:
        kept = {name: value for name, value in headers.items() if name not in HOP}
        asked = httpx.Request(method, f"{project.api}{target}", headers=kept, content=body)
        answer = project.gateway.handle_request(asked)
        told = {name: answer.headers[name] for name in TOLD if name in answer.headers}
        return answer.status_code, told, answer.read()

    return upstream


HOP = ("host", "connection", "content-length", "accept-encoding")
TOLD = ("Content-Type", "Content-Range", "Date")
