"""The doctor: a sound home has nothing, and each damage is named with what heals it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import namedtuple
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from coordinator import memory
from coordinator.approvals import Wanted
from coordinator.errors import CompanyError
from coordinator.frames import RowChanges, commits_frame
from coordinator.ledger.events import NewEvent, text_hash
from coordinator.settings import EmbeddingSettings
from resources.carrying_out import carry_out
from resources.companies import settings_for
from resources.doctor import Finding, examine
from resources.global_memory.records import COPY_COLUMNS
from resources.home import Home
from resources.recorded_tables import RecordedTables
from resources.tables import Written
from tests.resources.memories import HashEmbedder, learnings

if TYPE_CHECKING:
    from tests.conftest import Repository

SHOP = "shop"
SHARED = "Retry a payment only with its first key, or the customer pays twice."


@pytest.fixture(scope="module")
def sound(
    repository: Callable[[str], Repository], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A home with one company, filled as a sync fills it."""
    made = repository("shop")
    made.commit({"README.md": "# Shop\n"}, "Start")
    path = tmp_path_factory.mktemp("sound") / "home"
    with Home.init(path, embedding=EmbeddingSettings()) as home:
        home.__dict__["embedder"] = HashEmbedder()
        home.companies.create(settings_for(SHOP, str(made.path), owners=[{"name": "Ana"}]))
        with home.companies.instance(SHOP).mirror() as mirror:
            head = mirror.fetch().head
            commits = list(mirror.commits(mirror.commit_ids()))
        tables = RecordedTables(SHOP, home.companies.instance(SHOP).tables(), home.ledger)
        tables.write("git_commits", RowChanges(commits_frame(commits), ()), run="r", version="v")
        tables.write("learnings", learnings(), run="r", version="v")
        stored = home.memory(SHOP).store(learnings())
        written = Written("private_memory", stored.embedded, 0, 0, stored.version, stored.rows)
        tables.record(written, run="r", version="v")
        append(home, "cursor_moved", source="git", cursor=f"{head}+0", previous=None)
        share(home, SHARED)
        with closing(sqlite3.connect(home.dagster_folder / "runs.db")) as runs:
            runs.execute("CREATE TABLE runs (id TEXT)")
            runs.executemany("INSERT INTO runs VALUES (?)", [("x" * 500,)] * 100)
            runs.commit()
    return path


@pytest.fixture
def home(sound: Path, tmp_path: Path) -> Path:
    shutil.copytree(sound, tmp_path / "home", symlinks=True)
    return tmp_path / "home"


def append(home: Home, event_type: str, **payload: object) -> None:
    event = NewEvent(event_type, payload, company=SHOP)
    home.ledger.append(f"company:{SHOP}", [event], expected_version=None)


def share(home: Home, words: str, *, carry: bool = True) -> str:
    """Write a learning by hand and share it; the id of its copy."""
    added = home.by_hand.add_learning(SHOP, words, category="solution")
    proposal = home.global_memory.propose(SHOP, added.id)
    (outcome,) = home.approvals.decide([Wanted(proposal.number, approve=True)], by="Ana")
    assert not outcome.problem
    if not carry:
        return ""
    (done,) = carry_out(home)
    assert not done.problem
    return done.result


def working(path: Path) -> Home:
    opened = Home.open(path)
    opened.__dict__["embedder"] = HashEmbedder()
    return opened


def found(path: Path, company: str | None = None) -> list[Finding]:
    with working(path) as opened:
        return list(examine(opened, company))


def sick(path: Path) -> set[tuple[str, str]]:
    """Level and subject of everything that is not sound."""
    return {(one.level, one.what) for one in found(path) if one.level != "ok"}


def tables_folder(home: Path) -> Path:
    return home / "instances" / SHOP / "tables"


def flip(file: Path, place: int) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 0x55
    file.chmod(0o600)
    file.write_bytes(content)


def test_a_sound_home_has_nothing_to_heal_and_everything_was_looked_at(home: Path) -> None:
    seen = found(home)
    assert [one for one in seen if one.level != "ok"] == []
    assert {one.what for one in seen} >= {
        "home", "settings", "disk", "dagster", "model", "ledger", "companies", "leftovers",
        "mirror", "git_commits", "learnings", "private_memory", "memory", "by hand", "search",
        "catalog", "global_memory", "shared", "retracted", "approvals",
    }  # fmt: skip


