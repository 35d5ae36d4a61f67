"""`orch isolation prove`: what it reads, how it judges, and that it sees a leak that is there."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import pytest

from coordinator.settings import CompanySettings, EmbeddingSettings, GitSettings, Person
from orch_dagster.cli.main import orch, run
from orch_dagster.isolation import Leak, Proof, Tried, surfaces
from orch_dagster.isolation.canaries import canary, encoded
from orch_dagster.isolation.judging import judged
from orch_dagster.isolation.planting import PRIVATE, SHARED, Planted, plant, settings_of
from orch_dagster.isolation.proving import LEDGER_URL, prove, read_all
from orch_dagster.isolation.surfaces import Reading
from resources.home import Home

A, B = "empresa-a", "empresa-b"


def company(name: str) -> CompanySettings:
    git = GitSettings(url=f"https://example.org/{name}.git")
    return CompanySettings(name=name, git=git, owners=(Person(name=f"Dona {name[-1].upper()}"),))


# -- judging -----------------------------------------------------------------------------------


@pytest.fixture
def imagined(tmp_path: Path) -> Planted:
    """Canaries without a home around them."""
    words = [
        canary("test", name, place, shared=place in SHARED)
        for name in (A, B)
        for place in (*PRIVATE, *SHARED)
    ]
    return Planted(tmp_path, (A, B), tuple(words), {A: {}, B: {}}, {A: "Ana", B: "Bia"})


@pytest.mark.parametrize(
    ("audience", "viewer", "whose", "place", "leaks"),
    [
        ("company", A, A, "hand", False),
        ("company", A, B, "hand", True),
        ("company", A, B, "shared-hand", False),
        ("company", A, B, "masked-email", True),
        ("company", A, B, "rejection", True),
        ("company", A, B, "folder", True),
        ("company", A, A, "removed", True),
        ("world", "", A, "hand", True),
        ("world", "", A, "withdrawal", True),
        ("world", "", A, "folder", False),
        ("world", "", A, "shared-hand", False),
        ("ledger", "", A, "hand", True),
        ("ledger", "", A, "shared-hand", True),
        ("ledger", "", A, "rejection", False),
        ("disk", "", A, "retracted", True),
        ("disk", "", A, "shared-hand", False),
        ("operator", "", A, "hand", False),
        ("operator", "", A, "removed", True),
    ],
)
def test_each_audience_may_see_its_own_and_no_more(
    imagined: Planted, audience: str, viewer: str, whose: str, place: str, leaks: bool
) -> None:
    word = imagined.of(whose, place).word
    for encoding, shown in encoded(word).items():
        reading = Reading("a page", audience, viewer, f"so {shown}.")  # type: ignore[arg-type]
        proof = judged(imagined, [reading], [])
        assert bool(proof.leaks) == leaks, encoding
        assert word not in str(proof)
        if leaks:
            assert {leak.canary for leak in proof.leaks} == {f"{whose}/{place}"}


def test_a_search_that_finds_nothing_proves_nothing(imagined: Planted) -> None:
    proof = judged(imagined, [Reading("api: search", "company", A, "nothing")], [A])
    assert not proof.leaks
    assert not proof.holds
    assert any("shared-hand" in one for one in proof.missed)
    assert any("its own hand" in one for one in proof.blind)


def test_a_command_that_is_not_there_and_a_refusal_that_did_not_refuse_prove_nothing(
    imagined: Planted,
) -> None:
    readings = [
        Reading("orch memory look", "company", A, "no such command", code=2),
        Reading("refused: orch approve", "company", A, "done", code=0),
    ]
    assert len(judged(imagined, readings, []).broken) == 2


# -- a home full of canaries -------------------------------------------------------------------


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    folder = tmp_path_factory.mktemp("canaries")
    with plant(folder, EmbeddingSettings(), [company(A), company(B)], seed="test") as planted:
        yield planted


def test_nothing_private_shows_and_everything_shared_does(planted: Planted) -> None:
    collected: list[Reading] = []
    with surfaces.logged(collected):
        collected += list(read_all(planted, [B]))
    proof = judged(planted, collected, [B])
    assert proof.leaks == ()
    assert proof.missed == proof.blind == proof.broken == ()
    assert {one.surface for one in proof.tried} >= {
        "api: search", "mcp: search_memory", "mcp: standard error", "refused: orch approve",
        "Dagster's storage", "logs", "files of the company", "files of the global memory",
        "issues and pages of the company", "issues and pages of the coordinator",
        "files of the patterns", "orch patterns refresh",
    }  # fmt: skip


def test_private_rows_of_another_change_no_score_of_mine(planted: Planted) -> None:
    """A shared full-text index would tell of them: a word's score falls when others use it."""

    def scores() -> list[tuple[str, float]]:
        with Home.open(planted.path) as home:
            found = home.view(B, surface="test").search("caching catalogue", limit=50)
            return [(one.id, one.score) for one in found]

    before = scores()
    with Home.open(planted.path) as home:
        for number in range(3):
            words = f"Caching the catalogue again, caching it for {number} catalogue minutes."
            home.by_hand.add_learning(A, words, category="insight")
    assert scores() == before


