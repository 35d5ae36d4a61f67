"""`orch patterns map`: one file for the operator, in which stored text is text and nothing else."""

from __future__ import annotations

import json
import re
import webbrowser
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from coordinator.settings import CompanySettings, EmbeddingSettings, GitSettings, Person
from orch_dagster.cli.main import run
from orch_dagster.patterns_page.page import as_inert_json
from resources.embedding import SentenceEmbedder
from resources.home import Home

Answer = tuple[int, str, str]
HOSTILE = (
    "</script><script>document.title='taken'</script> retry the payment with backoff",
    '"><img src=x onerror="document.title=\'taken\'"> retry payments with backoff',
    "<!--<script> {{SCRIPT}} {{DATA}} retry failed payments with backoff",
)
STEERING = "\u202eevil\u2066 \x1b[31mred\u200f \u2028 zero\u200bwidth"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, embedder: SentenceEmbedder) -> Path:
    monkeypatch.setattr(Home, "embedder", embedder)
    where = tmp_path / "home"
    with Home.init(where, embedding=EmbeddingSettings()) as opened:
        for name in ("acme", "umbrella"):
            settings = CompanySettings(
                name=name,
                git=GitSettings(url="https://example.org/x.git"),
                owners=(Person(name="Ana Souza"),),
            )
            opened.companies.create(settings)
            for text in HOSTILE:
                opened.by_hand.add_learning(name, text, category="solution")
        opened.patterns.refresh()
    return where


