"""Companies are made, cloned and removed whole or not at all, and the ledger knows it."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from coordinator.errors import CompanyBusy, CompanyError, StorageError, UsageError
from coordinator.events import Event
from coordinator.frames import commits_frame
from coordinator.git import Commit
from coordinator.settings import CompanySettings, GitSettings, Person
from resources.companies import Companies, settings_for
from resources.ledger import Ledger

URL = "https://example.org/shop.git"
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Place:
    """The companies of a home, and everything beside them one may look at."""

    folder: Path
    ledger: Ledger

    @property
    def companies(self) -> Companies:
        """A new one each time, as each command has."""
        return Companies(self.folder, self.ledger)

    def create(self, name: str, **given: object) -> CompanySettings:
        settings = CompanySettings(name=name, git=GitSettings(url=URL), **given)  # type: ignore[arg-type]
        self.companies.create(settings)
        return settings

    def events(self, company: str) -> list[Event]:
        return self.ledger.read(stream=f"company:{company}")

    def told(self, company: str) -> list[str]:
        return [event.event_type for event in self.events(company)]

    def left_over(self) -> list[str]:
        return [path.name for path in self.folder.iterdir() if path.name.startswith((".c", ".r"))]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with Ledger.open(tmp_path / "ledger.db", actor="ana") as ledger:
        yield Place(tmp_path / "instances", ledger)


def commits(number: int) -> pd.DataFrame:
    return commits_frame(
        Commit(f"c{n}", (), "Ada", "", MOMENT, MOMENT, "private words", (), 0)
        for n in range(number)
    )


def fill(place: Place, company: str, rows: int = 3) -> None:
    """Give a company a table and something like a mirror."""
    instance = place.companies.instance(company)
    instance.tables().reconcile("git_commits", commits(rows))
    (instance.mirror_folder / "objects").mkdir(parents=True)
    (instance.mirror_folder / "objects" / "pack").write_bytes(b"x" * 5_000)
    (instance.mirror_folder / "HEAD").write_text("ref: refs/heads/main\n")


class TestCreate:
    def test_it_appears_with_its_settings_and_in_the_ledger(self, place: Place) -> None:
        settings = place.create("acme", title="Acme")
        assert place.companies.names() == ["acme"]
        assert place.companies.instance("acme").settings == settings
        state = place.ledger.state("acme")
        assert state.exists
        assert state.settings_hash == place.companies.instance("acme").settings_hash
        assert place.told("acme") == ["company_created"]
        assert place.left_over() == [".companies.lock"]

    def test_only_its_owner_may_look_inside(self, place: Place) -> None:
        before = os.umask(0)
        try:
            place.create("acme")
        finally:
            os.umask(before)
        for path in [place.folder, *place.folder.rglob("*")]:
            allowed = 0o700 if path.is_dir() else 0o600
            assert stat.S_IMODE(path.stat().st_mode) == allowed, path

    def test_a_second_one_of_the_same_name_is_refused_and_changes_nothing(
        self, place: Place
    ) -> None:
        settings = place.create("acme", title="first")
        with pytest.raises(CompanyError, match="'acme' exists already"):
            place.create("acme", title="second")
        assert place.companies.instance("acme").settings == settings
        assert place.told("acme") == ["company_created"]

    def test_two_processes_that_create_the_same_names_at_once_make_each_once(
        self, place: Place
    ) -> None:
        names = [f"company-{number}" for number in range(12)]
        program = (
            "import sys, json\n"
            "from pathlib import Path\n"
            "from coordinator.errors import CompanyError\n"
            "from resources.companies import Companies, settings_for\n"
            "from resources.ledger import Ledger\n"
            "companies = Companies(Path(sys.argv[1]), Ledger.open(Path(sys.argv[2])))\n"
            "print('ready', flush=True); sys.stdin.readline(); made = []\n"
            "for name in sys.argv[3:]:\n"
            "    try:\n"
            "        companies.create(settings_for(name, 'https://example.org/x'))\n"
            "        made.append(name)\n"
            "    except CompanyError as error:\n"
            "        assert 'exists already' in str(error), error\n"
            "print(json.dumps(made))\n"
        )
        command = [sys.executable, "-c", program, str(place.folder), str(place.ledger.path), *names]
        processes = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        said = []
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in processes:
            said.append(process.communicate(timeout=30)[0])
            assert process.returncode == 0
        made = [name for text in said for name in json.loads(text)]
        assert sorted(made) == sorted(names)
        assert place.companies.names() == sorted(names)
        assert all(place.told(name) == ["company_created"] for name in names)

    def test_a_settings_file_edited_by_hand_is_recorded_once(self, place: Place) -> None:
        place.create("acme")
        file = place.companies.instance("acme").settings_file
        file.write_text(file.read_text() + "language: pt\n")
        for _ in range(3):
            place.companies.record(place.companies.instance("acme"))
        assert place.told("acme") == ["company_created", "company_changed"]
        file.write_text("# only a comment\n" + file.read_text())
        place.companies.record(place.companies.instance("acme"))
        assert place.told("acme") == ["company_created", "company_changed"]

    def test_two_that_record_the_same_edit_at_once_record_it_once(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        place.create("acme")
        instance = place.companies.instance("acme")
        instance.write_settings(instance.settings.model_copy(update={"title": "new"}))
        really = Ledger.append

        def another_was_first(ledger: Ledger, *args: object, **given: object) -> object:
            monkeypatch.setattr(Ledger, "append", really)
            Companies(place.folder, ledger).record(instance)
            return really(ledger, *args, **given)  # type: ignore[arg-type]

        monkeypatch.setattr(Ledger, "append", another_was_first)
        place.companies.record(instance)
        assert place.told("acme") == ["company_created", "company_changed"]


class TestListing:
    def test_what_is_no_company_is_not_listed(self, place: Place) -> None:
        place.create("bb")
        place.create("aa")
        (place.folder / "lost+found").mkdir()
        (place.folder / "Not a slug").mkdir()
        (place.folder / "\x1b[31m").mkdir()
        (place.folder / "file").write_text("")
        (place.folder / ".hidden").mkdir()
        assert place.companies.names() == ["aa", "bb"]

    def test_a_home_without_companies_lists_none(self, place: Place) -> None:
        assert place.companies.names() == []

    def test_broken_settings_are_listed_and_said_and_harm_no_other(self, place: Place) -> None:
        place.create("aa")
        place.create("bb")
        place.companies.instance("aa").settings_file.write_text("name: aa\ngitt: {}\n")
        assert place.companies.names() == ["aa", "bb"]
        assert place.companies.check("bb").problem == ""
        assert "company.yaml:2: gitt: unknown key" in place.companies.check("aa").problem

    @pytest.mark.parametrize("name", ["../etc", "/etc", "..", "", "a/b", "Acme", "a\x1b[2J"])
    def test_a_name_that_is_a_path_reaches_no_file(self, place: Place, name: str) -> None:
        place.create("acme")
        for ask in (
            place.companies.instance,
            place.companies.remove,
            lambda name: place.companies.clone("acme", name),
            lambda name: place.companies.clone(name, "fresh"),
        ):
            with pytest.raises(CompanyError, match="is not a company name") as caught:
                ask(name)
            assert "\x1b" not in str(caught.value)
        assert place.companies.names() == ["acme"]

    def test_an_unknown_company_is_answered_with_those_there_are(self, place: Place) -> None:
        place.create("aa")
        place.create("bb")
        with pytest.raises(CompanyError) as caught:
            place.companies.instance("cc")
        assert "companies: aa, bb" in caught.value.hint


class TestClone:
    def test_it_copies_settings_and_policies_and_no_data(self, place: Place) -> None:
        settings = place.create("acme", title="Acme", language="pt", owners=(Person(name="Ana"),))
        fill(place, "acme")
        cloned = place.companies.clone("acme", "other")
        assert (cloned.source, cloned.target, cloned.rows) == ("acme", "other", {})
        other = place.companies.instance("other")
        assert other.settings == settings.model_copy(update={"name": "other"})
        assert [path.name for path in other.folder.iterdir()] == ["company.yaml"]
        assert place.told("other") == ["company_created"]
        assert place.ledger.state("other").cloned_from == "acme"

    def test_another_repository_changes_only_the_address(
        self, place: Place, tmp_path: Path
    ) -> None:
        git = GitSettings(url=URL, branch="main", token_env="TOKEN", timeout_s=5)
        place.companies.create(CompanySettings(name="acme", git=git))
        (tmp_path / "repo").mkdir()
        place.companies.clone("acme", "other", git_url=str(tmp_path / "repo"))
        moved = place.companies.instance("other").settings.git
        assert (moved.url, moved.protocols) == (str(tmp_path / "repo"), ("file",))
        assert (moved.branch, moved.token_env, moved.timeout_s) == ("main", "TOKEN", 5)

    def test_an_address_no_fetch_would_take_makes_nothing(self, place: Place) -> None:
        place.create("acme")
        with pytest.raises(UsageError, match="--git"):
            place.companies.clone("acme", "other", git_url="ext::sh -c true")
        assert place.companies.names() == ["acme"]

    def test_with_data_it_copies_rows_and_mirror_and_says_how_much(self, place: Place) -> None:
        place.create("acme")
        fill(place, "acme", rows=7)
        cloned = place.companies.clone("acme", "other", data=True)
        assert cloned.rows == {"git_commits": 7}
        assert cloned.mirror_bytes == 5_021
        other = place.companies.instance("other")
        assert set(other.tables().ids("git_commits")) == {f"c{n}" for n in range(7)}
        assert place.told("other") == ["company_created", "data_cloned"]
        assert place.ledger.state("other").rows("git_commits") == 7

    def test_the_copy_lives_on_its_own(self, place: Place) -> None:
        place.create("acme")
        fill(place, "acme", rows=3)
        place.companies.clone("acme", "other", data=True)
        other = place.companies.instance("other").tables()
        other.reconcile("git_commits", commits(1))
        place.companies.remove("acme")
        assert other.rows("git_commits") == 1

    def test_no_lock_is_copied(self, place: Place) -> None:
        place.create("acme")
        fill(place, "acme")
        (place.companies.instance("acme").mirror_folder / "shallow.lock").write_text("")
        place.companies.clone("acme", "other", data=True)
        folder = place.companies.instance("other").folder
        assert not [path for path in folder.rglob("*") if "lock" in path.name]
        with place.companies.instance("other").lock():
            pass

    def test_data_is_not_copied_while_a_sync_runs(self, place: Place) -> None:
        place.create("acme")
        with place.companies.instance("acme").lock(), pytest.raises(CompanyBusy):
            place.companies.clone("acme", "other", data=True)
        assert place.companies.names() == ["acme"]
        assert place.told("other") == []

    def test_a_taken_name_and_an_unknown_source_change_nothing(self, place: Place) -> None:
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
        self, place: Place, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
    ) -> None:
        place.create("acme")
        fill(place, "acme")
        copied: list[str] = []

        def cut(one: str, other: str) -> None:
            copied.append(one)
            if len(copied) > 2:
                raise error
            shutil.copyfile(one, other)

        monkeypatch.setattr(shutil, "copy2", cut)
        wanted = StorageError if isinstance(error, OSError) else error
        with pytest.raises(wanted):  # type: ignore[arg-type]
            place.companies.clone("acme", "other", data=True)
        monkeypatch.undo()
        assert place.companies.names() == ["acme"]
        assert place.told("other") == []
        assert place.left_over() == [".companies.lock"]
        assert place.companies.clone("acme", "other", data=True).rows == {"git_commits": 3}

    def test_a_clone_killed_in_the_middle_never_appears_and_is_swept(self, place: Place) -> None:
        place.create("acme")
        fill(place, "acme")
        program = (
            "import os, shutil, sys\n"
            "from pathlib import Path\n"
            "from resources.companies import Companies\n"
            "from resources.ledger import Ledger\n"
            "shutil.copy2 = lambda one, other: os.kill(os.getpid(), 9)\n"
            "companies = Companies(Path(sys.argv[1]), Ledger.open(Path(sys.argv[2])))\n"
            "companies.clone('acme', 'other', data=True)\n"
        )
        command = [sys.executable, "-c", program, str(place.folder), str(place.ledger.path)]
        assert subprocess.run(command, check=False).returncode == -9
        assert ".creating-other" in place.left_over()
        assert place.companies.names() == ["acme"]
        place.create("third")
        assert place.left_over() == [".companies.lock"]
        assert place.companies.clone("acme", "other", data=True).rows == {"git_commits": 3}


class TestRemove:
    def test_it_deletes_everything_says_how_much_and_is_recorded(self, place: Place) -> None:
        place.create("acme")
        fill(place, "acme")
        assert place.companies.remove("acme", reason="closed") > 5_000
        assert place.companies.names() == []
        assert place.left_over() == [".companies.lock"]
        last = place.events("acme")[-1]
        assert last.event_type == "company_removed"
        assert last.payload.reason == "closed"  # type: ignore[attr-defined]
        assert not place.ledger.state("acme").exists

    def test_a_company_with_a_sync_running_stays(self, place: Place) -> None:
        place.create("acme")
        fill(place, "acme")
        with place.companies.instance("acme").lock(), pytest.raises(CompanyBusy):
            place.companies.remove("acme")
        assert place.companies.instance("acme").tables().rows("git_commits") == 3
        assert place.told("acme") == ["company_created"]

    def test_broken_settings_do_not_keep_it(self, place: Place) -> None:
        place.create("acme")
        place.companies.instance("acme").settings_file.write_text("{{{")
        place.companies.remove("acme")
        assert place.companies.names() == []

    def test_a_link_inside_is_removed_and_what_it_names_stays(
        self, place: Place, tmp_path: Path
    ) -> None:
        precious = tmp_path / "precious"
        precious.mkdir()
        (precious / "file").write_text("keep")
        place.create("acme")
        place.companies.instance("acme").tables_folder.symlink_to(precious)
        place.companies.remove("acme")
        assert (precious / "file").read_text() == "keep"

    def test_a_folder_that_is_a_link_is_refused_and_said(
        self, place: Place, tmp_path: Path
    ) -> None:
        place.create("acme")
        elsewhere = tmp_path / "elsewhere"
        (place.folder / "acme").rename(elsewhere)
        (place.folder / "acme").symlink_to(elsewhere)
        with pytest.raises(CompanyError, match="symbolic link"):
            place.companies.remove("acme")
        assert (elsewhere / "company.yaml").exists()
        place.create("other")  # nothing half done stands in the way

    def test_a_name_can_be_used_again(self, place: Place) -> None:
        place.create("acme")
        place.companies.remove("acme")
        place.create("acme", title="new")
        assert place.told("acme") == ["company_created", "company_removed", "company_created"]
        assert place.ledger.state("acme").exists


class TestCutOff:
    """Whatever moment a command is cut off at, the next one finds or makes a whole state."""

    def test_a_folder_the_ledger_does_not_know_is_recorded_by_the_next_sync(
        self, place: Place
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
        self, place: Place, monkeypatch: pytest.MonkeyPatch
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
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object, **__: object) -> None:
            raise StorageError("the disk is full")

        monkeypatch.setattr(Ledger, "append", full)
        with pytest.raises(StorageError):
            place.create("acme")
        assert place.companies.names() == []
        assert place.left_over() == [".companies.lock"]

    def test_a_company_whose_folder_was_deleted_by_hand_starts_anew(self, place: Place) -> None:
        # else the old cursor would say that everything is synced already
        place.create("acme")
        shutil.rmtree(place.folder / "acme")
        place.create("acme")
        assert place.told("acme") == ["company_created", "company_removed", "company_created"]

    @pytest.mark.parametrize("where", ["before the event", "before the folder is gone"])
    def test_a_removal_cut_off_is_finished_by_the_next_command(
        self, place: Place, monkeypatch: pytest.MonkeyPatch, where: str
    ) -> None:
        place.create("acme")
        fill(place, "acme")

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
        assert place.left_over() == [".companies.lock"]

    def test_a_removal_makes_room_before_it_needs_the_ledger(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # on a full disk the event cannot be written until the data is gone
        place.create("acme")
        fill(place, "acme")

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
        self, small_disk: Path, tmp_path: Path
    ) -> None:
        with Ledger.open(tmp_path / "ledger.db") as ledger:
            place = Place(small_disk / "instances", ledger)
            place.create("first")
            rest = self.fill_up(small_disk)
            with pytest.raises(StorageError, match="disk is full"):
                place.create("acme", description="x" * 2_000)
            assert place.companies.names() == ["first"]
            assert place.left_over() == [".companies.lock"]
            assert place.told("acme") == []
            rest.unlink()
            place.create("acme")
            assert place.companies.names() == ["acme", "first"]

    def test_a_clone_with_data_leaves_nothing(self, small_disk: Path, tmp_path: Path) -> None:
        with Ledger.open(tmp_path / "ledger.db") as ledger:
            place = Place(small_disk / "instances", ledger)
            place.create("acme")
            fill(place, "acme")
            mirror = place.companies.instance("acme").mirror_folder
            (mirror / "objects" / "big").write_bytes(b"x" * 200_000)
            with pytest.raises(StorageError, match="disk is full"):
                place.companies.clone("acme", "other", data=True)
            assert place.companies.names() == ["acme"]
            assert place.left_over() == [".companies.lock"]
            assert place.told("other") == []


class TestSettingsFor:
    def test_a_local_folder_is_made_absolute_and_allowed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "shop").mkdir()
        monkeypatch.chdir(tmp_path)
        git = settings_for("acme", "shop").git
        assert (git.url, git.protocols) == (str(tmp_path / "shop"), ("file",))

    def test_a_url_is_taken_as_it_is(self) -> None:
        settings = settings_for("acme", URL, branch="main", token_env=None, title="Acme")
        assert settings.git == GitSettings(url=URL, branch="main")
        assert settings.title == "Acme"

    @pytest.mark.parametrize(
        "location",
        [
            *(
                "nowhere",
                "~nobody-of-this-name/x",
                "x" * 5_000,
                "a\0b",
                "",
                "--upload-pack=touch x",
            ),
            *("http://example.org/x", "ext::sh -c true", "https://ana:hunter2@example.org/x"),
        ],
    )
    def test_what_is_no_repository_is_wrong_usage(self, location: str) -> None:
        with pytest.raises(UsageError, match="--git") as caught:
            settings_for("acme", location)
        assert "hunter2" not in str(caught.value)
        assert len(str(caught.value)) < 700

    @pytest.mark.parametrize(
        ("given", "key"),
        [
            ({"branch": "-x"}, r"git\.branch"),
            ({"title": "a\nb"}, "title"),
            ({"language": "fr"}, "language"),
            ({"token_env": "ghp_x"}, r"git\.token_env"),
        ],
    )
    def test_another_wrong_value_is_named(self, given: dict[str, str], key: str) -> None:
        with pytest.raises(UsageError, match=f"^{key}: "):
            settings_for("acme", URL, **given)

    def test_a_wrong_name_is_named(self) -> None:
        with pytest.raises(UsageError, match=r"^name: must be 2 to 40"):
            settings_for("../acme", URL)
