"""A disk that fills up in the middle of a sync: a clear error, nothing lost, and on it goes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from coordinator.settings import EmbeddingSettings
from orch_dagster.cli.main import run
from orch_dagster.samples.build import build_repository
from resources.companies import settings_for
from resources.home import Home

SMALL_KB = (300, 600, 1_200)


def mounted(*arguments: str) -> bool:
    done = subprocess.run(["mount", "-t", "tmpfs", *arguments], capture_output=True, check=False)
    return done.returncode == 0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A tmpfs of 64 MB that the test may shrink and grow."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() != 0 or not mounted("-o", "size=64m,mode=700", "tmpfs", str(place)):
        pytest.skip("mounting a small disk needs root and the right to mount")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def resized(disk: Path, kilobytes: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={kilobytes}k", disk], check=True)


def used_kb(disk: Path) -> int:
    found = os.statvfs(disk)
    return (found.f_blocks - found.f_bfree) * found.f_frsize // 1024


@pytest.mark.parametrize("left", SMALL_KB)
def test_a_full_disk_is_said_and_the_next_sync_ends_as_it_should(
    disk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], left: int
) -> None:
    build_repository("empresa-b", tmp_path / "b.git")
    home = disk / "home"
    with Home.init(home, embedding=EmbeddingSettings()) as opened:
        opened.companies.create(settings_for("empresa-b", str(tmp_path / "b.git")))
    resized(disk, used_kb(disk) + left)
    code = run(["--home", str(home), "sync", "empresa-b"])
    said = capsys.readouterr().err
    assert code == 1
    assert "Traceback" not in said
    assert "full" in said
    resized(disk, 65_536)
    assert run(["--home", str(home), "events", "verify"]) == 0
    assert run(["--home", str(home), "sync", "empresa-b"]) == 0
    with Home.open(home) as opened:
        tables = opened.companies.instance("empresa-b").tables()
        assert tables.rows("git_commits") == 48
        assert set(tables.ids("private_memory")) == set(tables.ids("learnings"))
        assert opened.ledger.state("empresa-b").syncs == 1
