"""Companies leave whole, and whatever is cut off is finished by the next command."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coordinator.errors import CompanyBusy, CompanyError, StorageError
from resources.ledger import Ledger


class TestRemove:
    def test_it_deletes_everything_says_how_much_and_is_recorded(self, place: Any) -> None:
        place.create("acme")
        place.fill("acme")
        assert place.companies.remove("acme", reason="closed") > 5_000
        assert place.companies.names() == []
        assert place.left_over() == []
        last = place.events("acme")[-1]
        assert last.event_type == "company_removed"
        assert last.payload.reason == "closed"  # type: ignore[attr-defined]
        assert not place.ledger.state("acme").exists

    def test_a_company_with_a_sync_running_stays(self, place: Any) -> None:
        place.create("acme")
        place.fill("acme")
        with place.companies.instance("acme").lock(), pytest.raises(CompanyBusy):
            place.companies.remove("acme")
        assert place.companies.instance("acme").tables().rows("git_commits") == 3
        assert place.told("acme") == ["company_created"]

    def test_broken_settings_do_not_keep_it(self, place: Any) -> None:
        place.create("acme")
        place.companies.instance("acme").settings_file.write_text("{{{")
        place.companies.remove("acme")
        assert place.companies.names() == []

    def test_a_link_inside_is_removed_and_what_it_names_stays(
        self, place: Any, tmp_path: Path
    ) -> None:
        precious = tmp_path / "precious"
        precious.mkdir()
        (precious / "file").write_text("keep")
        place.create("acme")
        place.companies.instance("acme").tables_folder.symlink_to(precious)
        place.companies.remove("acme")
        assert (precious / "file").read_text() == "keep"

    def test_a_folder_that_is_a_link_is_refused_and_said(self, place: Any, tmp_path: Path) -> None:
        place.create("acme")
        elsewhere = tmp_path / "elsewhere"
        (place.folder / "acme").rename(elsewhere)
        (place.folder / "acme").symlink_to(elsewhere)
        with pytest.raises(CompanyError, match="symbolic link"):
            place.companies.remove("acme")
        assert (elsewhere / "company.yaml").exists()
        place.create("other")  # nothing half done stands in the way

    def test_a_name_can_be_used_again(self, place: Any) -> None:
        place.create("acme")
        place.companies.remove("acme")
        place.create("acme", title="new")
        assert place.told("acme") == ["company_created", "company_removed", "company_created"]
        assert place.ledger.state("acme").exists


class TestCutOff:
    """Whatever moment a command is cut off at, the next one finds or makes a whole state."""

    def test_a_folder_the_ledger_does_not_know_is_recorded_by_the_next_sync(
        self, place: Any
    ) -> None:
        place.create("acme")
        fresh = place.folder / "restored"
        shutil.copytree(place.folder / "acme", fresh)
        (fresh / "company.yaml").write_text(
            (fresh / "company.yaml").read_text().replace("acme", "restored")
        )
        assert place.companies.names() == ["acme", "restored"]
        place.companies.record(place.companies.instance("restored"))
        place.companies.record(place.companies.instance("restored"))
        assert place.told("restored") == ["company_created"]

    def test_a_creation_cut_off_before_it_appeared_can_be_repeated(
        self, place: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        really = Path.rename

        def cut(path: Path, target: Path) -> Path:
            if path.name.startswith(".creating-"):
                raise KeyboardInterrupt
            return really(path, target)

        monkeypatch.setattr(Path, "rename", cut)
        with pytest.raises(KeyboardInterrupt):
            place.create("acme")
        monkeypatch.undo()
        assert place.companies.names() == []
        place.create("acme")
        assert place.companies.names() == ["acme"]
        assert place.told("acme") == ["company_created", "company_removed", "company_created"]

    def test_a_ledger_that_cannot_be_written_makes_no_company(
        self, place: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object, **__: object) -> None:
            raise StorageError("the disk is full")

        monkeypatch.setattr(Ledger, "append", full)
        with pytest.raises(StorageError):
            place.create("acme")
        assert place.companies.names() == []
        assert place.left_over() == []

    def test_a_company_whose_folder_was_deleted_by_hand_starts_anew(self, place: Any) -> None:
        # else the old cursor would say that everything is synced already
        place.create("acme")
        shutil.rmtree(place.folder / "acme")
        place.create("acme")
        assert place.told("acme") == ["company_created", "company_removed", "company_created"]

    @pytest.mark.parametrize("where", ["before the event", "before the folder is gone"])
    def test_a_removal_cut_off_is_finished_by_the_next_command(
        self, place: Any, monkeypatch: pytest.MonkeyPatch, where: str
    ) -> None:
        place.create("acme")
        place.fill("acme")

        def cut(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        if where == "before the event":
            monkeypatch.setattr(Ledger, "append", cut)
        else:
            monkeypatch.setattr(Path, "rmdir", cut)
        with pytest.raises(KeyboardInterrupt):
            place.companies.remove("acme")
        monkeypatch.undo()
        assert place.companies.names() == []
        assert ".removing-acme" in place.left_over()
        place.create("acme")
        assert place.told("acme") == ["company_created", "company_removed", "company_created"]
        assert place.left_over() == []

    def test_a_removal_makes_room_before_it_needs_the_ledger(
        self, place: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # on a full disk the event cannot be written until the data is gone
        place.create("acme")
        place.fill("acme")

        def full(*_: object, **__: object) -> None:
            assert not list((place.folder / ".removing-acme").iterdir())
            raise StorageError("the disk is full")

        monkeypatch.setattr(Ledger, "append", full)
        with pytest.raises(StorageError):
            place.companies.remove("acme")
        monkeypatch.undo()
        place.create("other")
        assert place.told("acme") == ["company_created", "company_removed"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 400 kB."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=400k,mode=0700", "tmpfs", str(folder)]
    if (
        shutil.which("mount") is None
        or subprocess.run(command, capture_output=True, check=False).returncode
    ):
        pytest.skip("a small file system needs root and mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


class TestFullDisk:
    def fill_up(self, folder: Path) -> Path:
        rest = folder / "rest"
        with pytest.raises(OSError, match="No space"), rest.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4_096)
        return rest

    def test_a_creation_leaves_nothing_and_works_once_there_is_room(
        self, small_disk: Path, place_in: Any
    ) -> None:
        place = place_in(small_disk / "instances")
        place.create("first")
        rest = self.fill_up(small_disk)
        with pytest.raises(StorageError, match="disk is full"):
            place.create("acme", description="x" * 2_000)
        assert place.companies.names() == ["first"]
        assert place.left_over() == []
        assert place.told("acme") == []
        rest.unlink()
        place.create("acme")
        assert place.companies.names() == ["acme", "first"]

    def test_a_clone_with_data_leaves_nothing(self, small_disk: Path, place_in: Any) -> None:
        place = place_in(small_disk / "instances")
        place.create("acme")
        place.fill("acme")
        mirror = place.companies.instance("acme").mirror_folder
        (mirror / "objects" / "big").write_bytes(b"x" * 200_000)
        with pytest.raises(StorageError, match="disk is full"):
            place.companies.clone("acme", "other", data=True)
        assert place.companies.names() == ["acme"]
        assert place.left_over() == []
        assert place.told("other") == []
