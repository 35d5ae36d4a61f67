"""Learnings and components by hand: recorded first, indexed after, gone when taken back."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from coordinator.errors import (
    CompanyError,
    LedgerError,
    MemoryUnavailable,
    StorageError,
    UsageError,
)
from coordinator.ledger.company_state import COMPANY
from coordinator.settings import EmbeddingSettings, Person
from resources.approvals import Wanted
from resources.by_hand import ByHand
from resources.by_hand_index import ByHandIndex
from resources.companies import settings_for
from resources.home import Home
from resources.recorded_tables import RecordedTables
from resources.tables import Tables

WORDS = "Quokkaflux tokens are rotated every hour, zebrafish keys every day."
OTHER = "Publicamos em dois ambientes e trocamos o tráfego."


@pytest.fixture
def home(tmp_path: Path, memories: ModuleType) -> Iterator[Home]:
    with Home.init(tmp_path / "home", embedding=EmbeddingSettings()) as made:
        made.__dict__["embedder"] = memories.HashEmbedder()
        made.__dict__["by_hand"] = ByHand(made, wait_s=0)
        for company in ("acme", "zeta"):
            made.companies.create(settings_for(company, "https://example.org/x.git"))
        yield made


def told(home: Home, company: str = "acme") -> list[str]:
    events = home.ledger.read(stream=f"company:{company}")
    return [event.event_type for event in events if event.event_type != "table_committed"]


def held(home: Home, table: str, company: str = "acme") -> set[str]:
    return set(home.companies.instance(company).tables().ids(table))


def holding(folder: Path, word: bytes) -> list[str]:
    """The files below `folder` in which a word stands, in whatever capitals."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [str(one.relative_to(folder)) for one in files if word in one.read_bytes().lower()]


class TestAddingALearning:
    def test_it_is_recorded_searchable_by_its_company_and_by_no_other(self, home: Home) -> None:
        added = home.by_hand.add_learning("acme", WORDS, category="solution")
        assert (added.searchable, added.already, added.problem) == (True, False, "")
        assert told(home) == ["company_created", "learning_added"]
        (hit,) = home.memory("acme").search("quokkaflux")
        assert (hit.id, hit.content, hit.source, hit.category) == (
            added.id, WORDS, "manual", "solution",
        )  # fmt: skip
        assert home.memory("zeta").search("quokkaflux") == []
        assert home.by_hand.learnings("zeta").empty

    def test_the_same_words_again_record_nothing_and_write_nothing(self, home: Home) -> None:
        first = home.by_hand.add_learning("acme", WORDS, category="solution")
        head, tables = home.ledger.head(), home.companies.instance("acme").tables()
        versions = tables.version("learnings"), tables.version("private_memory")
        again = home.by_hand.add_learning("acme", f" {WORDS.upper()}", category="need")
        assert (again.id, again.already, again.searchable) == (first.id, True, True)
        assert home.ledger.head() == head
        assert (tables.version("learnings"), tables.version("private_memory")) == versions

    def test_the_events_hold_no_word_of_it(self, home: Home) -> None:
        home.by_hand.add_learning("acme", WORDS, category="solution", title="Zebrafish", by="Ana")
        event = home.ledger.read(event_type="learning_added")[0]
        assert event.actor == "Ana"
        with sqlite3.connect(home.path / "ledger.db") as database:
            rows = str(database.execute("SELECT * FROM events").fetchall()).lower()
        assert "quokkaflux" not in rows
        assert "zebrafish" not in rows

    @pytest.mark.parametrize("by", ["", "x" * 201, "a\nb", "\ud800"])
    def test_a_name_that_cannot_sign_is_refused_and_records_nothing(
        self, home: Home, by: str
    ) -> None:
        if by:
            with pytest.raises(LedgerError):
                home.by_hand.add_learning("acme", WORDS, category="solution", by=by)
            assert told(home) == ["company_created"]

    def test_of_a_company_that_is_not_there_it_is_refused(self, home: Home) -> None:
        with pytest.raises(CompanyError):
            home.by_hand.add_learning("nobody", WORDS, category="solution")
        with pytest.raises(CompanyError):
            home.by_hand.learnings("../acme")
        assert home.ledger.state("nobody") == COMPANY.initial

    def test_what_sources_taught_stays_beside_it(self, home: Home, memories: ModuleType) -> None:
        learned = memories.learnings("retry", "cache")
        home.companies.instance("acme").tables().reconcile("learnings", learned)
        home.memory("acme").store(learned)
        home.by_hand.add_learning("acme", WORDS, category="solution")
        assert len(held(home, "learnings")) == len(held(home, "private_memory")) == 3

    def test_a_memory_without_its_table_of_learnings_is_not_emptied(
        self, home: Home, memories: ModuleType
    ) -> None:
        home.memory("acme").store(memories.learnings())
        added = home.by_hand.add_learning("acme", WORDS, category="solution")
        assert held(home, "private_memory") == {*memories.learnings()["id"], added.id}

    def test_the_ledger_knows_the_tables_as_they_are(self, home: Home) -> None:
        home.by_hand.add_learning("acme", WORDS, category="solution")
        tables, state = home.companies.instance("acme").tables(), home.ledger.state("acme")
        for name in ("learnings", "private_memory"):
            known = state.tables[name]
            assert (known.version, known.rows) == (tables.version(name), 1), name

    def test_eight_writers_of_the_same_and_other_words_lose_and_double_nothing(
        self, home: Home
    ) -> None:
        patient = ByHand(home, wait_s=60)

        def add(number: int) -> bool:
            words = WORDS if number % 2 else f"{OTHER} {number}"
            return patient.add_learning("acme", words, category="solution").already

        with ThreadPoolExecutor(8) as pool:
            already = list(pool.map(add, range(16)))
        assert sum(already) == 7
        assert told(home).count("learning_added") == 9
        recorded = set(home.ledger.state("acme").learnings)
        assert held(home, "learnings") == held(home, "private_memory") == recorded

    def test_a_folder_put_back_from_a_backup_is_recorded_before_its_words(self, home: Home) -> None:
        removed = {"reason": "by mistake"}
        home.ledger.append("company:acme", [_event("company_removed", removed)], expected_version=1)
        home.by_hand.add_learning("acme", WORDS, category="solution")
        home.companies.record(home.companies.instance("acme"))
        assert len(home.by_hand.learnings("acme")) == 1


