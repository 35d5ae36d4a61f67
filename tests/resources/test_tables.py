from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from coordinator.errors import MemoryUnavailable, StorageError
from resources.tables import Tables, durability, tables
from resources.tables import schemas as table_schemas

NOTES = table_schemas.table_schema({"text": pa.string(), "seen": pa.string()}, unhashed=("seen",))


def notes(**texts: str) -> pd.DataFrame:
    return pd.DataFrame(
        {"id": list(texts), "text": list(texts.values()), "seen": ["c1"] * len(texts)},
        dtype=object,
    )


@pytest.fixture
def house(tmp_path: Path) -> Tables:
    return Tables(tmp_path / "tables")


def put(house: Tables, frame: pd.DataFrame, **more: bool) -> tables.Written:
    return house.reconcile("notes", frame, schema=NOTES, **more)


def test_a_frame_is_stored_and_read_back(house: Tables):
    written = put(house, notes(a="one", b="two"))
    assert (written.inserted, written.updated, written.deleted, written.rows) == (2, 0, 0, 2)
    read = house.read("notes").sort_values("id")
    assert read.to_dict("list") == {"id": ["a", "b"], "text": ["one", "two"], "seen": ["c1"] * 2}
    assert house.names() == ["notes"]


def test_a_change_is_one_commit_that_says_what_it_did(house: Tables):
    before = put(house, notes(a="one", b="two", c="three"))
    after = put(house, notes(a="one", b="TWO", d="four"))
    assert (after.inserted, after.updated, after.deleted, after.rows) == (1, 1, 1, 3)
    assert after.version == before.version + 1


def test_nothing_to_change_commits_nothing(house: Tables):
    before = put(house, notes(a="one"))
    after = put(house, notes(a="one"))
    assert after == tables.Written("notes", 0, 0, 0, before.version, 1)


def test_a_change_in_an_unhashed_column_alone_is_no_change(house: Tables):
    before = put(house, notes(a="one"))
    assert put(house, notes(a="one").assign(seen="c2")).version == before.version


def test_an_upsert_leaves_the_other_rows(house: Tables):
    put(house, notes(a="one", b="two"))
    written = house.upsert("notes", notes(b="TWO", c="three"), schema=NOTES)
    assert (written.inserted, written.updated, written.deleted, written.rows) == (1, 1, 0, 3)


def test_an_empty_frame_empties_the_table(house: Tables):
    put(house, notes(a="one"))
    assert put(house, notes()).rows == 0
    assert list(house.read("notes").columns) == ["id", "text", "seen"]


def test_a_missing_table_reads_as_an_empty_frame_with_the_right_columns(house: Tables):
    frame = house.read("git_commits")
    assert frame.empty
    assert {"id", "authored_at", "paths"} <= set(frame.columns)
    assert house.ids("git_commits") == {}
    assert (house.rows("git_commits"), house.version("git_commits")) == (0, 0)
    with pytest.raises(MemoryUnavailable, match="there is no table 'nothing'"):
        house.read("nothing")


def test_deleting_takes_ids_as_data(house: Tables):
    put(house, notes(a="one", b="two"))
    before = house.version("notes")
    assert house.delete("notes", ["x' OR '1'='1", "a') OR true --"]).version == before
    assert house.delete("notes", ["a", "unknown"]).deleted == 1
    assert list(house.ids("notes")) == ["b"]


def test_of_rows_with_the_same_id_the_last_is_stored(house: Tables):
    frame = pd.concat([notes(a="first"), notes(a="last")])
    assert put(house, frame).rows == 1
    assert house.read("notes")["text"].tolist() == ["last"]


def test_every_row_needs_an_id(house: Tables):
    with pytest.raises(ValueError, match="a row has no id"):
        put(house, notes(**{"": "one"}))


