"""What is written by hand on its way through a sync, with a real repository and model."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assets import checks
from coordinator.errors import UsageError
from coordinator.sweeps import due
from coordinator.versions import memory_version
from resources.by_hand import ByHand
from resources.by_hand_index import ByHandIndex
from resources.polling import poll_heads
from resources.tables import Tables

pytestmark = pytest.mark.filterwarnings("ignore:Parameter `data_version` of initializer")

WORDS = "Wobbleflux tokens are rotated every hour and their keys every day."


def is_due(desk: Any) -> bool:
    companies = desk.home.companies
    hashes = {"acme": companies.instance("acme").settings_hash}
    return bool(due(poll_heads(companies, ["acme"]), hashes, {"acme": desk.state("acme")}))


def version_of(desk: Any) -> str:
    """The version of what would be learned now."""
    hashed = desk.home.companies.instance("acme").settings_hash
    return memory_version(hashed, desk.state("acme"))


def component(desk: Any, path: str) -> dict[str, Any] | None:
    frame = desk.home.companies.instance("acme").tables().read("company_components")
    rows = frame[frame["path"] == path].to_dict("records")
    return rows[0] if rows else None


def files_with(folder: Path, word: bytes) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return [str(path) for path in files if word in path.read_bytes().lower()]


@pytest.fixture
def desk(synced: Any, desk_at: Any, tmp_path: Path) -> Iterator[Any]:
    """A copy of a home whose company was synced once."""
    with desk_at(shutil.copytree(synced[0].home.path, tmp_path / "home")) as desk:
        desk.dagster.add_dynamic_partitions("company", ["acme"])
        desk.home.__dict__["by_hand"] = ByHand(desk.home, wait_s=0)
        yield desk


@pytest.fixture
def by_hand(desk: Any) -> ByHand:
    return desk.home.by_hand


def test_a_learning_by_hand_stays_through_syncs_and_is_called_for_once(
    desk: Any, by_hand: ByHand
) -> None:
    added = by_hand.add_learning("acme", WORDS, category="solution")
    assert desk.home.memory("acme").search("wobbleflux")[0].id == added.id
    assert is_due(desk)
    run = desk.sync("acme")
    assert run.success, desk.why(run)
    assert all(check.passed for check in run.get_asset_check_evaluations())
    assert added.id in desk.ids("acme", "learnings") & desk.ids("acme", "private_memory")
    assert not is_due(desk)
    assert "wobbleflux" not in desk.log(run).lower()


def test_what_was_recorded_while_a_sync_ran_is_brought_in_by_the_next(
    desk: Any, by_hand: ByHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The asset has read the ledger already: what it makes must not count as newer than that."""
    read = ByHandIndex.forget_learnings
    added, read_before = [], []

    def meanwhile(index: ByHandIndex, written: Any) -> None:
        if not added:
            read_before.append(version_of(desk))
            added.append(by_hand.add_learning("acme", WORDS, category="solution"))
        read(index, written)

    with monkeypatch.context() as late:
        late.setattr(ByHandIndex, "forget_learnings", meanwhile)
        assert desk.home.ledger.state("acme").learnings == {}
        run = desk.sync("acme")
    assert run.success, desk.why(run)
    assert not added[0].searchable
    assert added[0].id not in desk.ids("acme", "learnings")
    assets = desk.state("acme").assets
    assert assets["learnings"].input_version == read_before[0]
    assert assets["private_memory"].input_version == read_before[0]
    assert version_of(desk) != read_before[0]
    assert is_due(desk)
    assert desk.sync("acme").success
    assert added[0].id in desk.ids("acme", "private_memory")
    assert not is_due(desk)


def test_what_was_removed_while_a_sync_ran_is_gone_to_the_byte_after_the_next(
    desk: Any, by_hand: ByHand
) -> None:
    added = by_hand.add_learning("acme", WORDS, category="solution")
    with desk.home.companies.instance("acme").lock():
        removed = by_hand.remove_learning("acme", added.id, reason="wrong")
    assert not removed.gone
    assert desk.sync("acme").success
    assert added.id not in desk.ids("acme", "learnings") | desk.ids("acme", "private_memory")
    assert files_with(desk.home.path, b"wobbleflux") == []
    assert not is_due(desk)


def test_words_that_a_commit_says_too_are_learned_from_it_again(desk: Any, by_hand: ByHand) -> None:
    tables = desk.home.companies.instance("acme").tables()
    learned = tables.read("learnings").iloc[0]
    added = by_hand.add_learning("acme", learned["content"], category="need")
    assert added.id == learned["id"]
    rows = tables.read("learnings")
    assert rows.loc[rows["id"] == added.id, "source"].tolist() == ["manual"]
    assert desk.sync("acme").success
    assert by_hand.remove_learning("acme", added.id, reason="the commit says it").gone
    assert desk.sync("acme").success
    rows = tables.read("learnings")
    assert rows.loc[rows["id"] == added.id, "source"].tolist() == [learned["source"]]