class TestWhenTheIndexCannotFollow:
    def test_a_running_sync_leaves_the_learning_recorded_and_says_so(self, home: Home) -> None:
        with home.companies.instance("acme").lock():
            added = home.by_hand.add_learning("acme", WORDS, category="solution")
        assert (added.already, added.searchable) == (False, False)
        assert "orch sync acme" in added.problem
        assert len(home.by_hand.learnings("acme")) == 1
        assert home.memory("acme").search("quokkaflux") == []

    @pytest.mark.parametrize(
        "broken", [MemoryUnavailable("damaged"), StorageError("the disk is full")]
    )
    def test_whatever_keeps_it_out_the_next_call_brings_it_in(
        self, home: Home, monkeypatch: pytest.MonkeyPatch, broken: Exception
    ) -> None:
        with monkeypatch.context() as broken_index:
            broken_index.setattr(ByHandIndex, "store_learnings", _raising(broken))
            added = home.by_hand.add_learning("acme", WORDS, category="solution")
        assert not added.searchable
        again = home.by_hand.add_learning("acme", WORDS, category="solution")
        assert (again.already, again.searchable) == (True, True)
        assert told(home).count("learning_added") == 1
        assert held(home, "private_memory") == {added.id}

    @pytest.mark.parametrize(
        ("owner", "step"),
        [
            (Tables, "upsert"),
            (Tables, "_acknowledge"),
            (ByHandIndex, "forget_learnings"),
            (RecordedTables, "commit"),
        ],
    )
    def test_an_addition_killed_at_any_step_is_whole_after_the_next(
        self, home: Home, monkeypatch: pytest.MonkeyPatch, owner: type, step: str
    ) -> None:
        with monkeypatch.context() as killed:
            killed.setattr(owner, step, _raising(Killed()))
            with pytest.raises(Killed):
                home.by_hand.add_learning("acme", WORDS, category="solution")
        other = home.by_hand.add_learning("acme", OTHER, category="need")
        assert other.searchable
        assert told(home).count("learning_added") == 2
        ids = set(home.ledger.state("acme").learnings)
        assert held(home, "learnings") == held(home, "private_memory") == ids

    def test_a_sync_that_comes_meanwhile_waits_for_it(self, home: Home) -> None:
        acme = home.companies.instance("acme")
        with ThreadPoolExecutor(1) as pool:
            with acme.lock(brief=True):
                sync = pool.submit(_lock_and_leave, acme)
                with pytest.raises(TimeoutError):
                    sync.result(timeout=0.3)
            sync.result(timeout=30)


