"""Small files are written whole or not at all, for their owner only."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from coordinator.errors import SettingsError, StorageError
from resources.files import make_folder, read_settings_text, size_of, storage_errors, write_text


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestWriting:
    def test_a_file_is_replaced_and_only_its_owner_may_read_it(self, tmp_path: Path) -> None:
        file = tmp_path / "company.yaml"
        file.write_text("old")
        file.chmod(0o644)
        before = os.umask(0)
        try:
            write_text(file, "new: ção\n")
        finally:
            os.umask(before)
        assert file.read_text(encoding="utf-8") == "new: ção\n"
        assert mode(file) == 0o600
        assert [path.name for path in tmp_path.iterdir()] == ["company.yaml"]

    def test_a_write_cut_off_leaves_the_old_content_and_nothing_else(self, tmp_path: Path) -> None:
        file = tmp_path / "company.yaml"
        file.write_text("old")
        with pytest.raises(UnicodeEncodeError):
            write_text(file, "half " * 10_000 + "\ud800")
        assert file.read_text() == "old"
        assert [path.name for path in tmp_path.iterdir()] == ["company.yaml"]

    def test_a_folder_is_closed_to_others_even_if_it_was_open(self, tmp_path: Path) -> None:
        folder = tmp_path / "a" / "b"
        make_folder(folder)
        assert mode(folder) == 0o700
        folder.chmod(0o755)
        make_folder(folder)
        assert mode(folder) == 0o700

    @pytest.mark.parametrize("below", ["", "deeper"])
    def test_a_file_in_the_place_of_a_folder_is_said(self, tmp_path: Path, below: str) -> None:
        (tmp_path / "home").write_text("")
        with pytest.raises(StorageError, match="a file stands there"):
            make_folder(tmp_path / "home" / below)


class TestStorageErrors:
    @pytest.mark.parametrize(
        ("number", "said"),
        [
            (errno.ENOSPC, "the disk is full: x was not written"),
            (errno.EDQUOT, "the disk is full: x was not written"),
            (errno.EROFS, "x may not be written"),
            (errno.EACCES, "x may not be written"),
        ],
    )
    def test_trouble_of_the_disk_is_said_with_what_to_do(self, number: int, said: str) -> None:
        with pytest.raises(StorageError, match=said) as caught, storage_errors("x"):
            raise OSError(number, os.strerror(number), "/secret/path")
        assert caught.value.hint
        assert "/secret/path" not in str(caught.value)

    def test_other_errors_pass(self) -> None:
        with pytest.raises(FileNotFoundError), storage_errors("x"):
            Path("/nonexistent/file").read_text()


class TestReadingSettings:
    def read(self, path: Path) -> SettingsError:
        with pytest.raises(SettingsError) as caught:
            read_settings_text(path)
        assert caught.value.file == str(path)
        return caught.value

    def test_text_comes_back_as_it_stands(self, tmp_path: Path) -> None:
        (tmp_path / "f").write_bytes("a: é\r\nb: 1\r\n".encode())
        assert read_settings_text(tmp_path / "f") == "a: é\r\nb: 1\r\n"

    def test_a_missing_file_is_said(self, tmp_path: Path) -> None:
        assert "does not exist" in self.read(tmp_path / "f").problem

    def test_what_is_not_utf_8_is_said_with_its_line(self, tmp_path: Path) -> None:
        (tmp_path / "f").write_bytes(b"name: x\ntitle: ok\nowner: Jos\xe9\n")
        error = self.read(tmp_path / "f")
        assert (error.line, error.problem) == (3, "not UTF-8 text")

    def test_a_huge_file_is_refused_without_being_read(self, tmp_path: Path) -> None:
        with (tmp_path / "f").open("wb") as file:
            file.truncate(1 << 40)
        assert "larger than 256 kB" in self.read(tmp_path / "f").problem

    def test_a_folder_and_a_pipe_are_refused_instead_of_waited_for(self, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        os.mkfifo(tmp_path / "pipe")
        assert "is not a file" in self.read(tmp_path / "folder").problem
        assert "is not a file" in self.read(tmp_path / "pipe").problem

    def test_a_link_that_goes_round_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "f").symlink_to("f")
        assert "cannot be read" in self.read(tmp_path / "f").problem


class TestSize:
    def test_it_counts_files_below_and_follows_no_link(self, tmp_path: Path) -> None:
        (tmp_path / "a" / "b").mkdir(parents=True)
        (tmp_path / "a" / "b" / "x").write_bytes(b"12345")
        (tmp_path / "y").write_bytes(b"123")
        (tmp_path / "link").symlink_to("/usr")
        (tmp_path / "dangling").symlink_to("nowhere")
        assert size_of(tmp_path) == 8

    def test_what_does_not_exist_has_no_size(self, tmp_path: Path) -> None:
        assert size_of(tmp_path / "nowhere") == 0
