"""The metrics read from a ledger on disk, and drawn."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from coordinator.approvals import Proposal
from coordinator.errors import LedgerDamaged
from coordinator.ledger.events import NewEvent, text_hash
from coordinator.metrics import METRICS, History, Measured, history
from coordinator.metrics.effort import MINUTES_SAVED_PER_ANSWER
from coordinator.settings import CompanySettings, EmbeddingSettings
from resources.approvals import Wanted
from resources.home import Home
from resources.ledger import Ledger
from resources.metrics import read_history
from resources.metrics.drawing import picture, shown
from resources.progress import Silence

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
TODAY = date(2026, 3, 4)


@pytest.fixture
def ledger(tmp_path: Path) -> Any:
    """Three copies, one a day."""
    with Ledger.open(tmp_path / "ledger.db", actor="ana", now=lambda: START) as opened:
        for number in range(3):
            told = {"id": f"g-{number:016x}", "learning": f"l{number}", "category": "solution"}
            told |= {"content": text_hash("x"), "proposal": number + 1}
            at = START + timedelta(days=number)
            new = NewEvent("learning_published", told, company="acme", occurred_at=at)
            opened.append("global", [new], expected_version=None, texts=["x"])
        yield opened


def read(ledger: Ledger) -> History:
    return read_history(ledger, today=TODAY, progress=Silence())


def test_the_history_is_that_of_all_events(ledger: Ledger):
    found = read(ledger)
    assert found == history(ledger.read(), TODAY)
    assert [one.values["standing_copies"].value for one in found.days] == [1, 2, 3, 3]


def test_a_ledger_longer_than_a_page_is_read_to_its_end(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
):
    whole = read(ledger)
    monkeypatch.setattr("resources.ledger.ledger._PAGE", 2)
    told: list[int] = []

    class Heard(Silence):
        def advance(self, amount: int = 1) -> None:
            told.append(amount)

    assert read_history(ledger, today=TODAY, progress=Heard()) == whole
    assert told == [2, 1]


def test_an_event_that_was_changed_is_believed_by_no_metric(ledger: Ledger, tmp_path: Path):
    ledger.close()
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as foreign, foreign:
        [sql] = foreign.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'events_no_update'"
        ).fetchone()
        foreign.execute("DROP TRIGGER events_no_update")
        foreign.execute("UPDATE events SET actor = 'eve' WHERE position = 2")
        foreign.execute(sql)
    with Ledger.open(tmp_path / "ledger.db") as opened, pytest.raises(LedgerDamaged) as told:
        read(opened)
    assert told.value.position == 2


def pixels(content: bytes) -> Any:
    from matplotlib.image import imread

    return imread(BytesIO(content))


def test_only_what_has_something_to_show_gets_a_panel(ledger: Ledger):
    found = read(ledger)
    names = [one.name for one in shown(found)]
    assert names == ["standing_copies", "sharing_companies", "copy_age"]
    everything, same = pixels(picture(found)), pixels(picture(found, shown(found)))
    # the same three panels; a line below names what is left out
    assert everything.shape == same.shape
    assert (everything != same).any()
    with pytest.raises(ValueError, match="nothing"):
        picture(found, [one for one in METRICS if one.name == "sights"])


def test_a_history_of_one_day_is_drawn(ledger: Ledger):
    found = read(ledger)
    drawn = pixels(picture(replace(found, days=found.days[:1])))
    assert len({tuple(one) for one in drawn[::4, ::4].reshape(-1, 4).tolist()}) > 10


class Unchanged:
    """Owns proposals whose text is their subject, whatever happens."""

    def current_text(self, proposal: Proposal) -> str | None:
        return proposal.subject

    def carry_out(self, proposal: Proposal) -> str:
        return proposal.subject

    def closed(self, proposal: Proposal) -> None: ...


def test_what_people_decide_in_the_inbox_is_what_the_metrics_count(tmp_path: Path):
    with Home.init(tmp_path / "home", embedding=EmbeddingSettings()) as home:
        for name, owner in (("acme", "Ana"), ("beta", "Bia")):
            given = {"name": name, "owners": [{"name": owner}]}
            given |= {"git": {"url": "https://example.org/x.git"}}
            home.companies.create(CompanySettings.model_validate(given))
        for kind in ("share_export", "share_import"):
            home.approvals.owners.set(kind, Unchanged())

        def ask(kind: Any, company: str, number: int) -> int:
            facts = {"component": f"acme/component:a{number}", "adopter": "beta", "owner": "acme"}
            asked = [(company, kind.removeprefix("share_"))]
            subject = f"o-{number:012x}"
            proposal = home.approvals.propose(
                kind=kind, subject=subject, company=company, asks=asked, text=subject, facts=facts
            )
            return int(proposal.number)

        exports = [Wanted(ask("share_export", "acme", number), True) for number in range(4)]
        home.approvals.decide(exports[:3], by="Ana")
        home.approvals.decide(exports[3:], by="Ana")
        home.approvals.decide([Wanted(ask("share_import", "beta", 0), True)], by="Bia")
        home.approvals.withdraw(exports[3].number, by="Ana")
        today = datetime.now(UTC).date()
        found = read_history(home.ledger, today=today, progress=Silence()).now.values
    assert found["shared_components"].value == 3
    assert found["reuse_rate"] == Measured(1 / 3, 1, 3)
    assert found["minutes_saved"].value == 2 * MINUTES_SAVED_PER_ANSWER
    assert 0 <= (found["time_to_adopt"].value or 0) < 1
