"""The Python API: its documentation is run, and its refusals are those of the rooms below."""

from __future__ import annotations

import doctest
from collections.abc import Iterator
from pathlib import Path

import pytest

from coordinator.errors import UsageError
from coordinator.settings import CompanySettings, EmbeddingSettings, GitSettings, Person
from orch_dagster.api import Home
from resources.embedding import SentenceEmbedder
from resources.home import Home as OpenHome

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, embedder: SentenceEmbedder) -> Path:
    """A home as the documentation describes it; the model is loaded once for all tests."""
    monkeypatch.setattr(OpenHome, "embedder", embedder)
    with OpenHome.init(tmp_path / "home", embedding=EmbeddingSettings()) as made:
        for name, owner in {"empresa-a": "Ana", "empresa-b": "Bia"}.items():
            git = GitSettings(url=f"https://example.org/{name}.git")
            made.companies.create(CompanySettings(name=name, git=git, owners=(Person(name=owner),)))
        return made.path


@pytest.fixture
def home(folder: Path) -> Iterator[Home]:
    with Home.open(folder, actor="Ana") as opened:
        yield opened


def test_the_documented_examples_do_what_they_show(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORCH_HOME", str(folder))
    failed, tried = doctest.testfile(str(DOCS / "api.md"), module_relative=False)
    assert tried > 20
    assert failed == 0


def test_a_search_is_a_companys_or_the_operators(home: Home) -> None:
    for wrong in ({}, {"company": "empresa-a", "operator": True}):
        with pytest.raises(UsageError, match="as a company"):
            home.memory.search("x", **wrong)


def test_a_companys_view_shows_what_others_have_without_their_words(
    folder: Path, home: Home
) -> None:
    said = "The night batch loses {0} parcels when the courier answers late, {1}."
    kept = said.format("no", "since quokkaflux asks again")
    home.memory.add(kept, company="empresa-a", category="solution", title="No parcels are lost")
    lost = said.format("many", "and nobody is told")
    home.memory.add(lost, company="empresa-b", category="need", title="Parcels are lost")
    for name in home.companies():
        home.memory.add(f"Grafana shows dashboards of {name}.", company=name, category="insight")
    with OpenHome.open(folder) as opened:
        opened.patterns.refresh()
        opened.opportunities.refresh()
    (one,) = home.company("empresa-b").opportunities()
    assert (one.role, one.own, one.other) == ("adopter", "Parcels are lost", "empresa-a")
    (other,) = home.company("empresa-a").opportunities()
    assert (other.id, other.role, other.own) == (one.id, "owner", "No parcels are lost")
    assert "quokkaflux" not in str(one)
    assert "nobody is told" not in str(other)


def test_one_refused_approval_does_not_stop_the_others(home: Home) -> None:
    texts = ("Keys live for one night.", "Queues drain before a deploy.")
    for text in texts:
        added = home.memory.add(text, company="empresa-a", category="solution")
        home.memory.share(added.id, company="empresa-a")
    first, unknown, second = home.approvals.approve(1, 77, 2)
    assert (first.proposal.status, second.proposal.status) == ("done", "done")
    assert "no proposal 77" in unknown.problem
    (again,) = home.approvals.approve(1)
    assert "carried out" in again.problem