def test_whatever_a_string_can_hold_can_be_stored(house: Tables):
    put(house, notes(a="half a pair \ud800", b="nul \x00 and \x1b[31m", c="😀"))
    read = house.read("notes").set_index("id")["text"]
    assert read["a"] == "half a pair \ufffd"
    assert read["b"] == "nul \x00 and \x1b[31m"
    assert read["c"] == "😀"


def test_lists_and_times_come_back_as_they_went(house: Tables):
    moment = pd.Timestamp("2026-01-02T03:04:05.678901", tz="UTC")
    commit = {
        "id": "c1",
        "authored_at": moment,
        "committed_at": moment.tz_convert("America/Sao_Paulo"),
        "author": "Ada",
        "author_email": "ada@example.org",
        "message": "m",
        "paths": ["a", "b"],
        "path_count": 2,
        "parents": [],
    }
    house.reconcile("git_commits", pd.DataFrame([commit]))
    read = house.read("git_commits")
    assert str(read["committed_at"].dtype) == "datetime64[us, UTC]"
    assert read["committed_at"][0] == moment
    assert read["paths"][0] == ["a", "b"]
    assert read["parents"][0] == []
    assert house.reconcile("git_commits", read).version == 1


def test_another_schema_replaces_the_table_in_one_commit(house: Tables):
    put(house, notes(a="one"))
    wider = table_schemas.table_schema({"text": pa.string(), "seen": pa.string(), "n": pa.int64()})
    written = house.reconcile("notes", notes(a="one", b="two").assign(n=1), schema=wider)
    assert (written.rows, written.version) == (2, 2)
    assert house.read("notes")["n"].tolist() == [1, 1]


def test_the_primary_key_is_declared(house: Tables):
    put(house, notes(a="one"))
    stored = house.schema("notes")
    assert stored is not None
    assert stored.field("id").metadata[table_schemas.PRIMARY_KEY] == b"true"
    assert not stored.field("id").nullable


def test_another_reader_sees_a_new_commit_at_once(house: Tables):
    put(house, notes(a="one"))
    reader = Tables(house.folder)
    kept_open = reader.open("notes")
    assert (reader.rows("notes"), kept_open.count_rows()) == (1, 1)
    put(house, notes(a="one", b="two"))
    assert (reader.rows("notes"), kept_open.count_rows()) == (2, 2)


def test_a_dropped_table_is_gone_and_can_come_again(house: Tables):
    put(house, notes(a="one"))
    house.drop("notes")
    house.drop("notes")
    assert house.names() == []
    assert put(house, notes(b="two")).rows == 1


def test_a_table_takes_the_place_of_another_in_one_commit(house: Tables):
    put(house, notes(a="one"))
    house.reconcile("notes.next", notes(b="two", c="three"), schema=NOTES)
    assert house.replace("notes", "notes.next").version == 2
    assert sorted(house.ids("notes")) == ["b", "c"]


# -- durability -----------------------------------------------------------------------------