def test_looking_changes_nothing(home: Path) -> None:
    def listing() -> dict[str, tuple[int, int]]:
        files = [p for p in home.rglob("*") if p.is_file()]
        kept = [p for p in files if not p.name.endswith((".db-shm", ".db-wal", ".lock"))]
        return {str(p): (p.stat().st_size, p.stat().st_mtime_ns) for p in kept}

    before = listing()
    found(home)
    assert listing() == before


# -- the home ----------------------------------------------------------------------------------


def open_to_others(home: Path) -> None:
    home.chmod(0o750)


def break_settings(home: Path) -> None:
    (home / "orch.yaml").write_text("embeding: {}\n")


def break_company_settings(home: Path) -> None:
    (home / "instances" / SHOP / "company.yaml").write_text("name: other\n")


def damage_dagster(home: Path) -> None:
    file = home / "dagster" / "runs.db"
    file.write_bytes(file.read_bytes()[:4096] + b"\xff" * 40_000)


def lose_dagster_settings(home: Path) -> None:
    (home / "dagster" / "dagster.yaml").unlink()


def flip_a_ledger_byte(home: Path) -> None:
    with closing(sqlite3.connect(home / "ledger.db")) as ledger:
        ledger.execute("DROP TRIGGER events_no_update")
        ledger.execute("UPDATE events SET actor = 'eve' WHERE position = 2")
        ledger.commit()


def change_an_event_nobody_reads(home: Path) -> None:
    """The trigger stands again afterwards: only a verification of every row finds it."""
    with closing(sqlite3.connect(home / "ledger.db")) as ledger:
        guard = "SELECT sql FROM sqlite_master WHERE name = 'events_no_update'"
        (trigger,) = ledger.execute(guard).fetchone()
        ledger.execute("DROP TRIGGER events_no_update")
        ledger.execute("UPDATE events SET actor = 'eve' WHERE event_type = 'home_initialized'")
        ledger.execute(trigger)
        ledger.commit()


def lose_anchors(home: Path) -> None:
    (home / "ledger.anchors").unlink()


def lose_company_folder(home: Path) -> None:
    shutil.rmtree(home / "instances" / SHOP)


# -- the tables --------------------------------------------------------------------------------


def lose_a_table(home: Path) -> None:
    shutil.rmtree(tables_folder(home) / "learnings.lance")


def step_back(home: Path) -> None:
    manifests = sorted((tables_folder(home) / "private_memory.lance/_versions").glob("*.manifest"))
    assert len(manifests) > 1
    manifests[0].unlink()  # named by 2^64 - 1 - version: the newest sorts first


def cut_a_data_file(home: Path) -> None:
    for file in (tables_folder(home) / "git_commits.lance/data").iterdir():
        file.write_bytes(file.read_bytes()[:100])


def change_a_stored_word(home: Path) -> None:
    changed = 0
    for file in (tables_folder(home) / "learnings.lance/data").iterdir():
        content = file.read_bytes()
        changed += content.count(b"tokens rotativos")
        file.write_bytes(content.replace(b"tokens rotativos", b"tokens ROTATIVOS"))
    assert changed


def unmake_a_vector(home: Path) -> None:
    with Home.open(home) as opened:
        tables = opened.companies.instance(SHOP).tables()
        frame = tables.read("private_memory")
        frame["row_hash"] = [tables.ids("private_memory")[key] for key in frame["id"]]
        frame["vector"] = [np.zeros(384, dtype=np.float32), *frame["vector"][1:]]
        schema = tables.schema("private_memory")
        # twice: rows are only written when their hash differs
        tables.upsert("private_memory", frame.assign(row_hash="x"), schema=schema)
        tables.upsert("private_memory", frame, schema=schema)


def forget_a_learning_in_memory(home: Path) -> None:
    with Home.open(home) as opened:
        tables = opened.companies.instance(SHOP).tables()
        tables.delete("private_memory", [next(iter(tables.ids("private_memory")))])


def record_other_rows(home: Path) -> None:
    with Home.open(home) as opened:
        state = opened.ledger.state(SHOP).tables["learnings"]
        append(
            opened, "table_committed", table="learnings", version=state.version, rows=state.rows + 1
        )


def cut_off_between_learnings_and_memory(home: Path) -> None:
    forget_a_learning_in_memory(home)
    with Home.open(home) as opened:
        append(
            opened, "asset_computed", asset="learnings", input_version="w", data_version="d", rows=5
        )


# -- by hand, the mirror, leftovers ------------------------------------------------------------


def record_by_hand_without_index(home: Path) -> None:
    with Home.open(home) as opened:
        words = "{}"
        opened.ledger.append(
            f"company:{SHOP}",
            [NewEvent("learning_added", {
                "learning": "m-1", "category": "solution", "language": "en",
                "text": text_hash(words),
            })],
            expected_version=None,
            texts=[words],
        )  # fmt: skip


