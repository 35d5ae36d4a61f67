"""Copies of two companies that say the same: both are asked, nothing is merged silently."""

from __future__ import annotations

import json

import pytest

from coordinator.errors import ProposalClosed
from coordinator.global_memory import MERGE
from coordinator.ledger.events import GLOBAL, NewEvent
from resources.approvals import Wanted
from resources.global_memory.index import TABLE
from resources.global_memory.merging import Merging

SAME = "The PaymentService retries failed calls with backoff."


def both(neighbours) -> tuple[str, str]:
    """The same words shared by two companies: the older copy, and the younger."""
    return neighbours.share("empresa-a", "retry"), neighbours.share("empresa-b", "retry")


def asked(neighbours):
    return neighbours.home.approvals.waiting(kind=MERGE)


def test_the_same_words_of_two_companies_become_a_question_to_both(neighbours):
    older, younger = both(neighbours)
    (proposal,) = asked(neighbours)
    assert [(ask.company, ask.role) for ask in proposal.asks] == [
        ("empresa-a", "publication"),
        ("empresa-b", "publication"),
    ]
    shown = json.loads(neighbours.home.approvals.shown(proposal.number))
    assert (shown["keep"]["copy"], shown["retire"]["copy"]) == (older, younger)
    assert shown["keep"]["content"] == shown["retire"]["content"] == SAME
    assert {hit.id for hit in neighbours.sees("empresa-c", "PaymentService")} == {older, younger}


def test_the_same_words_in_another_spelling_are_a_question_too(neighbours):
    neighbours.share("empresa-a", "login")
    neighbours.share(
        "empresa-b",
        "login",
        title="AUTENTICACAO SEGURA",
        content="autenticacao segura   com tokens rotativos e mfa.",
    )
    assert len(asked(neighbours)) == 1


def test_other_words_are_no_question(neighbours):
    neighbours.share("empresa-a", "retry")
    neighbours.share("empresa-b", "cache")
    assert asked(neighbours) == []


def test_one_companys_own_copies_are_no_question(neighbours):
    neighbours.share("empresa-a", "retry")
    neighbours.share("empresa-a", "retry2", title="Retries", content=SAME)
    assert asked(neighbours) == []


def test_when_both_said_yes_the_older_copy_tells_the_younger(neighbours):
    older, younger = both(neighbours)
    (proposal,) = asked(neighbours)
    neighbours.approve(proposal.number, "empresa-a")
    assert neighbours.carry_out() == []
    neighbours.approve(proposal.number, "empresa-b")
    (done,) = neighbours.carry_out()
    assert done.result == older
    assert [hit.id for hit in neighbours.sees("empresa-c", "PaymentService")] == [older]
    rows = neighbours.home.global_tables().read(TABLE).set_index("id")
    assert rows.loc[younger, "superseded_by"] == older
    assert rows.loc[younger, "valid_to"] is not None
    assert neighbours.shared.audit().sound


def test_one_person_does_not_say_yes_for_both(neighbours):
    both(neighbours)
    (proposal,) = asked(neighbours)
    neighbours.approve(proposal.number, "empresa-a")
    (outcome,) = neighbours.home.approvals.decide([Wanted(proposal.number, True)], by="Ana Souza")
    assert outcome.problem
    assert neighbours.carry_out() == []


def test_a_pair_is_asked_about_once_whatever_the_answer_was(neighbours):
    both(neighbours)
    (proposal,) = asked(neighbours)
    rejected = [Wanted(proposal.number, False, "they differ in what matters")]
    neighbours.home.approvals.decide(rejected, by="Bia Lima")
    assert neighbours.shared.propose_merges() == []
    assert len(neighbours.sees("empresa-c", "PaymentService")) == 2


def test_carrying_out_a_merge_twice_changes_nothing(neighbours):
    older, _ = both(neighbours)
    (proposal,) = asked(neighbours)
    neighbours.approve(proposal.number, "empresa-a", "empresa-b")
    approved = neighbours.home.approvals.proposal(proposal.number)
    for _ in range(2):
        assert neighbours.shared.carry_out(approved) == older
    assert neighbours.told().count("learning_superseded") == 1


def test_a_merge_not_approved_by_both_is_refused(neighbours):
    both(neighbours)
    (proposal,) = asked(neighbours)
    neighbours.approve(proposal.number, "empresa-a")
    with pytest.raises(ProposalClosed):
        neighbours.shared.carry_out(proposal)


@pytest.mark.parametrize("which", [0, 1])
def test_a_merge_is_void_when_one_of_the_two_is_taken_back(neighbours, which: int):
    copies = both(neighbours)
    (proposal,) = asked(neighbours)
    neighbours.approve(proposal.number, "empresa-a", "empresa-b")
    owner = ("Ana Souza", "Bia Lima")[which]
    neighbours.shared.retract(copies[which], reason="", by=owner)
    assert neighbours.home.approvals.proposal(proposal.number).status == "void"
    assert neighbours.carry_out() == []
    assert "learning_superseded" not in neighbours.told()


@pytest.mark.parametrize("which", [0, 1])
def test_a_merge_asks_nothing_once_one_of_the_two_no_longer_stands(neighbours, which: int):
    copies = both(neighbours)
    (proposal,) = asked(neighbours)
    assert neighbours.shared.current_text(proposal) is not None
    event = NewEvent(
        "learning_retracted",
        {"id": copies[which], "reason": ""},
        company=("empresa-a", "empresa-b")[which],
    )
    neighbours.home.ledger.append(GLOBAL, [event], expected_version=None)
    assert neighbours.shared.current_text(proposal) is None
    (outcome,) = neighbours.home.approvals.decide([Wanted(proposal.number, True)], by="Ana Souza")
    assert "gone" in outcome.problem


@pytest.mark.parametrize("which", [0, 1])
def test_the_words_of_a_merge_are_purged_with_either_of_its_copies(neighbours, which: int):
    copies = both(neighbours)
    (proposal,) = asked(neighbours)
    owner = ("Ana Souza", "Bia Lima")[which]
    neighbours.shared.retract(copies[which], reason="", by=owner)
    assert neighbours.home.ledger.texts(proposal.company, [proposal.content]) == {}


def test_a_told_copy_stands_up_again_when_the_one_that_tells_it_is_taken_back(neighbours):
    older, younger = both(neighbours)
    (proposal,) = asked(neighbours)
    neighbours.approve(proposal.number, "empresa-a", "empresa-b")
    neighbours.carry_out()
    neighbours.shared.retract(older, reason="", by="Ana Souza")
    assert [hit.id for hit in neighbours.sees("empresa-c", "PaymentService")] == [younger]
    assert neighbours.shared.audit().sound


def test_a_question_cut_off_before_it_was_asked_is_asked_by_the_next_call(neighbours, monkeypatch):
    neighbours.share("empresa-a", "retry")
    with monkeypatch.context() as patch:
        patch.setattr(Merging, "propose", lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            neighbours.share("empresa-b", "retry")
    assert [one.problem for one in neighbours.carry_out()] == [""]
    assert len(asked(neighbours)) == 1


def test_a_company_that_cannot_be_asked_now_keeps_nobody_from_sharing(neighbours):
    neighbours.share("empresa-a", "retry")
    settings_file = neighbours.home.companies.instance("empresa-a").settings_file
    words = settings_file.read_text()
    settings_file.write_text("nonsense")
    neighbours.share("empresa-b", "retry")
    assert asked(neighbours) == []
    settings_file.write_text(words)
    assert len(neighbours.shared.propose_merges()) == 1
