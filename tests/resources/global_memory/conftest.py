"""Three companies of one home that share with each other, each with its people and learnings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from coordinator.approvals import Proposal
from coordinator.memory import Found
from coordinator.settings import (
    CompanySettings,
    EmbeddingSettings,
    GitSettings,
    Person,
    SharingSettings,
)
from resources.approvals import Wanted
from resources.carrying_out import CarriedOut, carry_out
from resources.global_memory import GlobalMemory
from resources.home import Home

OWNERS = {"empresa-a": "Ana Souza", "empresa-b": "Bia Lima", "empresa-c": "Caio Rocha"}


@dataclass
class Neighbours:
    """The companies empresa-a, -b and -c, and what their people do with one another."""

    home: Home
    memories: ModuleType

    @property
    def shared(self) -> GlobalMemory:
        """A new one each time, as each command has."""
        return GlobalMemory(self.home)

    def knows(self, company: str, *keys: str, **changes: Any) -> list[str]:
        """Let a sync of `company` have learned the texts of `keys`; returns the learnings' ids."""
        rows = self.memories.learnings(*keys, **changes)
        tables = self.home.companies.instance(company).tables()
        tables.upsert("learnings", rows)
        self.home.memory(company).store(tables.read("learnings"))
        return list(rows["id"])

    def propose(self, company: str, key: str, **changes: Any) -> Proposal:
        (learning,) = self.knows(company, key, **changes)
        return self.shared.propose(company, learning, by=OWNERS[company])

    def approve(self, number: int, *companies: str) -> None:
        for company in companies:
            (outcome,) = self.home.approvals.decide([Wanted(number, True)], by=OWNERS[company])
            assert not outcome.problem, outcome

    def carry_out(self) -> list[CarriedOut]:
        return carry_out(self.home)

    def share(self, company: str, key: str, **changes: Any) -> str:
        """Propose, approve and publish; returns the copy's id."""
        proposal = self.propose(company, key, **changes)
        self.approve(proposal.number, company)
        (done,) = [one for one in self.carry_out() if one.number == proposal.number]
        assert not done.problem, done
        return done.result

    def sees(self, company: str, query: str, **options: Any) -> list[Found]:
        return self.shared.search_with(company, query, surface="test", **options)

    def settings(self, company: str, **changes: Any) -> None:
        instance = self.home.companies.instance(company)
        instance.write_settings(instance.settings.model_copy(update=changes))

    def told(self, stream: str = "global") -> list[str]:
        return [event.event_type for event in self.home.ledger.read(stream=stream)]


@pytest.fixture
def neighbours(tmp_path: Path, memories: ModuleType) -> Iterator[Neighbours]:
    home = Home.init(tmp_path / "home", embedding=EmbeddingSettings())
    home.__dict__["embedder"] = memories.HashEmbedder()
    with home:
        for name, owner in OWNERS.items():
            home.companies.create(
                CompanySettings(
                    name=name,
                    git=GitSettings(url=f"https://git.{name}.com.br/shop.git"),
                    owners=(Person(name=owner, email=f"{name}@example.org"),),
                    sharing=SharingSettings(mask=("Projeto Falcão",)),
                )
            )
        yield Neighbours(home, memories)