@pytest.fixture
def forced(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    paths: set[str] = set()
    real = os.fsync

    def note(handle: int) -> None:
        paths.add(str(Path(f"/proc/self/fd/{handle}").readlink()))
        real(handle)

    monkeypatch.setattr(os, "fsync", note)
    yield paths


def contents(folder: Path) -> set[str]:
    return {str(path) for path in folder.rglob("*")} | {str(folder), str(folder.parent)}


def test_a_commit_is_on_disk_before_it_is_acknowledged(house: Tables, forced: set[str]):
    put(house, notes(a="one"))
    assert contents(house.path("notes")) <= forced
    before = contents(house.path("notes"))
    forced.clear()
    put(house, notes(a="one", b="two"))
    assert contents(house.path("notes")) - before <= forced


def test_a_commit_whose_writer_died_before_the_fsync_is_forced_by_the_next(
    house: Tables, forced: set[str]
):
    put(house, notes(a="one"))
    (house.folder / ".notes.acknowledged").unlink()
    forced.clear()
    put(house, notes(a="one"))
    assert contents(house.path("notes")) <= forced


def test_nothing_is_forced_when_nothing_was_written(house: Tables, forced: set[str]):
    put(house, notes(a="one"))
    forced.clear()
    put(house, notes(a="one"))
    assert forced == set()


def test_a_deletion_is_forced_as_a_change_is(tmp_path: Path, forced: set[str]):
    """Else what was forgotten comes back at a power cut."""
    folder = tmp_path / "notes.lance"
    for name in ("data", "_versions"):
        (folder / name).mkdir(parents=True)
        (folder / name / "old").write_text("words")
    before = durability.listing(folder)
    (folder / "data" / "old").unlink()
    durability.sync_changes(folder, before)
    assert forced == {str(folder / "data"), str(folder), str(tmp_path)}


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("mounting a tmpfs needs root")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_said_and_the_table_keeps_its_version(tiny_disk: Path):
    house = Tables(tiny_disk / "tables")
    before = put(house, notes(a="one"))
    large = notes(**{f"n{number}": os.urandom(4_000).hex() for number in range(1_000)})
    with pytest.raises(StorageError, match="the disk is full"):
        put(house, large)
    assert house.version("notes") == before.version
    assert house.read("notes")["text"].tolist() == ["one"]


# -- several writers ------------------------------------------------------------------------


WRITER = """
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa

from resources.tables import schemas as table_schemas
from resources.tables import Tables

house = Tables(Path(sys.argv[1]))
schema = table_schemas.table_schema({"text": pa.string(), "seen": pa.string()})
print("ready", flush=True)
sys.stdin.readline()
for first in range(0, 20, 10):
    ids = [f"n{first + number}" for number in range(10)]
    frame = pd.DataFrame({"id": ids, "text": f"by {sys.argv[2]}", "seen": "c1"})
    house.upsert("notes", frame, schema=schema)
"""


def test_writers_of_the_same_new_ids_leave_each_once(house: Tables):
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(house.folder), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.communicate("go\n", timeout=60)
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert sorted(house.read("notes")["id"]) == sorted(f"n{number}" for number in range(20))


def test_a_writer_that_waits_too_long_is_told_so(house: Tables):
    impatient = Tables(house.folder, lock_timeout_s=0.1)
    with (
        house.writing("notes"),
        pytest.raises(StorageError, match="being written by another process"),
    ):
        put(impatient, notes(a="one"))
    assert put(impatient, notes(a="one")).rows == 1


# -- damage ---------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["data/*.lance", "_versions/*.manifest"])
def test_a_damaged_table_is_said_to_be_damaged(house: Tables, part: str):
    put(house, notes(a="one"))
    for file in house.path("notes").glob(part):
        file.write_bytes(os.urandom(file.stat().st_size))
    damaged = Tables(house.folder)
    with pytest.raises(MemoryUnavailable, match=r"is damaged .*orch memory rebuild"):
        damaged.read("notes")
    with pytest.raises(MemoryUnavailable, match="is damaged"):
        put(damaged, notes(a="two"))


def test_a_table_whose_first_commit_never_came_is_missing_and_can_be_made(house: Tables):
    (house.path("notes") / "data").mkdir(parents=True)
    (house.path("notes") / "data" / "left.lance").write_bytes(b"half")
    assert house.names() == []
    assert put(house, notes(a="one")).rows == 1


# -- growth ---------------------------------------------------------------------------------


def test_many_small_commits_do_not_leave_many_versions(
    house: Tables, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tables, "KEEP_VERSIONS", tables.timedelta(milliseconds=1))
    monkeypatch.setattr(tables, "MAX_VERSIONS", 8)
    for day in range(20):
        house.upsert("notes", notes(**{f"n{day}": "text"}), schema=NOTES)
    kept = list((house.path("notes") / "_versions").glob("*.manifest"))
    assert len(kept) <= 10
    assert house.rows("notes") == 20
