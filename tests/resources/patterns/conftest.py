"""Three companies of one home whose learnings are on topics."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from coordinator.settings import EmbeddingSettings
from coordinator.settings import dump as dumped
from resources.companies import settings_for
from resources.home import Home
from resources.patterns import Patterns, Refreshed

COMPANIES = ("acme", "beta", "zeta")


class TopicEmbedder:
    """Texts that name a topic ("topic-7") point nearly one way, whatever else they say."""

    def __init__(self, model: str, width: int = 384) -> None:
        self.model, self.width = model, width

    def embed_passages(
        self, texts: Sequence[str], on_batch: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """One unit vector per text."""
        return np.stack([self.embed_query(text) for text in texts])

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """The unit vector of one text: its topic's, and a little of its own."""
        named = re.search(r"topic-(\d+)", text)
        own = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
        vector = 0.3 * np.random.default_rng(own).standard_normal(self.width) / self.width**0.5
        vector[int(named[1]) if named else 200 + own % 100] += 1
        return (vector / np.linalg.norm(vector)).astype(np.float32)


def learning(text: str, **changes: Any) -> dict[str, Any]:
    """The row of one learning."""
    return {
        "id": hashlib.sha256(text.encode()).hexdigest()[:32],
        "title": text,
        "content": f"{text}, told at length.",
        "category": "solution",
        "source": "document",
        "language": "en",
        "evidence_commit": "c" * 40,
        "evidence_path": "docs/notes.md",
        "evidence_line": 3,
        "occurred_at": pd.Timestamp("2026-03-01", tz="UTC"),
        "substance": 0.9,
        "reason": "says why",
    } | changes


@dataclass
class Street:
    """The home of three companies, and what happens in it."""

    home: Home

    @property
    def patterns(self) -> Patterns:
        """A new one each time, as each command has."""
        return Patterns(self.home)

    def learns(self, company: str, *texts: str, **changes: Any) -> list[str]:
        """Let the memory of a company hold exactly these texts; returns the learnings' ids."""
        rows = pd.DataFrame([learning(text, **changes) for text in texts])
        tables = self.home.companies.instance(company).tables()
        tables.reconcile("learnings", rows)
        self.home.memory(company).store(tables.read("learnings"))
        return list(rows["id"])

    def refresh(self) -> Refreshed:
        return self.patterns.refresh()

    def members(self) -> list[set[str]]:
        """Company and title of the members of each pattern that stands."""
        return [{f"{one.company}: {one.title}" for one in each.members} for each in self.shown()]

    def shown(self) -> list[Any]:
        return sorted(self.patterns.shown(), key=lambda one: one.pattern.members)

    def told(self) -> list[str]:
        return [event.event_type for event in self.home.ledger.read(stream="patterns")]


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    with Home.init(tmp_path / "home", embedding=EmbeddingSettings()) as home:
        home.__dict__["embedder"] = TopicEmbedder(home.settings.embedding.model)
        for company in COMPANIES:
            home.companies.create(settings_for(company, "https://example.org/x.git"))
        yield Street(home)


@pytest.fixture
def settled(street: Street) -> Street:
    """Two patterns over three companies, and what nobody else says."""
    street.learns("acme", "topic-1 by acme", "topic-2 by acme", "nothing like it")
    street.learns("beta", "topic-1 by beta", "topic-3 by beta")
    street.learns("zeta", "topic-2 by zeta", "topic-4 by zeta")
    street.refresh()
    return street


def write_settings(home: Home, **patterns: Any) -> None:
    """Change how patterns are found."""
    settings = home.settings
    changed = settings.detection.patterns.model_copy(update=patterns)
    detection = settings.detection.model_copy(update={"patterns": changed})
    text = dumped(settings.model_copy(update={"detection": detection}))
    (home.path / "orch.yaml").write_text(text, encoding="utf-8")
    home.__dict__.pop("settings", None)