def lend_the_memory_of_another(patch: pytest.MonkeyPatch, _: Planted) -> None:
    whole = Home.memory
    patch.setattr(Home, "memory", lambda self, _: whole(self, A))


def log_what_was_asked(patch: pytest.MonkeyPatch, planted: Planted) -> None:
    def copies(*_: object) -> Iterator[Reading]:
        logging.getLogger("orch").warning("asked for %s", planted.of(A, "hand").word)
        return iter(())

    patch.setattr(surfaces, "of_operator", copies)


def keep_words_in_dagster(_: pytest.MonkeyPatch, planted: Planted) -> None:
    word = planted.of(A, "commit").word.encode()
    (planted.path / "dagster" / "picture.md").write_bytes(base64.b64encode(b"ab" + word))


def keep_words_in_the_global_memory(_: pytest.MonkeyPatch, planted: Planted) -> None:
    folder = planted.path / "global" / "global_memory.lance"
    (folder / "left.bin").write_text(planted.of(A, "retracted").word)


def keep_words_in_the_patterns(_: pytest.MonkeyPatch, planted: Planted) -> None:
    folder = planted.path / "global" / "cross_company_patterns.lance"
    (folder / "left.bin").write_text(planted.of(A, "hand").word)


def keep_words_that_were_taken_back(_: pytest.MonkeyPatch, planted: Planted) -> None:
    (planted.path / "ledger.old").write_text(planted.of(A, "removed").word)


def mix_up_the_folders(_: pytest.MonkeyPatch, planted: Planted) -> None:
    (planted.path / "instances" / B / "tables" / "left").write_text(planted.of(A, "hand").folded)


def publish_what_is_private(_: pytest.MonkeyPatch, planted: Planted) -> None:
    assert planted.sites is not None
    planted.sites.stand_in.add_issue("ORCH", summary=planted.of(A, "hand").word)


