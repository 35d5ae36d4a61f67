"""Companies are made and listed, and the ledger knows it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from coordinator.errors import CompanyError, UsageError
from coordinator.settings import GitSettings
from resources.companies import Companies, settings_for
from resources.ledger import Ledger

URL = "https://example.org/shop.git"


class TestCreate:
    def test_it_appears_with_its_settings_and_in_the_ledger(self, place: Any) -> None:
        settings = place.create("acme", title="Acme")
        assert place.companies.names() == ["acme"]
        assert place.companies.instance("acme").settings == settings
        state = place.ledger.state("acme")
        assert state.exists
        assert state.settings_hash == place.companies.instance("acme").settings_hash
        assert place.told("acme") == ["company_created"]
        assert place.left_over() == []

    def test_only_its_owner_may_look_inside(self, place: Any) -> None:
        before = os.umask(0)
        try:
            place.create("acme")
        finally:
            os.umask(before)
        for path in [place.folder, *place.folder.rglob("*")]:
            allowed = 0o700 if path.is_dir() else 0o600
            assert stat.S_IMODE(path.stat().st_mode) == allowed, path

    def test_a_second_one_of_the_same_name_is_refused_and_changes_nothing(self, place: Any) -> None:
        settings = place.create("acme", title="first")
        with pytest.raises(CompanyError, match="'acme' exists already"):
            place.create("acme", title="second")
        assert place.companies.instance("acme").settings == settings
        assert place.told("acme") == ["company_created"]

    def test_two_processes_that_create_the_same_names_at_once_make_each_once(
        self, place: Any
    ) -> None:
        names = [f"company-{number}" for number in range(12)]
        program = (
            "import sys, json\n"
            "from pathlib import Path\n"
            "from coordinator.errors import CompanyError\n"
            "from resources.companies import Companies, settings_for\n"
            "from resources.ledger.ledger import Ledger\n"
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
        command = [
            sys.executable,
            "-c",
            program,
            str(place.folder),
            str(place.ledger.anchors.path.with_suffix(".db")),
            *names,
        ]
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

    def test_a_settings_file_edited_by_hand_is_recorded_once(self, place: Any) -> None:
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
        self, place: Any, monkeypatch: pytest.MonkeyPatch
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
    def test_what_is_no_company_is_not_listed(self, place: Any) -> None:
        place.create("bb")
        place.create("aa")
        (place.folder / "lost+found").mkdir()
        (place.folder / "Not a slug").mkdir()
        (place.folder / "\x1b[31m").mkdir()
        (place.folder / "file").write_text("")
        (place.folder / ".hidden").mkdir()
        assert place.companies.names() == ["aa", "bb"]

    def test_a_home_without_companies_lists_none(self, place: Any) -> None:
        assert place.companies.names() == []

    def test_broken_settings_are_listed_and_said_and_harm_no_other(self, place: Any) -> None:
        place.create("aa")
        place.create("bb")
        place.companies.instance("aa").settings_file.write_text("name: aa\ngitt: {}\n")
        assert place.companies.names() == ["aa", "bb"]
        assert place.companies.check("bb").problem == ""
        assert "company.yaml:2: gitt: unknown key" in place.companies.check("aa").problem

    @pytest.mark.parametrize("name", ["../etc", "/etc", "..", "", "a/b", "Acme", "a\x1b[2J"])
    def test_a_name_that_is_a_path_reaches_no_file(self, place: Any, name: str) -> None:
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

    def test_an_unknown_company_is_answered_with_those_there_are(self, place: Any) -> None:
        place.create("aa")
        place.create("bb")
        with pytest.raises(CompanyError) as caught:
            place.companies.instance("cc")
        assert "companies: aa, bb" in caught.value.hint


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