def test_a_learning_nobody_recorded_fails_its_check(desk: Any, by_hand: ByHand) -> None:
    by_hand.add_learning("acme", WORDS, category="solution")
    assert desk.check(checks.learnings_have_evidence, "acme")
    tables = desk.home.companies.instance("acme").tables()
    forged = by_hand.learnings("acme").assign(id="f" * 32, content="forged")
    tables.upsert("learnings", forged)
    assert not desk.check(checks.learnings_have_evidence, "acme")


def test_a_declared_folder_is_in_the_catalog_at_once_and_after_a_sync(
    desk: Any, by_hand: ByHand
) -> None:
    said = {"name": "Wobbleflux docs", "description": "Tells how wobbleflux payments are made."}
    assert component(desk, "docs") is None
    added = by_hand.add_component("acme", "docs", category="documentation", **said)
    assert added.searchable, added.problem
    for _ in range(2):
        row = component(desk, "docs")
        assert row is not None
        assert (row["name"], row["category"], row["confidence"]) == (
            said["name"], "documentation", 1.0,
        )  # fmt: skip
        assert row["reason"] == "declared by hand"
        assert row["tree_hash"]
        assert is_due(desk) == (_ == 0)
        assert desk.sync("acme").success
    assert desk.home.memory("acme").search("wobbleflux")[0].source == "component"
    assert component(desk, "payments") is not None


def test_taken_back_it_leaves_the_catalog_and_what_was_learned_from_it(
    desk: Any, by_hand: ByHand
) -> None:
    description = "Tells how wobbleflux payments are made by hand."
    by_hand.add_component("acme", "docs", description=description)
    by_hand.add_component("acme", "payments", name="Wobbleflux", description=description)
    assert desk.sync("acme").success
    assert desk.run("refresh_catalog").success
    assert files_with(desk.home.path / "instances", b"wobbleflux")
    assert by_hand.remove_component("acme", "docs", reason="no component").gone
    by_hand.add_component("acme", "payments", name="Payments")
    assert files_with(desk.home.path / "instances", b"wobbleflux") == []
    assert desk.sync("acme").success
    assert component(desk, "docs") is None
    row = component(desk, "payments")
    assert row is not None
    assert (row["name"], row["description"]) == ("Payments", "")


def test_taking_back_killed_at_every_table_is_whole_after_the_next_call(
    desk: Any, by_hand: ByHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_hand.add_component("acme", "docs", description="Tells of wobbleflux payments made by hand.")
    assert desk.sync("acme").success
    forget = Tables.forget
    for table in ("private_memory", "learnings", "instance_context", "company_components"):

        def killed(tables: Tables, name: str, ids: Any, at: str = table) -> Any:
            if name == at:
                raise KeyboardInterrupt
            return forget(tables, name, ids)

        with monkeypatch.context() as kill:
            kill.setattr(Tables, "forget", killed)
            with pytest.raises(KeyboardInterrupt):
                by_hand.remove_component("acme", "docs", reason="no component")
    assert by_hand.remove_component("acme", "docs", reason="no component").gone
    assert files_with(desk.home.path / "instances", b"wobbleflux") == []


def test_a_sync_finishes_what_a_command_could_not_take_back(desk: Any, by_hand: ByHand) -> None:
    by_hand.add_component("acme", "docs", description="Tells of wobbleflux payments made by hand.")
    assert desk.sync("acme").success
    with desk.home.companies.instance("acme").lock():
        assert not by_hand.remove_component("acme", "docs", reason="no component").gone
    assert desk.sync("acme").success
    assert files_with(desk.home.path / "instances", b"wobbleflux") == []


def test_a_folder_that_is_not_there_is_refused_and_one_that_goes_is_left_out(
    desk: Any, by_hand: ByHand, repository: Any
) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        by_hand.add_component("acme", "Docs")
    assert by_hand.components("acme") == []
    by_hand.add_component("acme", "docs")
    people = Path(desk.home.companies.instance("acme").settings.git.url)
    (people / "docs" / "payments.md").rename(people / "payments.md")
    replace(repository("unused"), path=people).commit({}, "Move the documents")
    assert desk.sync("acme").success
    assert component(desk, "docs") is None
    assert [one.path for one in by_hand.components("acme")] == ["docs"]