LEAKS = {
    publish_what_is_private: "issues and pages of the coordinator",
    lend_the_memory_of_another: "api: search",
    log_what_was_asked: "logs",
    keep_words_in_dagster: "Dagster's storage",
    keep_words_in_the_global_memory: "files of the global memory",
    keep_words_in_the_patterns: "files of the patterns",
    keep_words_that_were_taken_back: "files of the ledger",
    mix_up_the_folders: "files of the company",
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_is_seen(planted: Planted, monkeypatch: pytest.MonkeyPatch, leak) -> None:  # type: ignore[no-untyped-def]
    leak(monkeypatch, planted)
    queries = [planted.of(A, "hand")]
    readings: list[Reading] = []
    with surfaces.logged(readings):
        readings += surfaces._searches(planted, B, queries)
        readings += surfaces.of_operator(planted)
    for file in surfaces._files(planted.path / "dagster"):
        readings.append(Reading("Dagster's storage", "world", "", surfaces._file(file)))
    readings += [*surfaces.at_rest(planted), *surfaces.of_sites(planted)]
    assert LEAKS[leak] in {found.surface for found in judged(planted, readings, []).leaks}
    for table in ("global_memory", "cross_company_patterns"):
        (planted.path / "global" / f"{table}.lance" / "left.bin").unlink(missing_ok=True)
    for left in ("dagster/picture.md", "ledger.old"):
        (planted.path / left).unlink(missing_ok=True)
    (planted.path / "instances" / B / "tables" / "left").unlink(missing_ok=True)


def test_of_a_pattern_the_page_shows_who_agreed_and_a_word_of_who_did_not_would_be_seen(
    planted: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    from coordinator.global_memory import Publication
    from coordinator.publishing.insights import Part
    from orch_dagster.isolation.planting import _publish
    from resources.insights.telling import Telling

    def shown() -> set[str]:
        (page,) = [one for one in surfaces.of_sites(planted) if one.surface == surfaces.PUBLISHED]
        assert planted.of(A, "pattern").word in page.text
        return {one.canary for one in judged(planted, [page], []).leaks}

    assert f"{B}/pattern" not in shown()
    whole = Telling._agreed

    def unguarded(self, copies, companies, memory, inbox):  # type: ignore[no-untyped-def]
        agreed = whole(self, copies, companies, memory, inbox)
        no = [one for one in inbox.proposals if one.status == "rejected" and one.company == B]
        said = self._home.approvals.texts([no[-1]])[no[-1].number]
        return [*agreed, Part(replace(agreed[0].copy, company=B), Publication.from_text(said))]

    with Home.open(planted.path) as home, monkeypatch.context() as patch:
        patch.setattr(Telling, "_agreed", unguarded)
        _publish(home)
    assert f"{B}/pattern" in shown()
    with Home.open(planted.path) as home:
        _publish(home)
    assert f"{B}/pattern" not in shown()


def test_each_company_is_told_of_what_another_has_and_a_word_of_it_would_be_seen(
    planted: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offered() -> Reading:
        return next(
            one for one in surfaces._api(planted, B, [A]) if one.surface == "api: opportunities"
        )

    before = offered()
    assert planted.of(B, "need").word in before.text
    assert planted.of(B, "answer").word in before.text
    assert judged(planted, [before], []).leaks == ()

    from resources.opportunities import opportunities, showing

    def unguarded(shown: showing.ShownOpportunity, company: str) -> object:
        assert shown.need is not None and shown.solution is not None
        told = f"{shown.need.title} {shown.solution.title}"
        return replace(showing.side_of(shown, company), own=told)

    monkeypatch.setattr(opportunities, "side_of", unguarded)
    seen = {one.canary for one in judged(planted, [offered()], []).leaks}
    assert {f"{A}/need", f"{A}/answer"} <= seen


# -- what there is to read ---------------------------------------------------------------------

READS_NOTHING_OF_A_COMPANY = {
    "orch init", "orch demo", "orch discover", "orch up", "orch completion",
    "orch company create", "orch company clone", "orch company remove",
    "orch memory add", "orch memory rebuild", "orch catalog add",
    "orch approvals grant", "orch approvals revoke", "orch isolation prove", "orch mcp serve",
    "orch opportunities propose", "orch opportunities dismiss", "orch patterns ask",
}  # fmt: skip
"""Commands that show no rows; what they print, the planting makes the logs and files tell."""


def test_every_command_is_tried_or_shows_no_rows(planted: Planted) -> None:
    tried = []
    for audience in (surfaces._commands(planted, B), surfaces._attempts(planted, B, [A])):
        tried += [reading.surface.removeprefix("refused: ") for reading in audience]
    for audience in (surfaces.of_world(planted), surfaces.of_operator(planted)):
        tried += [reading.surface for reading in audience]
    missing = [
        path
        for path in command_paths(orch, ("orch",))
        if path not in READS_NOTHING_OF_A_COMPANY
        and not any(one == path or one.startswith(f"{path} ") for one in tried)
    ]
    assert missing == [], "new commands: try them in orch_dagster/isolation/surfaces.py"


def command_paths(group: click.Group, path: tuple[str, ...]) -> Iterator[str]:
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            yield from command_paths(command, (*path, name))
        else:
            yield " ".join((*path, name))


def test_the_throwaway_home_has_the_companies_of_the_real_one_and_none_of_its_data(
    tmp_path: Path,
) -> None:
    with Home.init(tmp_path / "home", embedding=EmbeddingSettings()) as home:
        given = company(A)
        masks = given.sharing.model_copy(update={"mask": ("Zebrapay",)})
        home.companies.create(given.model_copy(update={"sharing": masks}))
        embedding, companies = settings_of(home)
    assert embedding == EmbeddingSettings()
    assert [one.name for one in companies] == [A, "canary-a"]
    assert companies[0].sharing.mask == ("Zebrapay",)


# -- the command -------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path) -> Path:
    with Home.init(tmp_path / "small", embedding=EmbeddingSettings()) as home:
        home.companies.create(company(A))
    return tmp_path / "small"


SOUND = Proof((A,), 3, (Tried("api: search", "company", 1, 2, 1, 1, 0),), (), (), (), ())


@pytest.mark.parametrize(
    ("proof", "code", "said"),
    [
        (SOUND, 0, "no private word was seen"),
        (replace(SOUND, leaks=(Leak("logs", "", f"{A}/hand", "hex"),)), 1, f"LEAK: logs shows {A}"),
        (replace(SOUND, missed=("api: search: b did not find x",)), 1, "NOT PROVEN: api: search"),
    ],
)
def test_the_command_shows_the_table_and_fails_on_a_leak(
    small: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    proof: Proof,
    code: int,
    said: str,
) -> None:
    monkeypatch.setattr("orch_dagster.isolation.prove", lambda *_: proof)
    assert run(["--home", str(small), "isolation", "prove"]) == code
    shown = capsys.readouterr()
    assert said in shown.out + shown.err
    assert "api: search" in shown.out
    assert run(["--home", str(small), "isolation", "prove", "--json"]) == code
    assert json.loads(capsys.readouterr().out)["holds"] == (code == 0)


def test_a_company_that_is_not_there_is_named(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--home", str(small), "isolation", "prove", "--company", "nobody"]) == 1
    assert "nobody" in capsys.readouterr().err


def test_the_real_ledger_is_out_of_reach_while_it_is_proven(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    seen = []

    def stop(*_: object, **__: object) -> Planted:
        seen.append(os.environ.get(LEDGER_URL))
        raise KeyboardInterrupt

    monkeypatch.setattr("orch_dagster.isolation.proving.plant", stop)
    with Home.open(small) as home:
        _ = home.companies
        monkeypatch.setenv(LEDGER_URL, "postgresql://somewhere/else")
        with pytest.raises(KeyboardInterrupt):
            prove(home)
    assert seen == [None]
    assert os.environ[LEDGER_URL] == "postgresql://somewhere/else"


@pytest.mark.figures
def test_fifty_companies_with_twenty_canaries_each(tmp_path: Path) -> None:
    companies = [company(f"empresa-{number:02}") for number in range(50)]
    names = [one.name for one in companies]
    with plant(tmp_path, EmbeddingSettings(), companies, seed="fifty") as planted:
        assert len(planted.canaries) >= 50 * 20
        proof = judged(planted, read_all(planted, names), names)
    assert proof.leaks == ()
    assert proof.missed == proof.blind == proof.broken == ()
