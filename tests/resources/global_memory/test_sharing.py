"""Learnings on their way out of a company: proposed, approved, published, or refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from coordinator.errors import ProposalClosed, SharingRefused, UsageError
from coordinator.ledger.events import text_hash
from coordinator.settings import SharingSettings
from resources.approvals import Wanted
from resources.global_memory import GlobalMemory
from resources.global_memory import sharing as sharing_module
from resources.global_memory.index import TABLE


def test_a_shared_learning_is_found_by_others_with_its_origin(neighbours):
    copy = neighbours.share("empresa-a", "retry")
    (hit,) = neighbours.sees("empresa-b", "PaymentService retries")
    assert (hit.id, hit.origin, hit.company, hit.source) == (copy, "global", "empresa-a", "global")
    assert hit.content == "The PaymentService retries failed calls with backoff."
    assert (hit.evidence_path, hit.evidence_commit) == ("docs/retry.md", "c" * 40)


def test_nothing_is_published_before_everybody_asked_said_yes(neighbours):
    neighbours.propose("empresa-a", "retry")
    assert neighbours.carry_out() == []
    assert neighbours.sees("empresa-b", "PaymentService retries") == []
    assert neighbours.home.global_tables().rows(TABLE) == 0


def test_the_approver_sees_the_exact_text_that_is_stored(neighbours):
    title = "Ana Souza on Projeto Falcão"
    content = "Ana Souza asked bia@shop.example about http://wiki/retry in projeto_falcao."
    proposal = neighbours.propose("empresa-a", "retry", title=title, content=content)
    shown = json.loads(neighbours.home.approvals.shown(proposal.number))
    assert shown["title"] == "[name] on [masked]"
    assert shown["content"] == "[name] asked [e-mail] about http://[host]/retry in [masked]."
    neighbours.approve(proposal.number, "empresa-a")
    neighbours.carry_out()
    row = neighbours.home.global_tables().read(TABLE).iloc[0]
    metadata = json.loads(row["metadata"])
    assert (row["title"], row["content"]) == (shown["title"], shown["content"])
    assert (
        metadata["content_hash"]
        == proposal.content
        == text_hash(neighbours.home.approvals.shown(proposal.number))
    )
    assert (metadata["proposal"], metadata["approved_by"]) == (proposal.number, ["Ana Souza"])
    assert metadata["evidence"] == {"commit": "c" * 40, "path": "docs/retry.md"}


def test_a_copy_has_the_fields_of_the_shared_table(neighbours):
    copy = neighbours.share("empresa-a", "retry")
    row = neighbours.home.global_tables().read(TABLE).iloc[0]
    assert (row["id"], row["source_instance"], row["category"]) == (
        copy,
        "empresa-a",
        "best_practice",
    )
    assert row["shared"]
    assert len(row["embedding"]) == 384
    assert row["created_at"].isoformat() == "2026-03-01T00:00:00+00:00"
    assert row["valid_from"] > row["created_at"]
    assert row["superseded_by"] == ""


def test_the_path_of_the_evidence_is_masked_too(neighbours):
    proposal = neighbours.propose(
        "empresa-a", "retry", evidence_path="docs/projeto-falcão/ana-souza.md"
    )
    shown = json.loads(neighbours.home.approvals.shown(proposal.number))
    assert shown["evidence_path"] == "docs/[masked]/[name].md"


def test_the_names_of_commit_authors_are_masked(neighbours):
    import pandas as pd

    from resources.tables import schemas

    moment = pd.Timestamp("2026-01-01", tz="UTC")
    commits = pd.DataFrame(
        [
            {
                "id": "c1",
                "authored_at": moment,
                "committed_at": moment,
                "author": "Zélia Quintanilha",
                "author_email": "zquint@shop.example",
                "message": "",
                "paths": [],
                "path_count": 0,
                "parents": [],
            }
        ]
    )
    tables = neighbours.home.companies.instance("empresa-a").tables()
    tables.reconcile("git_commits", commits, schema=schemas.commits())
    proposal = neighbours.propose(
        "empresa-a", "retry", content="zelia quintanilha wrote it; ask @zquint or Zélia."
    )
    shown = json.loads(neighbours.home.approvals.shown(proposal.number))
    assert shown["content"] == "[name] wrote it; ask @[name] or [name]."


@pytest.mark.parametrize("column", ["title", "content", "evidence_path"])
def test_a_learning_with_a_secret_cannot_be_proposed(neighbours, column: str):
    secret = "AKIA" + "QZX7NVB2LKD9WPE4"
    (learning,) = neighbours.knows("empresa-a", "retry", **{column: f"key {secret}"})
    with pytest.raises(SharingRefused) as refused:
        neighbours.shared.propose("empresa-a", learning)
    assert secret not in str(refused.value)
    assert "aws access key" in str(refused.value)
    assert neighbours.told("approvals") == []


def test_a_reason_with_a_secret_is_refused_like_the_rest(neighbours):
    (learning,) = neighbours.knows("empresa-a", "retry")
    with pytest.raises(SharingRefused):
        neighbours.shared.propose("empresa-a", learning, reason="AKIA" + "QZX7NVB2LKD9WPE4")


def test_the_reason_is_shown_to_the_approver_and_masked(neighbours):
    (learning,) = neighbours.knows("empresa-a", "retry")
    proposal = neighbours.shared.propose("empresa-a", learning, reason="Ana Souza wants it")
    assert json.loads(neighbours.home.approvals.shown(proposal.number))["reason"] == (
        "[name] wants it"
    )
    neighbours.approve(proposal.number, "empresa-a")
    assert not neighbours.carry_out()[0].problem


def test_a_learning_nobody_has_cannot_be_proposed(neighbours):
    with pytest.raises(UsageError):
        neighbours.shared.propose("empresa-a", "0" * 32)
    (learning,) = neighbours.knows("empresa-b", "retry")
    with pytest.raises(UsageError):
        neighbours.shared.propose("empresa-a", learning)


def test_a_learning_written_by_hand_can_be_shared_like_any_other(neighbours):
    added = neighbours.home.by_hand.add_learning(
        "empresa-a", "Rotate the signing key each week.", category="solution"
    )
    proposal = neighbours.shared.propose("empresa-a", added.id)
    neighbours.approve(proposal.number, "empresa-a")
    assert not neighbours.carry_out()[0].problem
    (hit,) = neighbours.sees("empresa-b", "signing key")
    assert hit.content == "Rotate the signing key each week."


def test_a_learning_taken_back_by_hand_cannot_be_shared_though_its_row_still_stands(neighbours):
    added = neighbours.home.by_hand.add_learning(
        "empresa-a", "Rotate the signing key each week.", category="solution"
    )
    proposal = neighbours.shared.propose("empresa-a", added.id)
    with neighbours.home.companies.instance("empresa-a").lock():
        neighbours.home.by_hand._wait_s = 0.0
        assert not neighbours.home.by_hand.remove_learning("empresa-a", added.id, reason="").gone
    assert neighbours.shared.current_text(proposal) is None
    with pytest.raises(UsageError):
        neighbours.shared.propose("empresa-a", added.id)


# -- what changed after it was shown --------------------------------------------------------


def test_approving_what_changed_is_refused_and_voids_the_proposal(neighbours):
    proposal = neighbours.propose("empresa-a", "retry")
    neighbours.knows("empresa-a", "retry", content="Other words now.")
    (outcome,) = neighbours.home.approvals.decide([Wanted(proposal.number, True)], by="Ana Souza")
    assert "changed" in outcome.problem
    assert neighbours.home.approvals.proposal(proposal.number).status == "void"


@pytest.mark.parametrize("change", ["content", "mask", "gone"])
def test_what_changed_between_the_yes_and_the_deed_is_not_published(neighbours, change: str):
    proposal = neighbours.propose("empresa-a", "retry")
    neighbours.approve(proposal.number, "empresa-a")
    if change == "content":
        neighbours.knows("empresa-a", "retry", content="Other words now.")
    elif change == "mask":
        neighbours.settings("empresa-a", sharing=SharingSettings(mask=("PaymentService",)))
    else:
        neighbours.home.companies.instance("empresa-a").tables().drop("learnings")
    (done,) = neighbours.carry_out()
    assert "void" in done.problem
    assert neighbours.home.approvals.proposal(proposal.number).status == "void"
    assert neighbours.told() == []
    assert neighbours.sees("empresa-b", "words PaymentService") == []


def test_a_learning_that_turns_out_to_hold_a_secret_is_not_published(neighbours, monkeypatch):
    proposal = neighbours.propose("empresa-a", "retry")
    neighbours.approve(proposal.number, "empresa-a")

    def refuse(text: str) -> None:
        raise SharingRefused("a newer rule finds a secret")

    monkeypatch.setattr("coordinator.redaction.redacting._refuse_secrets", refuse)
    (done,) = neighbours.carry_out()
    assert "void" in done.problem
    assert neighbours.told() == []


def test_a_proposal_not_approved_by_all_is_refused_whatever_is_handed_in(neighbours):
    proposal = neighbours.propose("empresa-a", "retry")
    lying = replace(proposal, status="approved")
    with pytest.raises(ProposalClosed):
        neighbours.shared.carry_out(lying)
    assert neighbours.told() == []


@pytest.mark.parametrize("broken", ["no decision", "other content", "a no", "half the asks"])
def test_only_a_yes_of_everybody_to_this_very_text_counts(neighbours, broken: str):
    proposal = neighbours.propose("empresa-a", "retry")
    neighbours.approve(proposal.number, "empresa-a")
    approved = neighbours.home.approvals.proposal(proposal.number)
    (decision,) = approved.decisions
    (ask,) = approved.asks
    changes: dict[str, dict[str, Any]] = {
        "no decision": {"decisions": ()},
        "other content": {"decisions": (replace(decision, content="0" * 64),)},
        "a no": {"decisions": (replace(decision, approve=False),)},
        "half the asks": {"asks": (ask, ask.model_copy(update={"company": "empresa-b"}))},
    }
    with pytest.raises(ProposalClosed):
        sharing_module.check_approved(replace(approved, **changes[broken]))


# -- again, and anew ------------------------------------------------------------------------


def test_carrying_out_twice_publishes_once(neighbours):
    proposal = neighbours.propose("empresa-a", "retry")
    neighbours.approve(proposal.number, "empresa-a")
    approved = neighbours.home.approvals.proposal(proposal.number)
    first = neighbours.shared.carry_out(approved)
    assert neighbours.shared.carry_out(approved) == first
    assert neighbours.told() == ["learning_published"]
    assert neighbours.home.global_tables().rows(TABLE) == 1


def test_a_deed_that_ended_before_its_index_is_finished_by_the_next_call(neighbours, monkeypatch):
    proposal = neighbours.propose("empresa-a", "retry")
    neighbours.approve(proposal.number, "empresa-a")
    with monkeypatch.context() as patch:
        patch.setattr(GlobalMemory, "store", lambda self, progress=None: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            neighbours.carry_out()
    assert neighbours.told() == ["learning_published"]
    (done,) = neighbours.carry_out()
    assert not done.problem
    assert neighbours.told() == ["learning_published"]
    assert len(neighbours.sees("empresa-b", "PaymentService retries")) == 1


def test_exactly_what_is_shared_cannot_be_proposed_again(neighbours):
    neighbours.share("empresa-a", "retry")
    (learning,) = neighbours.knows("empresa-a", "retry")
    with pytest.raises(UsageError):
        neighbours.shared.propose("empresa-a", learning)


def test_a_new_version_takes_the_place_of_the_old_one(neighbours):
    old = neighbours.share("empresa-a", "retry")
    new = neighbours.share("empresa-a", "retry", content="The PaymentService retries five times.")
    assert neighbours.told() == [
        "learning_published",
        "learning_published",
        "learning_superseded",
    ]
    assert [hit.id for hit in neighbours.sees("empresa-b", "PaymentService retries")] == [new]
    rows = neighbours.home.global_tables().read(TABLE).set_index("id")
    assert (rows.loc[old, "superseded_by"], rows.loc[new, "superseded_by"]) == (new, "")
    assert rows.loc[old, "valid_to"] is not None


def test_a_preview_shows_the_text_and_records_nothing(neighbours):
    (learning,) = neighbours.knows("empresa-a", "retry", content="Ana Souza retried.")
    text, masked = neighbours.shared.preview("empresa-a", learning)
    assert json.loads(text)["content"] == "[name] retried."
    assert masked == {"name": 1}
    assert neighbours.told("approvals") == []


def test_no_word_of_a_learning_stands_in_an_event(neighbours):
    neighbours.share("empresa-a", "login")
    neighbours.sees("empresa-b", "autenticação")
    words = "\n".join(
        json.dumps(event.payload.model_dump(mode="json"), ensure_ascii=False)
        for event in neighbours.home.ledger.read()
    ).lower()
    for word in ("autenticação", "rotativos", "mfa", "docs/login.md"):
        assert word not in words
