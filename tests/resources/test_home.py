"""The coordinator's home: made once, opened often, closed to others."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from coordinator.errors import SettingsError, StorageError, UsageError
from coordinator.settings import CoordinatorSettings, EmbeddingSettings
from resources.home import SETTINGS_FILE, Home, home_path
from resources.ledger import Ledger

EMBEDDING = EmbeddingSettings(model="some-model", batch_size=4)


def made(path: Path) -> Home:
    return Home.init(path, embedding=EMBEDDING)


class TestInit:
    def test_it_makes_everything_a_command_needs(self, tmp_path: Path) -> None:
        with made(tmp_path / "home") as home:
            assert home.settings.embedding == EMBEDDING
            assert home.companies.names() == []
            assert (home.dagster_folder / "dagster.yaml").is_file()
            (event,) = home.ledger.read()
            assert event.event_type == "home_initialized"
            assert event.payload.model == "some-model"  # type: ignore[attr-defined]

    def test_nobody_else_may_look_inside(self, tmp_path: Path) -> None:
        before = os.umask(0)
        try:
            with made(tmp_path / "home") as home:
                paths = [home.path, *home.path.rglob("*")]
        finally:
            os.umask(before)
        for path in paths:
            if path.exists():
                allowed = 0o700 if path.is_dir() else 0o600
                assert stat.S_IMODE(path.stat().st_mode) == allowed, path

    def test_an_existing_home_is_left_as_it_is(self, tmp_path: Path) -> None:
        with made(tmp_path) as home:
            (home.path / SETTINGS_FILE).write_text("search: {min_score: 0.5}\n")
            (home.dagster_folder / "dagster.yaml").write_text("# mine\n")
        with Home.init(tmp_path, embedding=EmbeddingSettings(model="other")) as again:
            assert again.settings == CoordinatorSettings.model_validate(
                {"search": {"min_score": 0.5}}
            )
            assert (again.dagster_folder / "dagster.yaml").read_text() == "# mine\n"
            assert len(again.ledger.read()) == 1

    @pytest.mark.parametrize("step", ["record_initialization", "open"])
    def test_one_cut_off_is_no_home_and_can_be_repeated(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
    ) -> None:
        def cut(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(Ledger, step, cut)
        with pytest.raises(KeyboardInterrupt):
            made(tmp_path)
        monkeypatch.undo()
        with pytest.raises(UsageError):
            Home.open(tmp_path)
        with made(tmp_path) as home:
            assert len(home.ledger.read()) == 1

    def test_a_folder_with_other_things_in_it_is_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "src").mkdir()
        mode = tmp_path.stat().st_mode
        with pytest.raises(UsageError, match="not empty"):
            Home.init(tmp_path, embedding=EmbeddingSettings())
        assert [path.name for path in tmp_path.iterdir()] == ["src"]
        assert tmp_path.stat().st_mode == mode

    @pytest.mark.parametrize("below", ["", "deeper"])
    def test_a_file_in_its_place_is_said(self, tmp_path: Path, below: str) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(StorageError, match="a file stands there"):
            made(tmp_path / "file" / below)

    def test_dagsters_settings_are_yaml_with_one_run_per_company(self, tmp_path: Path) -> None:
        import yaml

        with made(tmp_path) as home:
            settings = yaml.safe_load((home.dagster_folder / "dagster.yaml").read_text())
        (limit,) = settings["concurrency"]["runs"]["tag_concurrency_limits"]
        assert limit["key"] == "dagster/partition"
        assert limit["value"] == {"applyLimitPerUniqueValue": True}
        assert limit["limit"] == 1
        assert settings["telemetry"] == {"enabled": False}


class TestOpen:
    def test_what_was_made_is_opened(self, tmp_path: Path) -> None:
        made(tmp_path).close()
        with Home.open(tmp_path) as home:
            assert home.settings.embedding.model == "some-model"

    def test_no_home_says_how_to_make_one(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="no coordinator home at") as caught:
            Home.open(tmp_path / "nowhere")
        assert "orch init" in caught.value.hint
        assert not (tmp_path / "nowhere").exists()

    def test_broken_settings_name_file_line_and_key(self, tmp_path: Path) -> None:
        with made(tmp_path) as home:
            (home.path / SETTINGS_FILE).write_text("embedding:\n  modell: x\n")
        with Home.open(tmp_path) as again, pytest.raises(SettingsError) as caught:
            _ = again.settings
        assert caught.value.file == str(tmp_path / SETTINGS_FILE)
        assert (caught.value.line, caught.value.key) == (2, "embedding.modell")

    def test_closing_one_that_opened_nothing_is_no_error(self, tmp_path: Path) -> None:
        made(tmp_path).close()
        Home.open(tmp_path).close()

    def test_opening_it_loads_no_heavy_library(self, tmp_path: Path) -> None:
        made(tmp_path).close()
        program = (
            "import sys\n"
            "from resources.home import Home\n"
            "with Home.open(sys.argv[1]) as home:\n"
            "    home.companies.names()\n"
            "heavy = {'torch', 'lancedb', 'pyarrow', 'dagster', 'pandas', 'numpy'}\n"
            "print(sorted(heavy & set(sys.modules)))\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == "[]\n"


class TestPath:
    def test_the_argument_comes_before_the_environment_before_the_default(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.delenv("ORCH_HOME", raising=False)
        assert home_path() == tmp_path / ".orch"
        monkeypatch.setenv("ORCH_HOME", "")
        assert home_path() == tmp_path / ".orch"
        monkeypatch.setenv("ORCH_HOME", str(tmp_path / "env"))
        assert home_path() == tmp_path / "env"
        assert home_path("given") == tmp_path / "given"

    def test_a_tilde_is_the_users_own_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        assert home_path("~/orch") == tmp_path / "orch"

    def test_a_user_that_does_not_exist_is_wrong_usage(self) -> None:
        with pytest.raises(UsageError, match="no-such-user"):
            home_path("~no-such-user/orch")


def test_two_homes_share_nothing(tmp_path: Path) -> None:
    with made(tmp_path / "one") as one, made(tmp_path / "two") as two:
        from resources.companies import settings_for

        one.companies.create(settings_for("acme", "https://example.org/x"))
        assert two.companies.names() == []
        assert not two.ledger.state("acme").exists


def test_the_memory_of_a_company_that_does_not_exist_is_not_opened(tmp_path: Path) -> None:
    from coordinator.errors import CompanyError

    with made(tmp_path) as home, pytest.raises(CompanyError, match="no company 'acme'"):
        home.memory("acme")