def keep_what_was_taken_back(home: Path) -> None:
    with Home.open(home) as opened:
        frame = learnings(*("login", "retry", "cache", "deploy", "index"))
        frame.loc[0, "source"] = "manual"
        tables = RecordedTables(SHOP, opened.companies.instance(SHOP).tables(), opened.ledger)
        tables.write("learnings", frame, run="r", version="v")
        opened.__dict__["embedder"] = HashEmbedder()
        opened.memory(SHOP).store(frame)


def damage_the_mirror(home: Path) -> None:
    packs = list((home / "instances" / SHOP / "mirror.git").glob("objects/pack/*.pack"))
    assert packs
    flip(packs[0], -25)  # in a file, which nothing but the checksum covers here


def lose_the_mirror(home: Path) -> None:
    shutil.rmtree(home / "instances" / SHOP / "mirror.git")


def leave_a_creation(home: Path) -> None:
    (home / "instances" / ".creating-other").mkdir()


def leave_a_removal(home: Path) -> None:
    (home / "instances" / ".removing-other").mkdir()


def leave_a_holder(home: Path) -> None:
    (home / "instances" / SHOP / ".sync.holder").write_text(json.dumps({"pid": 2**22 + 1}))


def leave_a_rebuild(home: Path) -> None:
    (tables_folder(home) / "private_memory.next.lance").mkdir()


def leave_half_a_settings_file(home: Path) -> None:
    (home / ".orch.yaml.123.new").write_text("embedding")


def add_an_unknown_folder(home: Path) -> None:
    text = (home / "instances" / SHOP / "company.yaml").read_text()
    (home / "instances" / "other").mkdir()
    file = home / "instances" / "other" / "company.yaml"
    file.write_text(text.replace("name: shop", "name: other"))


# -- what is shared ----------------------------------------------------------------------------


def slip_a_copy_in(home: Path) -> None:
    change_the_copies(home, id="g-0123456789abcdef")


def alter_a_copy(home: Path) -> None:
    change_the_copies(home, content="Other words.")


def change_the_copies(home: Path, **changes: str) -> None:
    """Write the one copy there is once more, with other columns and a hash that fits them."""
    with working(home) as opened:
        tables = opened.global_tables()
        row = tables.read("global_memory").assign(**changes)
        hashed = memory.hashed(row, COPY_COLUMNS)["row_hash"]
        schema = tables.schema("global_memory")
        tables.upsert("global_memory", row.assign(row_hash=hashed), schema=schema)


def keep_the_words_of_a_retracted_copy(home: Path) -> None:
    with working(home) as opened:
        (copy,) = opened.global_memory.state().copies
        gone = NewEvent("learning_retracted", {"id": copy, "reason": "wrong"}, SHOP)
        opened.ledger.append("global", [gone], expected_version=None)
        opened.global_memory.index.store()


def lose_the_copies(home: Path) -> None:
    shutil.rmtree(home / "global" / "global_memory.lance")


def approve_without_carrying_out(home: Path) -> None:
    with working(home) as opened:
        share(opened, "Another thing worth a sentence or two.", carry=False)


FAILURES: list[tuple[Callable[[Path], None], str]] = [
    (open_to_others, "home"),
    (break_settings, "settings"),
    (break_company_settings, "settings"),
    (damage_dagster, "dagster"),
    (lose_dagster_settings, "dagster"),
    (flip_a_ledger_byte, "ledger"),
    (change_an_event_nobody_reads, "ledger"),
    (lose_anchors, "ledger"),
    (lose_company_folder, "companies"),
    (lose_a_table, "learnings"),
    (step_back, "private_memory"),
    (cut_a_data_file, "git_commits"),
    (change_a_stored_word, "learnings"),
    (unmake_a_vector, "private_memory"),
    (record_other_rows, "learnings"),
    (forget_a_learning_in_memory, "memory"),
    (keep_what_was_taken_back, "by hand"),
    (damage_the_mirror, "mirror"),
    (lose_the_mirror, "mirror"),
    (slip_a_copy_in, "shared"),
    (alter_a_copy, "shared"),
    (keep_the_words_of_a_retracted_copy, "retracted"),
    (lose_company_folder, "shared"),
]
WARNINGS: list[tuple[Callable[[Path], None], str]] = [
    (cut_off_between_learnings_and_memory, "memory"),
    (lose_the_copies, "shared"),
    (approve_without_carrying_out, "approvals"),
    (record_by_hand_without_index, "by hand"),
    (leave_a_creation, "leftovers"),
    (leave_a_removal, "leftovers"),
    (leave_a_holder, "leftovers"),
    (leave_a_rebuild, "leftovers"),
    (leave_half_a_settings_file, "leftovers"),
    (add_an_unknown_folder, "companies"),
]


