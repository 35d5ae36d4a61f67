"""A company's space: its settings, and the lock that only its holder's death or will gives up."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from coordinator.errors import CompanyBusy, CompanyError, SettingsError
from coordinator.settings import CompanySettings, GitSettings
from resources.instances import Instance

HOLD = """
import sys
from pathlib import Path
from resources.instances import Instance
with Instance(Path(sys.argv[1])).lock():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def acme(tmp_path: Path) -> Instance:
    folder = tmp_path / "acme"
    folder.mkdir(mode=0o700)
    instance = Instance(folder)
    settings = CompanySettings(name="acme", git=GitSettings(url="https://example.org/x"))
    instance.write_settings(settings)
    return instance


@contextmanager
def another_process_holds(instance: Instance) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(instance.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


class TestLock:
    def test_a_second_process_is_told_who_holds_it(self, acme: Instance) -> None:
        with (
            another_process_holds(acme) as holder,
            pytest.raises(CompanyBusy, match=rf"'acme' is running \(process {holder.pid}\)"),
            acme.lock(),
        ):
            pass

    def test_the_lock_of_a_killed_process_is_free_again(self, acme: Instance) -> None:
        with another_process_holds(acme) as holder:
            holder.send_signal(signal.SIGKILL)
            holder.wait()
            assert (acme.folder / ".sync.holder").exists()  # it had no time to tidy up
            with acme.lock():
                pass
        assert not (acme.folder / ".sync.holder").exists()

    def test_it_is_free_after_an_error_inside(self, acme: Instance) -> None:
        with pytest.raises(RuntimeError), acme.lock():
            raise RuntimeError
        with acme.lock():
            pass

    def test_another_holder_in_this_process_is_busy_too(self, acme: Instance) -> None:
        with acme.lock(), pytest.raises(CompanyBusy), Instance(acme.folder).lock():
            pass

    def test_two_companies_are_held_side_by_side(self, acme: Instance, tmp_path: Path) -> None:
        (tmp_path / "other").mkdir()
        with acme.lock(), Instance(tmp_path / "other").lock():
            pass

    @pytest.mark.parametrize("content", ["", "[]", "5", "{", '{"pid": "x"}'])
    def test_a_broken_note_of_the_holder_does_not_hide_that_it_is_busy(
        self, acme: Instance, content: str
    ) -> None:
        with acme.lock():
            (acme.folder / ".sync.holder").write_text(content)
            with pytest.raises(CompanyBusy), Instance(acme.folder).lock():
                pass

    def test_what_it_leaves_is_for_its_owner_only(self, acme: Instance) -> None:
        with acme.lock():
            for path in acme.folder.iterdir():
                assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name

    def test_a_company_that_is_gone_has_no_lock_and_does_not_come_back(
        self, tmp_path: Path
    ) -> None:
        gone = Instance(tmp_path / "instances" / "acme")
        with pytest.raises(CompanyError, match="no company 'acme'"), gone.lock():
            pass
        assert not (tmp_path / "instances").exists()

    def test_a_company_removed_just_before_the_lock_does_not_come_back(
        self, acme: Instance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from filelock import FileLock

        really = FileLock.acquire

        def removed_first(lock: FileLock) -> object:
            acme.folder.rename(acme.folder.with_name(".removing-acme"))
            return really(lock)

        monkeypatch.setattr(FileLock, "acquire", removed_first)
        with pytest.raises(CompanyError, match="no company 'acme'"), acme.lock():
            pass
        assert not acme.folder.exists()


class TestSettings:
    def test_they_are_read_and_written_in_the_companys_folder(self, acme: Instance) -> None:
        acme.write_settings(acme.settings.model_copy(update={"title": "Acme"}))
        assert acme.settings.title == "Acme"
        assert Instance(acme.folder).settings == acme.settings
        assert stat.S_IMODE(acme.settings_file.stat().st_mode) == 0o600

    def test_their_hash_knows_meaning_from_writing(self, acme: Instance) -> None:
        before = acme.settings_hash
        text = acme.settings_file.read_text()
        acme.settings_file.write_text(f"# a comment\nlanguage: en\n{text}")
        assert Instance(acme.folder).settings_hash == before
        acme.settings_file.write_text(f"language: pt\n{text}")
        assert Instance(acme.folder).settings_hash != before

    def test_a_company_without_a_folder_does_not_exist(self, tmp_path: Path) -> None:
        with pytest.raises(CompanyError, match="there is no company 'acme'"):
            _ = Instance(tmp_path / "acme").settings

    def test_a_folder_without_settings_says_which_file_is_missing(self, tmp_path: Path) -> None:
        (tmp_path / "acme").mkdir()
        with pytest.raises(SettingsError, match=r"acme/company\.yaml: does not exist"):
            _ = Instance(tmp_path / "acme").settings

    def test_settings_of_another_name_are_refused(self, acme: Instance) -> None:
        acme.settings_file.write_text(acme.settings_file.read_text().replace("acme", "other"))
        with pytest.raises(CompanyError, match=r"names the company 'other'.*folder is 'acme'"):
            _ = Instance(acme.folder).settings

    def test_an_error_names_file_line_and_key(self, acme: Instance) -> None:
        acme.settings_file.write_text("name: acme\ngit:\n  url: https://example.org/x\n  brunch: y")
        with pytest.raises(SettingsError) as caught:
            _ = Instance(acme.folder).settings
        assert caught.value.file == str(acme.settings_file)
        assert (caught.value.line, caught.value.key) == (4, "git.brunch")


def test_no_path_is_outside_the_companys_folder(acme: Instance) -> None:
    for path in (acme.settings_file, acme.mirror_folder, acme.tables_folder):
        assert path.parent == acme.folder


@pytest.mark.parametrize("name", ["..", "Acme", "a b", ".git"])
def test_a_folder_that_is_no_slug_is_no_instance(tmp_path: Path, name: str) -> None:
    with pytest.raises(CompanyError):
        Instance(tmp_path / name)
