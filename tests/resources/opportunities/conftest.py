"""Three companies of one home: what they know, what they lack, and the people who answer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from coordinator.settings import CompanySettings, EmbeddingSettings, GitSettings, Person
from coordinator.settings import dump as dumped
from resources.approvals import Approvals, Wanted
from resources.carrying_out import CarriedOut, carry_out
from resources.home import Home
from resources.opportunities import Opportunities, RefreshedOpportunities
from resources.tables import schemas
from tests.resources.patterns.conftest import TopicEmbedder, learning

OWNERS = {"acme": "Ana", "beta": "Bia", "zeta": "Zoe"}
START = datetime(2026, 3, 1, tzinfo=UTC)
SECRET = "zanzibarquokka"
"""A word of acme alone; WISH is one of zeta alone."""
WISH = "flamingotundra"


def component(company: str, path: str, **given: Any) -> dict[str, Any]:
    """The row of one component."""
    moment = pd.Timestamp("2026-03-01", tz="UTC")
    values: dict[str, Any] = {
        "id": f"{company}/{path}",
        "company": company,
        "name": path.rpartition("/")[2],
        "path": path,
        "parts": [path],
        "category": "service",
        "description": "",
        "language": "python",
        "version": "1.0.0",
        "licence": "MIT",
        "owner": "",
        "dependencies": [],
        "tree_hash": "a" * 40,
        "fingerprint": [],
        "fingerprint_version": 1,
        "shingles": 0,
        "files": 1,
        "code_bytes": 10,
        "first_seen_at": moment,
        "last_changed_at": moment,
        "last_commit": "c" * 40,
        "confidence": 1.0,
        "reason": "",
        "manifests": [],
    }
    return values | given


@dataclass
class Market:
    """The home, what happens in it, and a time that only the test moves."""

    home: Home
    now: datetime = START
    learned: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def opportunities(self) -> Opportunities:
        found: Opportunities = self.home.opportunities
        return found

    def knows(self, company: str, *rows: dict[str, Any]) -> None:
        """Let the memory of a company hold exactly these learnings."""
        tables = self.home.companies.instance(company).tables()
        frame = pd.DataFrame(rows, columns=[*learning("x")])
        tables.reconcile("learnings", frame, schema=schemas.learnings())
        self.home.memory(company).store(tables.read("learnings"))
        self.learned[company] = list(rows)

    def builds(self, company: str, *rows: dict[str, Any]) -> None:
        """Let the catalog of a company hold exactly these components."""
        names = [one for one in schemas.components().names if one != schemas.ROW_HASH]
        frame = pd.DataFrame(rows, columns=names)
        tables = self.home.companies.instance(company).tables()
        tables.reconcile("company_components", frame, schema=schemas.components())

    def refresh(self) -> RefreshedOpportunities:
        """Look for everything; patterns first, as the job does."""
        self.home.patterns.refresh()
        return self.opportunities.refresh()

    def settle(self, **given: Any) -> None:
        """Change the settings of opportunities."""
        settings = self.home.settings
        changed = settings.detection.opportunities.model_copy(update=given)
        detection = settings.detection.model_copy(update={"opportunities": changed})
        text = dumped(settings.model_copy(update={"detection": detection}))
        (self.home.path / "orch.yaml").write_text(text, encoding="utf-8")
        self.home.__dict__.pop("settings", None)

    def answer(self, number: int, approve: bool = True, by: str = "Ana") -> str:
        """What became of an answer: '' when it counts."""
        reason = "" if approve else "not for others"
        (outcome,) = self.home.approvals.decide([Wanted(number, approve, reason)], by=by)
        return str(outcome.problem)

    def carry_out(self) -> list[CarriedOut]:
        return carry_out(self.home)

    def outcomes(self) -> list[str]:
        return sorted(one.outcome for one in self.opportunities.state().suggestions.values())

    def waiting(self, kind: str | None = None) -> list[Any]:
        return list(self.home.approvals.waiting(kind=kind))

    def told(self) -> list[str]:
        return [event.event_type for event in self.home.ledger.read(stream="opportunities")]

    def pass_days(self, days: float) -> None:
        self.now += timedelta(days=days)


def need(topic: int, text: str = "", **given: Any) -> dict[str, Any]:
    """An open issue on a topic."""
    title = f"topic-{topic} is open {text}".strip()
    values = {
        "category": "need",
        "source": "jira",
        "evidence_path": f"PAY-{topic}",
        "evidence_commit": "",
    }
    return learning(title, **{**values, **given})


def solution(topic: int, text: str = "", **given: Any) -> dict[str, Any]:
    """A section of a document that solves a topic."""
    values = {"evidence_path": f"docs/{topic}.md"}
    return learning(f"topic-{topic} is open no more {text}".strip(), **{**values, **given})


def described(row: dict[str, Any], topic: int) -> dict[str, Any]:
    """The learning that describes a component."""
    return learning(
        f"{row['name']} topic-{topic} is open",
        id=hashlib.sha256(row["id"].encode()).hexdigest()[:32],
        category="component",
        source="component",
        evidence_path=row["path"],
    )


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Market]:
    with Home.init(tmp_path / "home", embedding=EmbeddingSettings()) as home:
        home.__dict__["embedder"] = TopicEmbedder(home.settings.embedding.model)
        for company, owner in OWNERS.items():
            git = GitSettings(url="https://example.org/x.git")
            owners = (Person(name=owner),)
            home.companies.create(CompanySettings(name=company, git=git, owners=owners))
        made = Market(home)
        home.__dict__["approvals"] = Approvals(home, now=lambda: made.now)
        home.__dict__["opportunities"] = Opportunities(home, now=lambda: made.now)
        yield made


@pytest.fixture
def pair(market: Market) -> Market:
    """acme solved what zeta needs, and nobody looked yet."""
    market.knows("acme", solution(1, f"by {SECRET}"), learning("nothing like it"))
    market.knows("zeta", need(1, f"of {WISH}"), learning("another thing"))
    return market


@pytest.fixture
def offer(market: Market) -> Market:
    """acme has the library that a component of zeta depends on."""
    market.builds(
        "acme",
        component("acme", "libs/authlib", category="library", description=f"Keeps {SECRET}"),
    )
    market.builds(
        "zeta", component("zeta", "shop", dependencies=["authlib"], description=f"Sells {WISH}")
    )
    market.knows("acme", learning("nothing like it"))
    market.knows("zeta", learning("another thing"))
    return market