@pytest.fixture
def orch(home: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    def call(*arguments: str) -> Answer:
        capsys.readouterr()
        code = run(["--home", str(home), "--as", "Ana Souza", *arguments])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err

    return call


class Elements(HTMLParser):
    """The elements of a page, and what stands inside its scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self.inside.append("")

    def handle_data(self, data: str) -> None:
        if self.lasttag in ("script", "style") and self.cdata_elem is not None:
            self.inside[-1] += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def written(home: Path) -> Elements:
    return Elements((home / "patterns.html").read_text(encoding="utf-8"))


def data_of(home: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(written(home).inside[1])
    return found


def test_a_map_is_written_for_its_owner_and_said_to_be_private(
    orch: Callable[..., Answer], home: Path
) -> None:
    code, said, beside = orch("patterns", "map")
    file = home / "patterns.html"
    assert code == 0
    assert said.startswith(f"{file}: 6 learnings of 2 companies, ")
    assert "for the operator alone" in beside
    assert file.stat().st_mode & 0o777 == 0o600
    data = data_of(home)
    assert [(one["name"], one["learnings"]) for one in data["companies"]] == [
        ("acme", 3),
        ("umbrella", 3),
    ]
    assert len(data["patterns"]) >= 1
    for pattern in data["patterns"]:
        assert all(0 <= member["place"] < 6 for member in pattern["members"])


def test_json_tells_where_it_is_and_what_is_on_it(orch: Callable[..., Answer], home: Path) -> None:
    code, said, _ = orch("patterns", "map", "--json")
    told = json.loads(said)
    assert (code, told["file"]) == (0, str(home / "patterns.html"))
    assert (told["learnings"], told["shown"], told["problems"]) == (6, 6, {})
    assert told["companies"] == {"acme": 3, "umbrella": 3}
    assert told["bytes"] == (home / "patterns.html").stat().st_size


def test_hostile_titles_open_no_element(orch: Callable[..., Answer], home: Path) -> None:
    orch("patterns", "map")
    page = written(home)
    assert len(page.named("script")) == 2
    assert page.named("img") == []
    data = json.loads(page.inside[1])
    told = " ".join(data["learnings"]["title"])
    for sign in ("</script><script>", '"><img src=x', "<!--<script>", "{{SCRIPT}} {{DATA}}"):
        assert sign in told
    assert not {"<", ">", "&"} & {*page.inside[1]}


def test_what_steers_a_screen_is_left_out_of_the_page(
    orch: Callable[..., Answer], home: Path
) -> None:
    with Home.open(home) as opened:
        opened.by_hand.add_learning("acme", f"Text {STEERING} of somebody", category="insight")
    orch("patterns", "map")
    titles = "".join(data_of(home)["learnings"]["title"])
    assert "evil" in titles
    assert not re.search("[\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", titles)


def test_a_policy_lets_the_page_run_its_own_script_and_fetch_nothing(
    orch: Callable[..., Answer], home: Path
) -> None:
    orch("patterns", "map")
    page = written(home)
    [policy] = [
        one["content"] or ""
        for one in page.named("meta")
        if one.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = dict(one.strip().split(" ", 1) for one in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    hashes = [
        f"'sha256-{b64encode(sha256(one.encode()).digest()).decode()}'" for one in page.inside
    ]
    assert (rules["style-src"], rules["script-src"]) == (hashes[0], hashes[2])
    assert "http:" not in policy and "unsafe" not in policy
    # no attribute of the page itself leads anywhere
    assert not [one for _, one in page.tags if {"src", "href", "srcset"} & one.keys()]


@pytest.mark.parametrize("text", ["</script>", "<!--", "]]>", "&lt;", "\ud800", "\u2028", "é\x00"])
def test_json_in_the_page_is_ascii_and_read_back_as_it_was(text: str) -> None:
    inert = as_inert_json({"title": text})
    assert inert.isascii() and inert.isprintable()
    assert not {"<", ">", "&"} & {*inert}
    assert json.loads(inert) == {"title": text}


def test_it_is_written_where_somebody_says_and_never_over_something_else(
    orch: Callable[..., Answer], home: Path, tmp_path: Path
) -> None:
    chosen = tmp_path / "map.html"
    assert orch("patterns", "map", "--out", str(chosen))[0] == 0
    assert chosen.stat().st_mode & 0o777 == 0o600
    assert not (home / "patterns.html").exists()
    assert orch("patterns", "map", "--out", str(chosen))[0] == 0
    ledger = home / "ledger.db"
    before = ledger.read_bytes()
    code, _, beside = orch("patterns", "map", "--out", str(ledger))
    assert (code, "is no map" in beside) == (2, True)
    assert ledger.read_bytes() == before
    code, _, beside = orch("patterns", "map", "--out", str(tmp_path / "none" / "map.html"))
    assert (code, "there is no folder" in beside) == (2, True)


def test_open_hands_the_file_to_the_browser(
    orch: Callable[..., Answer], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: not opened.append(url))
    assert orch("patterns", "map")[0] == 0
    assert opened == []
    assert orch("patterns", "map", "--open")[0] == 0
    assert opened == [(home / "patterns.html").as_uri()]
    monkeypatch.setattr(webbrowser, "open", lambda url: False)
    code, _, beside = orch("patterns", "map", "--open")
    assert (code, "no browser" in beside) == (0, True)


def test_a_company_that_cannot_be_read_is_named_and_the_others_drawn(
    orch: Callable[..., Answer], home: Path
) -> None:
    (home / "instances" / "umbrella" / "company.yaml").write_text("name: [", encoding="utf-8")
    code, said, beside = orch("patterns", "map", "--json")
    told = json.loads(said)
    assert (code, told["companies"], [*told["problems"]]) == (3, {"acme": 3}, ["umbrella"])
    assert "umbrella is not on it" in beside


def test_the_map_of_an_empty_home_is_a_page_too(tmp_path: Path) -> None:
    where = tmp_path / "empty"
    Home.init(where, embedding=EmbeddingSettings()).close()
    assert run(["--home", str(where), "patterns", "map"]) == 0
    assert data_of(where)["learnings"]["title"] == []


def test_words_that_are_taken_back_take_the_page_along(
    orch: Callable[..., Answer], home: Path
) -> None:
    given = ("--company", "acme", "--category", "solution", "--json")
    learning = str(json.loads(orch("memory", "add", "A word to take back", *given)[1])["id"])
    orch("memory", "share", learning)
    orch("approve", "--all")
    [shared] = json.loads(orch("memory", "shared", "--json")[1])
    reason = ("--reason", "not to be told")
    for taking in (
        ("memory", "retract", shared["id"], *reason),
        ("memory", "remove", learning, "--company", "acme", *reason),
    ):
        orch("patterns", "map")
        assert (home / "patterns.html").exists()
        assert orch(*taking)[0] == 0
        assert not (home / "patterns.html").exists(), taking


def test_a_company_that_goes_takes_the_page_with_its_words_along(
    orch: Callable[..., Answer], home: Path
) -> None:
    orch("patterns", "map")
    assert (home / "patterns.html").exists()
    assert orch("company", "remove", "acme", "--yes")[0] == 0
    assert not (home / "patterns.html").exists()
