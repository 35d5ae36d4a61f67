"""Three companies that say the same, their people, and the coordinator's Jira and Confluence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from coordinator.approvals import Proposal
from coordinator.publishing.records import Target
from coordinator.settings import (
    CompanySettings,
    CoordinatorConfluence,
    CoordinatorJira,
    CoordinatorSettings,
    EmbeddingSettings,
    GitSettings,
    Person,
    SharingSettings,
    dump,
)
from orch_dagster.samples.atlassian import Account, Rules
from resources.approvals import Wanted
from resources.carrying_out import CarriedOut, carry_out
from resources.home import Home
from resources.http import Lanes
from resources.insights import Insights, RefreshedInsights
from resources.opportunities import Opportunities
from resources.publishing.delivering import Delivered
from resources.publishing.publishing import Publishing
from tests.resources.patterns.conftest import TopicEmbedder, learning

JIRA, CONFLUENCE = Target("jira"), Target("confluence")
EMAIL, TOKEN = "bot@orch.example", "an api token"
COMPANIES = ("acme", "beta", "zeta")


@dataclass
class Fair:
    """The home of three companies, what they learn, what their people say, what is published."""

    home: Home
    stand_in: Any
    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)

    def learns(self, company: str, *texts: str, **changes: Any) -> list[str]:
        """Let the memory of a company hold exactly these texts; returns the learnings' ids."""
        rows = pd.DataFrame([learning(text, **changes) for text in texts])
        tables = self.home.companies.instance(company).tables()
        tables.reconcile("learnings", rows)
        self.home.memory(company).store(tables.read("learnings"))
        return list(rows["id"])

    def refresh(self) -> RefreshedInsights:
        """Look for patterns, and ask; a new one each time, as each command has."""
        self.home.patterns.refresh()
        return self.insights.refresh()

    @property
    def insights(self) -> Insights:
        return Insights(self.home, now=self)

    def asked(self, *statuses: str) -> list[tuple[str, str]]:
        """Company and status of every question about a part, by its number."""
        found = [one for one in self.home.approvals.inbox().proposals if _is_part(one)]
        return [
            (one.company, one.status) for one in found if not statuses or one.status in statuses
        ]

    def question(self, company: str) -> Proposal:
        """The last question a company was asked about a part."""
        found = [one for one in self.home.approvals.inbox().proposals if _is_part(one)]
        return [one for one in found if one.company == company][-1]

    def says(self, company: str, *, yes: bool = True) -> list[CarriedOut]:
        """Let a company's owner answer its last question, and carry it out."""
        wanted = Wanted(
            self.question(company).number, yes, reason="" if yes else "not ours to tell"
        )
        (outcome,) = self.home.approvals.decide([wanted], by=f"Owner of {company}")
        assert not outcome.problem, outcome
        return carry_out(self.home)

    def grant(self, company: str) -> None:
        until = datetime.now(UTC) + timedelta(days=30)
        self.home.approvals.grant(
            "publish_insight", company, "publication", until, by=f"Owner of {company}"
        )

    def deliver(self) -> list[Delivered]:
        """Publish the insights to both places."""
        self.advance(minutes=1)
        done = [self.home.publishing.deliver(one, "insight") for one in (JIRA, CONFLUENCE)]
        if done[1].counts["archive"]:  # a site takes its time; a page goes after those below it
            self.advance(minutes=2)
            self.home.publishing.deliver(CONFLUENCE, "insight")
            self.advance(seconds=5)
        return done

    def titles(self) -> list[str]:
        """The titles of the issues and pages that stand, but for the space's own page."""
        issues = [one for one in self.stand_in.issues("ORCH") if one.summary != "Withdrawn"]
        pages = self.stand_in.pages("ORCH", status="current")
        return sorted([one.summary for one in issues] + [one.title for one in pages])

    def words(self) -> str:
        """Everything that can be read in both places now."""
        pages = [[one.title, one.body] for one in self.stand_in.pages("ORCH", status="current")]
        return str(
            [[[one.summary, one.description] for one in self.stand_in.issues("ORCH")], pages]
        )

    def rules(self, **changes: Any) -> None:
        """Change when people are asked, or how often."""
        detection = self.home.settings.detection
        for name in ("insights", "opportunities"):
            one = getattr(detection, name)
            known = {key: value for key, value in changes.items() if key in type(one).model_fields}
            detection = detection.model_copy(update={name: one.model_copy(update=known)})
        settings = self.home.settings.model_copy(update={"detection": detection})
        (self.home.path / "orch.yaml").write_text(dump(settings), encoding="utf-8")
        self.home.__dict__.pop("settings", None)


def _is_part(one: Proposal) -> bool:
    return one.kind == "publish_insight"


@pytest.fixture
def fair(
    tmp_path: Path, stand_ins: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Fair]:
    monkeypatch.setenv("ORCH_TOKEN", TOKEN)
    with ExitStack() as stack:
        home = stack.enter_context(Home.init(tmp_path / "home", embedding=EmbeddingSettings()))
        home.__dict__["embedder"] = TopicEmbedder(home.settings.embedding.model)
        fair = Fair(home, None, datetime.now(UTC))
        site = fair.stand_in = stand_ins(fair, Rules(archive_delay=timedelta(seconds=1)))
        site.add_account(Account(EMAIL, TOKEN, "acc-bot", "Bot"))
        site.add_project("ORCH", readers={EMAIL}, writers={EMAIL})
        site.add_space("ORCH", readers={EMAIL}, writers={EMAIL})
        account = {"site": stack.enter_context(site.serving()), "email": EMAIL, "loopback": True}
        account |= {"token_env": "ORCH_TOKEN", "requests_per_second": 100}
        own = CoordinatorSettings(
            jira=CoordinatorJira(project="ORCH", **account),
            confluence=CoordinatorConfluence(space="ORCH", **account),
        )
        (home.path / "orch.yaml").write_text(dump(own), encoding="utf-8")
        home.__dict__.pop("settings", None)
        for name in COMPANIES:
            home.companies.create(
                CompanySettings(
                    name=name,
                    git=GitSettings(url=f"https://git.{name}.example/shop.git"),
                    owners=(Person(name=f"Owner of {name}"),),
                    sharing=SharingSettings(mask=("Projeto Falcão",)),
                )
            )
        home.__dict__["lanes"] = Lanes(now=fair, sleep=lambda s: fair.advance(seconds=s))
        home.__dict__["publishing"] = Publishing(home, now=fair)
        home.__dict__["opportunities"] = Opportunities(home, now=fair)
        # the stand-in's clock is moved by hand
        monkeypatch.setattr("resources.confluence.publishing.ARCHIVING", (0.0,))
        yield fair


@pytest.fixture
def met(fair: Fair) -> Fair:
    """acme and beta say the same, zeta nothing of it; both were asked what may be shown."""
    fair.learns("acme", "topic-1 quokkaflux by acme", "nothing like it")
    fair.learns("beta", "topic-1 wombatjet by beta")
    fair.learns("zeta", "topic-4 by zeta")
    fair.refresh()
    return fair


@pytest.fixture
def told(met: Fair) -> Fair:
    """acme agreed, beta has not answered, and the page stands."""
    met.says("acme")
    met.deliver()
    return met
