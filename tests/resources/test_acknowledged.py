"""A commit that was never acknowledged is taken back, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from resources.tables import Tables, durability, tables
from resources.tables import schemas as table_schemas
from resources.tables.acknowledged import Acknowledged

NOTES = table_schemas.table_schema({"text": pa.string()})


def notes(**texts: str) -> pd.DataFrame:
    return pd.DataFrame({"id": list(texts), "text": list(texts.values())})


@pytest.fixture
def house(tmp_path: Path) -> Tables:
    made = Tables(tmp_path / "tables")
    made.reconcile("notes", notes(a="one"), schema=NOTES)
    return made


class Died(Exception):
    """Stands for the end of a process."""


def commit_without_acknowledging(house: Tables) -> None:
    with pytest.raises(Died), house.writing("notes"):
        house.open("notes").delete("true")
        assert house.rows("notes") == 0
        raise Died


def test_what_a_dead_writer_left_is_not_read(house: Tables):
    commit_without_acknowledging(house)
    assert list(Tables(house.folder).ids("notes")) == ["a"]
    assert house.version("notes") == 1


def test_what_a_dead_writer_left_is_not_built_upon(house: Tables):
    commit_without_acknowledging(house)
    house.upsert("notes", notes(b="two"), schema=NOTES)
    assert sorted(house.ids("notes")) == ["a", "b"]


def test_a_manifest_without_content_does_not_close_the_table(house: Tables):
    with house.writing("notes"):
        house.open("notes").delete("true")
        newest = min((house.path("notes") / "_versions").glob("*.manifest"))
        newest.write_bytes(b"")
        commit = newest.rename(house.folder / "kept")
    commit.rename(newest)
    assert list(Tables(house.folder).ids("notes")) == ["a"]


def test_a_first_commit_that_was_never_acknowledged_makes_no_table(tmp_path: Path):
    house = Tables(tmp_path / "tables")
    with pytest.raises(Died), house.writing("notes"):
        frame = pa.table({"id": ["a"], "text": ["one"]})
        house._database.create_table("notes", data=frame)
        raise Died
    assert house.names() == []
    house.reconcile("notes", notes(b="two"), schema=NOTES)
    assert list(house.ids("notes")) == ["b"]


def test_a_half_dropped_table_is_gone(house: Tables, monkeypatch: pytest.MonkeyPatch):
    def dies(folder: Path) -> None:
        raise Died

    with monkeypatch.context() as patched, pytest.raises(Died):
        patched.setattr("resources.tables.tables.shutil.rmtree", dies)
        house.drop("notes")
    assert not house.exists("notes")
    assert not house.path("notes").exists()


def test_what_a_living_writer_is_about_to_acknowledge_stays(house: Tables):
    with house.writing("notes"):
        house.open("notes").delete("true")
        assert Tables(house.folder).rows("notes") == 0
    assert Tables(house.folder).rows("notes") == 0


def test_a_reader_that_saw_what_was_taken_back_sees_the_commit_that_took_its_number(house: Tables):
    reader = Tables(house.folder)
    with pytest.raises(Died), house.writing("notes"):
        house.open("notes").delete("true")
        assert (reader.version("notes"), reader.rows("notes")) == (2, 0)
        raise Died
    house.upsert("notes", notes(b="two"), schema=NOTES)
    assert reader.version("notes") == 2
    assert sorted(reader.read("notes")["text"]) == ["one", "two"]


def test_tables_without_a_mark_are_read_as_they_are(house: Tables):
    """Those of an older version, or copied from elsewhere without the hidden files."""
    house.upsert("notes", notes(b="two"), schema=NOTES)
    (house.folder / ".notes.acknowledged").unlink()
    assert sorted(Tables(house.folder).ids("notes")) == ["a", "b"]
    house.upsert("notes", notes(c="three"), schema=NOTES)
    assert sorted(house.ids("notes")) == ["a", "b", "c"]


def test_old_versions_go_only_after_the_new_one_is_acknowledged(
    house: Tables, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("resources.tables.tables.KEEP_VERSIONS", pd.Timedelta(milliseconds=1))
    house.upsert("notes", notes(b="two"), schema=NOTES)
    with pytest.raises(Died), house.writing("notes"):
        house.optimize("notes")
        raise Died
    assert sorted(house.ids("notes")) == ["a", "b"]
    with house.writing("notes"):
        house.optimize("notes")
    assert len(list((house.path("notes") / "_versions").glob("*.manifest"))) == 1
    assert sorted(house.ids("notes")) == ["a", "b"]


def test_the_acknowledged_version_is_never_pruned(house: Tables, monkeypatch: pytest.MonkeyPatch):
    """LanceDB prunes in the same call in which it may commit: a power cut could take both."""
    house.upsert("notes", notes(b="two"), schema=NOTES)
    stood = []

    def watched(folder: Path, before: durability.Listing) -> None:
        stood.append((folder / "_versions" / str(Acknowledged(folder).marked())).exists())
        durability.sync_changes(folder, before)

    monkeypatch.setattr(tables, "sync_changes", watched)
    before = house.version("notes")
    with house.writing("notes"):
        house._prune("notes", tables.NO_TIME)
    assert house.version("notes") > before  # there was something to commit
    assert len(stood) > 1
    assert all(stood)
