"""`orch doctor` as somebody types it, and that what it names heals what it found."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from coordinator.settings import EmbeddingSettings
from orch_dagster.cli.main import run
from resources.companies import settings_for
from resources.home import Home

if TYPE_CHECKING:
    from tests.conftest import Repository

MESSAGE = """Retry the payment only with an idempotency key

The acquirer answered after our timeout, we charged again and customers paid twice. Each attempt
now carries the same key, and the acquirer drops the second one.
"""
TABLES = "instances/shop/tables"


@pytest.fixture(scope="module")
def synced(
    repository: Callable[[str], Repository], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    made = repository("shop")
    made.commit({"README.md": "# Shop\n\nSells things to people who like them.\n"}, MESSAGE)
    path = tmp_path_factory.mktemp("doctor") / "home"
    with Home.init(path, embedding=EmbeddingSettings()) as home:
        home.companies.create(settings_for("shop", str(made.path)))
    assert run(["--home", str(path), "sync", "shop", "--json"]) == 0
    add = ["memory", "add", "--company", "shop", "--category", "solution", "Keep it cool."]
    assert run(["--home", str(path), *add]) == 0
    return path


@pytest.fixture
def home(synced: Path, tmp_path: Path) -> Path:
    shutil.copytree(synced, tmp_path / "home", symlinks=True)
    return tmp_path / "home"


def doctor(home: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    """The exit code, and what is not sound: level, words and cure by subject."""
    capsys.readouterr()
    code = run(["--home", str(home), "doctor", "--json"])
    found = json.loads(capsys.readouterr().out)
    return code, {one["what"]: one for one in found if one["level"] != "ok"}


def test_a_synced_home_is_sound_and_says_what_was_looked_at(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor(home, capsys) == (0, {})
    assert run(["--home", str(home), "doctor", "--all", "--company", "shop"]) == 0
    said = capsys.readouterr().out
    assert "private_memory" in said
    assert "0 damaged, 0 warnings" in said


def lose_everything(home: Path) -> None:
    shutil.rmtree(home / TABLES)


def cut_the_memory(home: Path) -> None:
    for file in (home / TABLES / "private_memory.lance/data").iterdir():
        file.write_bytes(file.read_bytes()[:100])


def cut_the_learnings(home: Path) -> None:
    for file in (home / TABLES / "learnings.lance/data").iterdir():
        file.write_bytes(file.read_bytes()[:100])


@pytest.mark.parametrize("damage", [lose_everything, cut_the_memory, cut_the_learnings])
def test_rebuild_heals_the_damage_that_the_doctor_names(
    home: Path, capsys: pytest.CaptureFixture[str], damage: Callable[[Path], None]
) -> None:
    damage(home)
    code, found = doctor(home, capsys)
    assert code == 1
    cures = {one["heals"] for one in found.values() if one["level"] == "failure"}
    assert all("orch memory rebuild" in cure for cure in cures)
    assert run(["--home", str(home), "memory", "rebuild", "--company", "shop"]) == 0
    assert doctor(home, capsys) == (0, {})
    assert run(["--home", str(home), "memory", "search", "cool", "--company", "shop"]) == 0
    assert "Keep it cool." in capsys.readouterr().out


def test_damage_is_shown_with_its_cure_and_warnings_alone_are_no_failure(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home.chmod(0o755)
    assert run(["--home", str(home), "doctor"]) == 1
    said = capsys.readouterr().out
    assert "FAILURE" in said
    assert "chmod 700" in said
    home.chmod(0o700)
    (home / "instances" / ".removing-other").mkdir()
    assert run(["--home", str(home), "doctor"]) == 0
    assert "1 warnings" in capsys.readouterr().out


def test_without_a_home_it_says_how_to_make_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--home", str(tmp_path / "none"), "doctor"]) == 2
    assert "orch init" in capsys.readouterr().err
