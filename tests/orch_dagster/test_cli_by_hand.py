"""`orch memory add|remove|list|rebuild` and `orch catalog add|remove`, as people call them."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from coordinator.settings import EmbeddingSettings
from orch_dagster.cli.main import run
from resources import by_hand as hand
from resources.companies import settings_for
from resources.home import Home

WORDS = "Wobbleflux tokens are rotated every hour and their keys every day."
SECRET = "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"
Answer = tuple[int, str, str]
Orch = Callable[..., Answer]
CART = '{"name": "cart", "version": "1.2.0", "scripts": {"start": "node server.js"}}'
MESSAGE = """Fix double charges when the acquirer times out

The acquirer answered after our timeout, we charged again and customers paid twice. Each attempt
now carries the same key, and the acquirer drops the second one.
"""


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory, repository: Callable[[str], Any]) -> Path:
    """A home with the synced company `shop` and the empty company `zeta`; only to be copied."""
    made = repository("shop")
    made.commit({"cart/package.json": CART, "cart/server.js": "listen(8080)\n"}, MESSAGE)
    made.commit({"libs/retry/retry.js": "again()\n"}, "Add retries to the acquirer's client")
    folder = tmp_path_factory.mktemp("shops") / "home"
    with Home.init(folder, embedding=EmbeddingSettings()) as home:
        home.companies.create(settings_for("shop", str(made.path)))
        home.companies.create(settings_for("zeta", str(made.path)))
        home.by_hand.add_learning("zeta", "Zetaflux belongs to zeta alone.", category="need")
    assert run(["--home", str(folder), "sync", "shop"]) == 0
    return folder


@pytest.fixture
def home(shops: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(hand, "WAIT_S", 0.0)
    return Path(shutil.copytree(shops, tmp_path / "home"))


@pytest.fixture
def orch(home: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Orch]:
    def call(*arguments: str) -> Answer:
        capsys.readouterr()
        code = run(["--home", str(home), *arguments])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err

    yield call


def parsed(answer: Answer, code: int = 0) -> Any:
    assert answer[0] == code, answer
    return json.loads(answer[1])


def add(orch: Orch, *more: str) -> Answer:
    return orch("memory", "add", "--company", "shop", "--category", "solution", *more)


def tables(home: Path, company: str = "shop") -> Path:
    return home / "instances" / company / "tables"


# -- learnings ---------------------------------------------------------------------------------


def test_a_learning_is_added_found_listed_and_removed(orch: Orch, home: Path) -> None:
    added = parsed(add(orch, WORDS, "--json"))
    assert (added["searchable"], added["already"]) == (True, False)
    (hit, *_) = parsed(orch("memory", "search", "wobbleflux", "--company", "shop", "--json"))
    assert hit["id"] == added["id"]
    (listed,) = parsed(orch("memory", "list", "--company", "shop", "--json"))
    assert (listed["id"], listed["content"]) == (added["id"], WORDS)
    assert "already there, searchable" in add(orch, WORDS)[1]
    remove = ("memory", "remove", added["id"], "--company", "shop", "--reason", "wrong")
    assert WORDS[:20] in orch(*remove, "--dry-run")[1]
    assert len(parsed(orch("memory", "list", "--company", "shop", "--json"))) == 1
    assert "its words are gone" in orch(*remove)[1]
    assert parsed(orch("memory", "list", "--company", "shop", "--json")) == []
    assert "removed before" in orch(*remove)[1]
    assert "wobbleflux" not in orch("memory", "search", "wobbleflux", "--company", "shop")[1]


def test_no_command_shows_another_company_what_is_written_by_hand(orch: Orch) -> None:
    for command in (
        ("memory", "list", "--company", "shop"),
        ("memory", "search", "zetaflux", "--company", "shop"),
        ("memory", "stats", "--company", "shop"),
        ("events", "list", "--json"),
    ):
        code, out, err = orch(*command)
        assert code == 0, err
        assert "zetaflux" not in (out + err).lower(), command


def test_words_come_from_a_pipe(orch: Orch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(WORDS.encode())))
    assert add(orch, "-")[0] == 0
    assert orch("memory", "search", "wobbleflux", "--company", "shop")[1]


@pytest.mark.parametrize(
    "piped", [b"\xff\xfe", b"x" * 10_000_000, b"", b"\0" * 50, SECRET.encode()]
)
def test_a_pipe_of_anything_is_refused_in_a_line(
    orch: Orch, monkeypatch: pytest.MonkeyPatch, piped: bytes
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(piped)))
    code, out, err = add(orch, "-")
    assert (code, out) == (2, "")
    assert len(err) < 400
    assert SECRET not in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("memory", "add", "words", "--company", "shop"),
        ("memory", "add", "words", "--company", "shop", "--category", "poem"),
        ("memory", "add", f"key {SECRET}", "--company", "shop", "--category", "need"),
        ("memory", "add", "words", "--company", "'; DROP TABLE", "--category", "need"),
        ("memory", "add", "words", "--company", "nobody", "--category", "need"),
        ("memory", "remove", "x", "--company", "shop", "--reason", "y"),
        ("memory", "remove", "x", "--company", "shop", "--reason", "y", "--dry-run"),
        ("memory", "remove", "x", "--company", "shop"),
        ("memory", "list", "--company", "../shop"),
        ("catalog", "add", "../../etc", "--company", "shop"),
        ("catalog", "add", "no/such/folder", "--company", "shop"),
        ("catalog", "add", "cart", "--company", "shop", "--description", f"key {SECRET}"),
        ("catalog", "remove", "cart", "--company", "shop", "--reason", "y"),
    ],
)
def test_what_cannot_be_written_is_refused_and_nothing_is_recorded(
    orch: Orch, home: Path, arguments: tuple[str, ...]
) -> None:
    with Home.open(home) as opened:
        before = opened.ledger.head()
    code, out, err = orch(*arguments)
    assert code in (1, 2)
    assert out == ""
    assert err
    assert SECRET not in err
    with Home.open(home) as opened:
        assert opened.ledger.head() == before


def test_while_a_sync_runs_it_is_recorded_and_the_exit_code_says_in_part(
    orch: Orch, home: Path
) -> None:
    with Home.open(home) as opened, opened.companies.instance("shop").lock():
        code, out, err = add(orch, WORDS)
        assert code == 3
        assert "recorded" in out
        assert "searchable" not in out
        assert "orch sync shop" in err
        assert orch("catalog", "add", "libs", "--company", "shop")[0] == 3
    assert orch("sync", "shop")[0] == 0
    assert "wobbleflux" in orch("memory", "search", "wobbleflux", "--company", "shop")[1].lower()
    listed = parsed(orch("catalog", "list", "--company", "shop", "--json"))
    assert "libs" in {row["path"] for row in listed}


# -- components --------------------------------------------------------------------------------


def test_a_component_is_declared_shown_and_taken_back(orch: Orch) -> None:
    told = ("--name", "Retry", "--description", "Retries with backoff.", "--category", "library")
    assert orch("catalog", "add", "libs/retry", "--company", "shop", *told)[0] == 0
    listed = parsed(orch("catalog", "list", "--company", "shop", "--json"))
    (row,) = (row for row in listed if row["path"] == "libs/retry")
    assert (row["name"], row["category"], row["reason"]) == ("Retry", "library", "declared by hand")
    again = orch("catalog", "add", "libs/retry", "--company", "shop", *told)
    assert "already declared so" in again[1]
    back = ("catalog", "remove", "libs/retry", "--company", "shop", "--reason", "part of cart")
    assert "taken back" in orch(*back)[1]
    listed = parsed(orch("catalog", "list", "--company", "shop", "--json"))
    assert [row["path"] for row in listed] == ["cart"]
    assert "taken back before" in orch(*back)[1]


# -- rebuild -----------------------------------------------------------------------------------


def contents(orch: Orch) -> tuple[Any, Any, Any]:
    def rows(*arguments: str) -> list[Any]:
        return sorted(parsed(orch(*arguments, "--json")), key=lambda row: row["id"])

    search = ("memory", "search", "payment retry token", "--company", "shop", "--limit", "50")
    hits = [{key: hit[key] for key in ("id", "content", "source")} for hit in rows(*search)]
    return hits, rows("catalog", "list", "--company", "shop"), rows("memory", "list")


def damage(folder: Path) -> None:
    """Make zeros of the first half of each data file, as a bad disk does."""
    for file in folder.glob("data/*"):
        data = file.read_bytes()
        file.write_bytes(bytes(len(data) // 2) + data[len(data) // 2 :])


def lose_all(folder: Path) -> None:
    shutil.rmtree(folder)


def lose_one(folder: Path) -> None:
    shutil.rmtree(folder / "learnings.lance")


def damage_memory(folder: Path) -> None:
    damage(folder / "private_memory.lance")


def damage_every_table(folder: Path) -> None:
    for table in folder.glob("*.lance"):
        damage(table)


def cut_manifests(folder: Path) -> None:
    for manifest in folder.glob("*.lance/_versions/*.manifest"):
        manifest.write_bytes(manifest.read_bytes()[:20])


@pytest.mark.parametrize(
    "harm",
    [
        lose_all,
        cut_manifests,
        pytest.param(lose_one, marks=pytest.mark.figures),
        pytest.param(damage_memory, marks=pytest.mark.figures),
        pytest.param(damage_every_table, marks=pytest.mark.figures),
    ],
)
def test_everything_comes_back_from_the_ledger_and_the_sources(
    orch: Orch, home: Path, harm: Callable[[Path], None]
) -> None:
    assert add(orch, WORDS)[0] == 0
    assert orch("catalog", "add", "libs/retry", "--company", "shop", "--name", "Retry")[0] == 0
    assert orch("sync", "shop")[0] == 0
    before = contents(orch)
    assert len(before[0]) >= 2
    harm(tables(home))
    assert orch("doctor", "--company", "shop")[0] == 1
    rebuilt = parsed(orch("memory", "rebuild", "--company", "shop", "--json"))
    (one,) = rebuilt["companies"]
    assert one["made_anew"]
    assert contents(orch) == before
    code, out, _ = orch("doctor", "--company", "shop")
    assert code == 0, out


def test_without_its_repository_it_restores_what_the_ledger_holds_and_says_so(
    orch: Orch, home: Path, tmp_path: Path
) -> None:
    assert add(orch, WORDS)[0] == 0
    settings = home / "instances" / "shop" / "company.yaml"
    with Home.open(home) as opened:
        url = opened.companies.instance("shop").settings.git.url
    settings.write_text(settings.read_text().replace(url, str(tmp_path / "nowhere")))
    lose_all(tables(home))
    rebuilt = parsed(orch("memory", "rebuild", "--company", "shop", "--json"), code=1)
    (one,) = rebuilt["companies"]
    assert one["problem"]
    assert one["rows"] == 1
    assert "wobbleflux" in orch("memory", "search", "wobbleflux", "--company", "shop")[1].lower()


def test_without_its_repository_a_whole_memory_is_not_emptied(
    orch: Orch, home: Path, tmp_path: Path
) -> None:
    before = parsed(orch("memory", "stats", "--company", "shop", "--json"))[0]["rows"]
    settings = home / "instances" / "shop" / "company.yaml"
    with Home.open(home) as opened:
        url = opened.companies.instance("shop").settings.git.url
    settings.write_text(settings.read_text().replace(url, str(tmp_path / "nowhere")))
    lose_one(tables(home))
    assert orch("memory", "rebuild", "--company", "shop")[0] == 1
    assert parsed(orch("memory", "stats", "--company", "shop", "--json"))[0]["rows"] == before


def test_a_company_that_is_busy_stops_no_other(orch: Orch, home: Path) -> None:
    with Home.open(home) as opened, opened.companies.instance("zeta").lock():
        code, out, err = orch("memory", "rebuild", "--json")
    assert code == 3
    problems = {one["company"]: bool(one["problem"]) for one in json.loads(out)["companies"]}
    assert problems == {"shop": False, "zeta": True}
    assert "zeta: another sync" in err
