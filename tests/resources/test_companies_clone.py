"""A company is cloned whole or not at all."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from coordinator.errors import CompanyBusy, CompanyError, StorageError, UsageError
from coordinator.settings import CompanySettings, GitSettings, Person

URL = "https://example.org/shop.git"


class TestClone:
    def test_it_copies_settings_and_policies_and_no_data(self, place: Any) -> None:
        settings = place.create("acme", title="Acme", language="pt", owners=(Person(name="Ana"),))
        place.fill("acme")
        cloned = place.companies.clone("acme", "other")
        assert (cloned.source, cloned.target, cloned.rows) == ("acme", "other", {})
        other = place.companies.instance("other")
        assert other.settings == settings.model_copy(update={"name": "other"})
        assert [path.name for path in other.folder.iterdir()] == ["company.yaml"]
        assert place.told("other") == ["company_created"]
        assert place.ledger.state("other").cloned_from == "acme"

    def test_another_host_is_not_shown_the_credentials_of_the_old_one(
        self, place: Any, tmp_path: Path
    ) -> None:
        git = GitSettings(url=URL, branch="main", token_env="TOKEN", timeout_s=5)
        place.companies.create(CompanySettings(name="acme", git=git))
        (tmp_path / "repo").mkdir()
        place.companies.clone("acme", "other", git_url=str(tmp_path / "repo"))
        moved = place.companies.instance("other").settings.git
        assert (moved.url, moved.protocols) == (str(tmp_path / "repo"), ("file",))
        assert (moved.branch, moved.token_env, moved.timeout_s) == ("main", None, 5)

    def test_an_address_no_fetch_would_take_makes_nothing(self, place: Any) -> None:
        place.create("acme")
        with pytest.raises(UsageError, match="--git"):
            place.companies.clone("acme", "other", git_url="ext::sh -c true")
        assert place.companies.names() == ["acme"]

    def test_with_data_it_copies_rows_and_mirror_and_says_how_much(self, place: Any) -> None:
        place.create("acme")
        place.fill("acme", rows=7)
        cloned = place.companies.clone("acme", "other", data=True)
        assert cloned.rows == {"git_commits": 7}
        assert cloned.mirror_bytes == 5_021
        other = place.companies.instance("other")
        assert set(other.tables().ids("git_commits")) == {f"c{n}" for n in range(7)}
        assert place.told("other") == ["company_created", "data_cloned"]
        assert place.ledger.state("other").rows("git_commits") == 7

    def test_the_copy_lives_on_its_own(self, place: Any) -> None:
        place.create("acme")
        place.fill("acme", rows=3)
        place.companies.clone("acme", "other", data=True)
        other = place.companies.instance("other").tables()
        other.reconcile("git_commits", place.commits(1))
        place.companies.remove("acme")
        assert other.rows("git_commits") == 1

    def test_no_lock_is_copied(self, place: Any) -> None:
        place.create("acme")
        place.fill("acme")
        (place.companies.instance("acme").mirror_folder / "shallow.lock").write_text("")
        place.companies.clone("acme", "other", data=True)
        folder = place.companies.instance("other").folder
        assert not [path for path in folder.rglob("*") if "lock" in path.name]
        with place.companies.instance("other").lock():
            pass

    def test_data_is_not_copied_while_a_sync_runs(self, place: Any) -> None:
        place.create("acme")
        with place.companies.instance("acme").lock(), pytest.raises(CompanyBusy):
            place.companies.clone("acme", "other", data=True)
        assert place.companies.names() == ["acme"]
        assert place.told("other") == []

    def test_a_taken_name_and_an_unknown_source_change_nothing(self, place: Any) -> None:
        place.create("acme")
        place.create("other", title="mine")
        for data in (False, True):
            with pytest.raises(CompanyError, match="exists already"):
                place.companies.clone("acme", "other", data=data)
            with pytest.raises(CompanyError, match="no company 'nobody'"):
                place.companies.clone("nobody", "fresh", data=data)
        assert place.companies.instance("other").settings.title == "mine"
        assert place.companies.names() == ["acme", "other"]

    @pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "full"), RuntimeError])
    def test_a_clone_cut_in_the_middle_never_appears(
        self, place: Any, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
    ) -> None:
        place.create("acme")
        place.fill("acme")
        copied: list[str] = []

        def cut(one: str, other: str) -> None:
            copied.append(one)
            if len(copied) > 2:
                raise error
            shutil.copyfile(one, other)

        monkeypatch.setattr(shutil, "copy2", cut)
        wanted = StorageError if isinstance(error, OSError) else error
        said = "disk is full" if isinstance(error, OSError) else None
        with pytest.raises(wanted, match=said):  # type: ignore[arg-type]
            place.companies.clone("acme", "other", data=True)
        monkeypatch.undo()
        assert place.companies.names() == ["acme"]
        assert place.told("other") == []
        assert place.left_over() == []
        assert place.companies.clone("acme", "other", data=True).rows == {"git_commits": 3}

    def test_a_clone_killed_in_the_middle_never_appears_and_is_swept(self, place: Any) -> None:
        place.create("acme")
        place.fill("acme")
        program = (
            "import os, shutil, sys\n"
            "from pathlib import Path\n"
            "from resources.companies import Companies\n"
            "from resources.ledger.ledger import Ledger\n"
            "shutil.copy2 = lambda one, other: os.kill(os.getpid(), 9)\n"
            "companies = Companies(Path(sys.argv[1]), Ledger.open(Path(sys.argv[2])))\n"
            "companies.clone('acme', 'other', data=True)\n"
        )
        command = [
            sys.executable,
            "-c",
            program,
            str(place.folder),
            str(place.ledger.anchors.path.with_suffix(".db")),
        ]
        assert subprocess.run(command, check=False).returncode == -9
        assert ".creating-other" in place.left_over()
        assert place.companies.names() == ["acme"]
        place.create("third")
        assert place.left_over() == []
        assert place.companies.clone("acme", "other", data=True).rows == {"git_commits": 3}