class TestRemovingALearning:
    def test_its_rows_and_words_are_gone_and_the_others_stay(self, home: Home) -> None:
        added = home.by_hand.add_learning("acme", WORDS, category="solution", title="Zebrafish")
        other = home.by_hand.add_learning("acme", OTHER, category="need")
        before = holding(home.path, b"quokkaflux")
        assert any("learnings.lance" in path for path in before), before
        assert any("private_memory.lance" in path for path in before), before
        assert any("ledger.db" in path for path in before), before
        removed = home.by_hand.remove_learning("acme", added.id, reason="wrong")
        assert (removed.gone, removed.already, removed.problem) == (True, False, "")
        for word in (b"quokkaflux", b"zebrafish"):
            assert holding(home.path, word) == []
        assert held(home, "learnings") == held(home, "private_memory") == {other.id}
        assert [hit.id for hit in home.memory("acme").search("tráfego")] == [other.id]

    def test_twice_it_is_recorded_once(self, home: Home) -> None:
        added = home.by_hand.add_learning("acme", WORDS, category="solution")
        home.by_hand.remove_learning("acme", added.id, reason="wrong")
        again = home.by_hand.remove_learning("acme", added.id, reason="wrong")
        assert (again.gone, again.already) == (True, True)
        assert told(home).count("learning_removed") == 1

    def test_what_was_removed_can_be_written_again(self, home: Home) -> None:
        added = home.by_hand.add_learning("acme", WORDS, category="solution")
        home.by_hand.remove_learning("acme", added.id, reason="wrong")
        again = home.by_hand.add_learning("acme", WORDS, category="need", title="Anew")
        assert (again.id, again.already, again.searchable) == (added.id, False, True)
        (row,) = home.by_hand.learnings("acme").to_dict("records")
        assert (row["title"], row["category"]) == ("Anew", "need")
        home.ledger.verify()

    @pytest.mark.parametrize("learning", ["x", "' OR 1=1 --", "a" * 10_000, "", "../../etc"])
    def test_one_that_never_was_is_refused(self, home: Home, learning: str) -> None:
        with pytest.raises(UsageError, match="no learning of that id") as refused:
            home.by_hand.remove_learning("acme", learning, reason="wrong")
        assert len(str(refused.value)) < 300
        assert told(home) == ["company_created"]

    def test_that_of_another_company_is_refused(self, home: Home) -> None:
        added = home.by_hand.add_learning("acme", WORDS, category="solution")
        with pytest.raises(UsageError):
            home.by_hand.remove_learning("zeta", added.id, reason="mine now")
        assert held(home, "learnings") == {added.id}

    def test_a_reason_too_long_is_refused_without_its_words(self, home: Home) -> None:
        added = home.by_hand.add_learning("acme", WORDS, category="solution")
        with pytest.raises(UsageError, match="a reason has") as refused:
            home.by_hand.remove_learning("acme", added.id, reason="y" * 10_000_000)
        assert "yyy" not in str(refused.value)
        assert len(home.by_hand.learnings("acme")) == 1

    @pytest.mark.parametrize(
        ("owner", "step"),
        [
            (Tables, "forget"),
            (Tables, "delete"),
            (Tables, "erase_deleted"),
            (Tables, "_overwrite"),
            (Tables, "_acknowledge"),
            (RecordedTables, "commit"),
        ],
    )
    def test_a_removal_killed_at_any_step_leaves_no_byte_after_the_next_call(
        self, home: Home, monkeypatch: pytest.MonkeyPatch, owner: type, step: str
    ) -> None:
        added = home.by_hand.add_learning("acme", WORDS, category="solution")
        with monkeypatch.context() as killed:
            killed.setattr(owner, step, _raising(Killed()))
            with pytest.raises(Killed):
                home.by_hand.remove_learning("acme", added.id, reason="wrong")
        assert home.by_hand.remove_learning("acme", added.id, reason="wrong").gone
        assert holding(home.path, b"quokkaflux") == []

    def test_what_a_killed_rebuild_gathered_goes_too(
        self, home: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        added = home.by_hand.add_learning("acme", WORDS, category="solution")
        tables = home.companies.instance("acme").tables()
        with monkeypatch.context() as killed:
            killed.setattr(Tables, "replace", _raising(Killed()))
            with pytest.raises(Killed):
                home.memory("acme").rebuild(tables.read("learnings"))
        assert "private_memory.next" in tables.names()
        home.by_hand.remove_learning("acme", added.id, reason="wrong")
        assert holding(home.path, b"quokkaflux") == []


class TestComponents:
    def test_before_anything_was_fetched_they_are_recorded_for_the_first_sync(
        self, home: Home
    ) -> None:
        added = home.by_hand.add_component("acme", "./libs/retry/", name="Retry")
        assert (added.already, added.searchable) == (False, False)
        assert "orch sync acme" in added.problem
        (declared,) = home.by_hand.components("acme")
        assert (declared.path, declared.name) == ("libs/retry", "Retry")
        assert home.by_hand.components("zeta") == []

    def test_the_same_words_are_recorded_once_and_other_words_replace_them(
        self, home: Home
    ) -> None:
        for name in ("Quokkaflux", "Quokkaflux", "Retry"):
            home.by_hand.add_component("acme", "libs/retry", name=name)
        assert told(home)[1:] == ["component_added", "component_added", "texts_purged"]
        (declared,) = home.by_hand.components("acme")
        assert declared.name == "Retry"
        assert holding(home.path, b"quokkaflux") == []

    def test_taken_back_their_words_are_purged(self, home: Home) -> None:
        home.by_hand.add_component("acme", "libs/quokkaflux")
        home.by_hand.remove_component("acme", "libs/quokkaflux/", reason="wrong")
        again = home.by_hand.remove_component("acme", "libs/quokkaflux", reason="wrong")
        assert again.already
        assert home.by_hand.components("acme") == []
        assert holding(home.path, b"quokkaflux") == []

    def test_one_that_never_was_declared_is_refused(self, home: Home) -> None:
        with pytest.raises(UsageError, match="declared by hand"):
            home.by_hand.remove_component("acme", "libs/retry", reason="wrong")

    def test_no_event_tells_where_it_is(self, home: Home) -> None:
        home.by_hand.add_component("acme", "libs/quokkaflux", description="zebrafish")
        with sqlite3.connect(home.path / "ledger.db") as database:
            rows = str(database.execute("SELECT * FROM events").fetchall())
        assert "quokkaflux" not in rows
        assert "zebrafish" not in rows


class TestACloneWithData:
    def test_it_holds_what_was_written_by_hand_and_lives_on_its_own(self, home: Home) -> None:
        added = home.by_hand.add_learning("acme", WORDS, category="solution")
        home.by_hand.add_component("acme", "libs/retry", name="Retry")
        home.companies.clone("acme", "twin", data=True)
        assert held(home, "private_memory", "twin") == {added.id}
        mine, twins = home.by_hand.learnings("acme"), home.by_hand.learnings("twin")
        assert mine.to_dict("records") == twins.to_dict("records")
        assert home.by_hand.components("twin") == home.by_hand.components("acme")
        home.by_hand.remove_learning("acme", added.id, reason="wrong")
        assert home.by_hand.add_learning("twin", WORDS, category="solution").already
        assert home.memory("twin").search("quokkaflux")

    def test_a_clone_without_data_holds_none_of_it(self, home: Home) -> None:
        home.by_hand.add_learning("acme", WORDS, category="solution")
        home.companies.clone("acme", "twin")
        assert home.by_hand.learnings("twin").empty
        assert not home.ledger.texts("twin", home.ledger.text_hashes("acme"))


class TestWhatAsksToShareIt:
    def test_it_is_void_when_the_learning_is_removed_and_its_words_are_purged(
        self, home: Home
    ) -> None:
        added = home.by_hand.add_learning("acme", WORDS, category="solution")
        asked = home.global_memory.propose("acme", added.id)
        home.by_hand.remove_learning("acme", added.id, reason="wrong")
        assert home.approvals.proposal(asked.number).status == "void"
        assert holding(home.path, b"quokkaflux") == []

    def test_a_copy_that_was_shared_stays_with_its_words(self, home: Home) -> None:
        _let_ana_publish(home)
        added = home.by_hand.add_learning("acme", WORDS, category="solution")
        asked = home.global_memory.propose("acme", added.id)
        home.approvals.decide([Wanted(asked.number, approve=True)], by="Ana")
        home.global_memory.carry_out(home.approvals.proposal(asked.number))
        home.by_hand.remove_learning("acme", added.id, reason="wrong")
        home.global_memory.store()
        assert home.global_memory.rows()["content"].tolist() == [WORDS]
        assert home.memory("acme").search("quokkaflux") == []


class Killed(BaseException):
    """What nobody catches."""


def _raising(error: BaseException) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


def _event(kind: str, payload: dict[str, object]) -> Any:
    from coordinator.ledger.events import NewEvent

    return NewEvent(kind, payload)


def _let_ana_publish(home: Home) -> None:
    acme = home.companies.instance("acme")
    acme.write_settings(acme.settings.model_copy(update={"owners": (Person(name="Ana"),)}))


def _lock_and_leave(instance: Any) -> None:
    with instance.lock():
        pass
