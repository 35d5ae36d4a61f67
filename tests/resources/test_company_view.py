"""What one company is shown, and that nothing else is in reach."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from coordinator.approvals import Wanted
from coordinator.errors import CompanyError, OrchError, UsageError
from coordinator.settings import CompanySettings, EmbeddingSettings, GitSettings, Person
from resources.carrying_out import carry_out
from resources.company_view import CompanyView
from resources.home import Home

OWNERS = {"acme": "Ana", "zeta": "Zoe"}
SAID = "Rotate the signing keys every night, or a stolen token lives for ever."


@pytest.fixture
def home(tmp_path: Path, memories: ModuleType) -> Iterator[Home]:
    """Two companies with an owner each; vectors of hashes, so that words alone find a text."""
    with Home.init(tmp_path / "home", embedding=EmbeddingSettings()) as made:
        made.__dict__["embedder"] = memories.HashEmbedder()
        for name, owner in OWNERS.items():
            git = GitSettings(url=f"https://example.org/{name}.git")
            made.companies.create(CompanySettings(name=name, git=git, owners=(Person(name=owner),)))
        yield made


@pytest.fixture
def acme(home: Home) -> CompanyView:
    return home.view("acme", surface="test")


@pytest.fixture
def zeta(home: Home) -> CompanyView:
    return home.view("zeta", surface="test")


def asked(home: Home, *asks: tuple[str, str], company: str = "acme", **given: str) -> int:
    """The number of a new proposal with those asks."""
    made = home.approvals.propose(
        **{"kind": "share_import", "subject": "component:pay", "text": SAID, **given},  # type: ignore[arg-type]
        company=company,
        asks=asks,  # type: ignore[arg-type]
    )
    return made.number


def shared(home: Home, view: CompanyView) -> str:
    """The id of the copy of SAID that the company of `view` shared."""
    proposed = view.propose_share(view.add(SAID, category="solution").id)
    home.approvals.decide([Wanted(proposed.number, True)], by=OWNERS[view.company])
    (done,) = carry_out(home)
    return done.result


# -- whose view --------------------------------------------------------------------------------


def test_there_is_no_view_of_a_company_that_is_not_there(home: Home) -> None:
    for name in ("nobody", "../acme", "Acme"):
        with pytest.raises(CompanyError):
            home.view(name, surface="test")


def test_no_method_takes_a_company_and_nothing_public_leads_to_another(acme: CompanyView) -> None:
    public = [name for name in dir(acme) if not name.startswith("_")]
    methods = [name for name in public if callable(getattr(acme, name))]
    for name in methods:
        assert "company" not in inspect.signature(getattr(acme, name)).parameters
    assert {name: getattr(acme, name) for name in public if name not in methods} == {
        "company": "acme",
        "surface": "test",
    }


CALLS: list[Callable[[CompanyView], object]] = [
    lambda view: view.search("keys"),
    lambda view: view.add(SAID, category="solution"),
    lambda view: view.propose_share("0" * 32),
    lambda view: view.approvals(),
    lambda view: view.components(),
    lambda view: view.context(),
]


@pytest.mark.parametrize("call", CALLS)
def test_a_company_that_is_gone_is_shown_nothing_and_told_of_nobody(
    home: Home, acme: CompanyView, call: Callable[[CompanyView], object]
) -> None:
    home.companies.remove("acme")
    with pytest.raises(CompanyError, match="is gone") as caught:
        call(acme)
    assert "zeta" not in str(caught.value)


# -- learnings ---------------------------------------------------------------------------------


def test_a_private_learning_is_found_by_its_company_and_by_no_other(
    acme: CompanyView, zeta: CompanyView
) -> None:
    added = acme.add(SAID, category="solution")
    zeta.add("Restart the queue after each deploy.", category="insight")
    (found,) = acme.search("signing keys", limit=1)
    assert (found.id, found.company, found.origin) == (added.id, "acme", "private")
    assert [hit.company for hit in zeta.search("signing keys", limit=50)] == ["zeta"]


def test_another_companys_learning_is_as_unknown_as_one_that_never_was(
    acme: CompanyView, zeta: CompanyView
) -> None:
    added = acme.add(SAID, category="solution")
    said = []
    for learning in (added.id, "0" * len(added.id)):
        with pytest.raises(OrchError) as caught:
            zeta.propose_share(learning)
        said.append(str(caught.value).replace(learning, "ID"))
    assert said[0] == said[1]
    assert "acme" not in said[0]


def test_a_shared_copy_is_seen_with_its_origin_and_the_first_sight_is_recorded_once(
    home: Home, acme: CompanyView, zeta: CompanyView
) -> None:
    added = acme.add(SAID, category="solution")
    proposed = acme.propose_share(added.id)
    assert zeta.search("signing keys", limit=50) == []
    (outcome,) = home.approvals.decide([Wanted(proposed.number, True)], by="Ana")
    assert outcome.problem == ""
    carry_out(home)
    for _ in range(2):
        (found,) = zeta.search("signing keys")
        assert (found.company, found.origin, found.content) == ("acme", "global", SAID)
    (seen,) = home.ledger.read(event_type="learning_seen")
    assert seen.payload.model_dump(include={"viewer", "surface"}) == {
        "viewer": "zeta",
        "surface": "test",
    }
    assert [hit.origin for hit in acme.search("signing keys")] == ["private"]


@pytest.mark.parametrize(
    "learning",
    ["", "\ud800", "\x00", "../zeta", "' OR '1'='1", pytest.param("x" * 10**7, id="10 MB")],
)
def test_what_is_no_id_is_an_unknown_learning(acme: CompanyView, learning: str) -> None:
    acme.add(SAID, category="solution")
    with pytest.raises(UsageError, match="no learning of that id") as caught:
        acme.propose_share(learning)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("words", "language"),
    [("Redis", "und"), ("Los contenedores se reinician cada noche para liberar memoria.", "es")],
)
def test_a_learning_in_another_language_or_in_none_is_one_too(
    acme: CompanyView, words: str, language: str
) -> None:
    added = acme.add(words, category="insight")
    (found,) = acme.search(words)
    assert (found.id, found.language) == (added.id, language)


def test_a_pasted_book_is_no_query(acme: CompanyView) -> None:
    with pytest.raises(UsageError, match="at most 10,000 characters"):
        acme.search("key " * 2_501)


# -- components and context --------------------------------------------------------------------


def test_components_are_plain_records_by_path_without_what_is_internal(
    home: Home, acme: CompanyView
) -> None:
    assert acme.components() == []
    moment = pd.Timestamp("2026-01-01", tz="UTC")
    rows = [
        {
            **dict.fromkeys(("name", "category", "description", "language", "version"), "x"),
            **dict.fromkeys(("licence", "owner", "tree_hash", "last_commit", "reason"), "x"),
            **{name: ["a", "b"] for name in ("parts", "dependencies", "manifests")},
            **dict.fromkeys(("fingerprint_version", "shingles", "files", "code_bytes"), 1),
            "id": f"acme/{path}",
            "company": "acme",
            "path": path,
            "fingerprint": [1],
            "first_seen_at": moment,
            "last_changed_at": moment,
            "confidence": 0.5,
        }
        for path in ("pay", "cart")
    ]
    home.companies.instance("acme").tables().reconcile("company_components", pd.DataFrame(rows))
    shown = acme.components()
    assert [row["path"] for row in shown] == ["cart", "pay"]
    assert {"row_hash", "fingerprint", "fingerprint_version"}.isdisjoint(shown[0])
    assert shown[0]["dependencies"] == ["a", "b"]
    assert isinstance(shown[0]["first_seen_at"], datetime)
    json.dumps(shown, default=datetime.isoformat)


def test_the_context_is_that_of_the_last_sync(acme: CompanyView) -> None:
    with pytest.raises(CompanyError, match="has not been synced"):
        acme.context()


# -- approvals ---------------------------------------------------------------------------------


def test_a_company_sees_the_proposals_that_ask_it_and_no_others(
    home: Home, acme: CompanyView, zeta: CompanyView
) -> None:
    own = asked(home, ("acme", "publication"), kind="publish_learning")
    both = asked(home, ("acme", "export"), ("zeta", "import"))
    assert [one.number for one in acme.approvals()] == [own, both]
    assert [one.number for one in zeta.approvals()] == [both]


def test_the_text_is_shown_to_its_owner_alone(
    home: Home, acme: CompanyView, zeta: CompanyView
) -> None:
    asked(home, ("acme", "export"), ("zeta", "import"))
    (owner,), (adopter,) = acme.approvals(), zeta.approvals()
    assert owner.text == SAID
    assert adopter.text is None
    assert owner.content == adopter.content
    assert (owner.made_by, adopter.made_by) == (home.actor, "")


def test_a_merge_shows_both_the_copies_it_quotes_until_one_is_taken_back(
    home: Home, acme: CompanyView, zeta: CompanyView
) -> None:
    copies = [shared(home, view) for view in (acme, zeta)]
    (merge,) = home.approvals.waiting(kind="merge_learnings")
    text = home.approvals.shown(merge.number)
    assert [one.text for view in (acme, zeta) for one in view.approvals()] == [text, text]
    seen = {copy.id: copy.seen_by for copy in home.global_memory.state().copies.values()}
    assert [list(seen[copy]) for copy in copies] == [["zeta"], ["acme"]]
    home.global_memory.retract(copies[0], reason="outdated", by="Ana")
    for view in (acme, zeta):
        (told,) = [one for one in view.approvals(decided=True) if one.number == merge.number]
        assert (told.status, told.text) == ("void", None)


def test_a_merge_is_not_shown_once_a_copy_is_gone_even_while_it_is_open(
    home: Home, acme: CompanyView, zeta: CompanyView, monkeypatch: pytest.MonkeyPatch
) -> None:
    for view in (acme, zeta):
        shared(home, view)
    (merge,) = home.approvals.waiting(kind="merge_learnings")
    state = home.global_memory.state()
    gone = merge.subject.split(" ")[0]
    left = replace(state, copies={k: v for k, v in state.copies.items() if k != gone})
    monkeypatch.setattr("resources.global_memory.records.GlobalRecords.state", lambda _: left)
    assert [one.text for one in zeta.approvals() if one.number == merge.number] == [None]


def test_who_answered_for_another_company_and_why_is_not_shown(
    home: Home, acme: CompanyView, zeta: CompanyView
) -> None:
    number = asked(home, ("acme", "export"), ("zeta", "import"))
    home.approvals.decide([Wanted(number, False, reason="our auditor objects")], by="Ana")
    assert acme.approvals() == zeta.approvals() == []
    (own,), (other,) = acme.approvals(decided=True), zeta.approvals(decided=True)
    assert own.status == other.status == "rejected"
    assert (own.asks[0].by, own.asks[0].reason) == ("Ana", "our auditor objects")
    assert other.asks[0].answer == "rejected"
    assert "Ana" not in str(other)
    assert "auditor" not in str(other)