@pytest.mark.parametrize(("damage", "what"), FAILURES)
def test_damage_is_a_failure_that_says_what_heals_it(
    home: Path, damage: Callable[[Path], None], what: str
) -> None:
    damage(home)
    bad = [one for one in found(home) if one.level == "failure"]
    assert {one.what for one in bad} >= {what}
    assert all(one.said and one.heals for one in bad if one.what == what)


@pytest.mark.parametrize(("left", "what"), WARNINGS)
def test_work_left_over_is_a_warning_and_no_failure(
    home: Path, left: Callable[[Path], None], what: str
) -> None:
    left(home)
    assert sick(home) == {("warning", what)}


def test_a_damaged_ledger_does_not_keep_the_doctor_from_the_tables(home: Path) -> None:
    flip_a_ledger_byte(home)
    cut_a_data_file(home)
    assert sick(home) >= {("failure", "ledger"), ("failure", "git_commits")}


@pytest.mark.parametrize("name", ["ledger.db", "ledger.anchors"])
def test_a_missing_ledger_is_named_and_not_made_anew(home: Path, name: str) -> None:
    for file in home.glob("ledger.db*") if name == "ledger.db" else [home / name]:
        file.unlink()
    assert ("failure", "ledger") in sick(home)
    assert not (home / name).exists()


def test_a_home_that_lost_both_files_of_its_ledger_does_not_get_an_empty_one(home: Path) -> None:
    for file in home.glob("ledger.*"):
        file.unlink()
    assert ("failure", "ledger") in sick(home)
    assert list(home.glob("ledger.*")) == []


Usage = namedtuple("Usage", "total used free")


@pytest.mark.parametrize(("free", "level"), [(5e8, "warning"), (5e7, "failure")])
def test_a_disk_that_fills_up_is_told_before_it_is_full(
    home: Path, monkeypatch: pytest.MonkeyPatch, free: float, level: str
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(1e12, 0, free))
    assert sick(home) == {(level, "disk")}


def test_a_model_that_is_not_here_is_told_and_not_downloaded(home: Path) -> None:
    (home / "orch.yaml").write_text("embedding:\n  model: nobody/nothing\n")
    assert sick(home) == {("warning", "model")}


def test_a_memory_of_another_model_is_a_failure(home: Path) -> None:
    (home / "orch.yaml").write_text("embedding:\n  passage_prompt: 'passage: '\n")
    (finding,) = [one for one in found(home) if one.level != "ok"]
    assert (finding.what, finding.heals) == ("search", f"run: orch memory rebuild --company {SHOP}")


def test_a_look_that_breaks_down_is_told_by_its_class_and_the_others_go_on(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Path) -> None:
        raise RuntimeError("the acquirer")

    monkeypatch.setattr("resources.doctor.house.disk", broken)
    seen = found(home)
    (finding,) = [one for one in seen if one.level != "ok"]
    assert finding.what == "disk"
    assert "RuntimeError" in finding.said
    assert "acquirer" not in str(seen)
    assert "search" in {one.what for one in seen}


def test_a_sync_that_is_running_is_no_leftover(home: Path) -> None:
    with Home.open(home) as opened, opened.companies.instance(SHOP).lock():
        assert sick(home) == set()


def test_rows_of_a_company_that_is_gone_are_told(home: Path) -> None:
    with Home.open(home) as opened:
        tables = opened.global_tables()
        row = dict.fromkeys(
            ("name", "category", "language", "version", "licence", "tree_hash", "group"), ""
        )
        numbers = {"copies": 0, "origin": False, "drift": 0.0}
        moments = {"first_seen_at": None, "last_changed_at": None}
        import pandas as pd

        frame = pd.DataFrame([{"id": "g/x", "company": "gone", **row, **numbers, **moments}])
        tables.reconcile("component_catalog", frame)
    assert sick(home) == {("warning", "catalog")}


def test_one_company_alone_is_looked_at_and_an_unknown_one_is_an_error(home: Path) -> None:
    add_an_unknown_folder(home)
    assert {one.company for one in found(home, SHOP)} == {"", SHOP}
    with pytest.raises(CompanyError):
        found(home, "nobody")
