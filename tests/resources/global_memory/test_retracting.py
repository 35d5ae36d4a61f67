"""Shared copies on their way back: who may, who had seen them, and that nothing of them is left."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from coordinator.errors import NotPermitted, ProposalClosed, StorageError, UsageError
from coordinator.settings import ApprovalSettings
from resources.approvals import Wanted
from resources.global_memory import index as index_module
from resources.global_memory.index import TABLE
from resources.global_memory.retracting import Retracting
from resources.tables import Tables

RARE = "zanzibarquokka"


def holding(folder: Path, words: str) -> list[str]:
    """The files below `folder` that hold `words`, in any case."""
    found = []
    for root, _, names in os.walk(folder):
        for name in names:
            content = (Path(root) / name).read_bytes().lower()
            if words.lower().encode() in content:
                found.append(os.path.relpath(os.path.join(root, name), folder))  # noqa: PTH118
    return sorted(found)


def test_a_retracted_copy_is_gone_from_every_search_and_says_who_had_seen_it(neighbours):
    copy = neighbours.share("empresa-a", "retry")
    neighbours.sees("empresa-b", "PaymentService retries")
    found = neighbours.shared.retract(copy, reason="names a customer", by="Ana Souza")
    assert (found.id, found.seen_by) == (copy, ("empresa-b",))
    for company in ("empresa-b", "empresa-c"):
        assert neighbours.sees(company, "PaymentService retries") == []
    assert [hit.origin for hit in neighbours.sees("empresa-a", "PaymentService")] == ["private"]
    origins = {hit.origin for hit in neighbours.shared.operator_search("PaymentService")}
    assert origins == {"private"}


def test_the_event_keeps_who_had_seen_it_and_why_it_went(neighbours):
    copy = neighbours.share("empresa-a", "retry")
    neighbours.sees("empresa-c", "PaymentService retries")
    neighbours.shared.retract(copy, reason="names a customer", by="Ana Souza")
    (event,) = neighbours.home.ledger.read(event_type="learning_retracted")
    assert (event.actor, event.company) == ("Ana Souza", "empresa-a")
    assert (event.payload.reason, event.payload.seen_by) == ("names a customer", ("empresa-c",))


def test_no_byte_of_a_retracted_copy_is_left_in_any_file(neighbours):
    """Not in the ledger, its log, the table, an older version, or an index."""
    neighbours.share("empresa-b", "cache")
    copy = neighbours.share("empresa-a", "retry", content=f"Only {RARE} knows.", title="Who knows")
    neighbours.share("empresa-c", "deploy")
    neighbours.sees("empresa-b", RARE)
    home = neighbours.home.path
    neighbours.home.ledger.close()  # its log goes into the file, as at the end of each command
    where = {name.split("/")[0] for name in holding(home, RARE)}
    assert where == {"global", "instances", "ledger.db"}
    neighbours.shared.retract(copy, reason="", by="Ana Souza")
    left = [name for name in holding(home, RARE) if not name.startswith("instances/empresa-a/")]
    assert left == []
    assert len(neighbours.sees("empresa-a", "redis traffic")) >= 2


def test_the_words_of_earlier_proposals_of_a_retracted_learning_are_purged_too(neighbours):
    neighbours.propose("empresa-a", "retry", content=f"First {RARE}.")
    copy = neighbours.share("empresa-a", "retry", content=f"Then {RARE}.")
    neighbours.propose("empresa-a", "retry", content=f"At last {RARE}.")
    neighbours.shared.retract(copy, reason="", by="Ana Souza")
    assert neighbours.home.ledger.text_hashes("empresa-a") == []
    assert {one.status for one in neighbours.home.approvals.inbox().proposals} == {"void", "done"}


def test_every_version_of_the_learning_goes_with_the_copy(neighbours):
    old = neighbours.share("empresa-a", "retry")
    new = neighbours.share("empresa-a", "retry", content="The PaymentService retries five times.")
    neighbours.shared.retract(new, reason="", by="Ana Souza")
    state = neighbours.shared.state()
    assert not state.copies
    assert set(state.retracted) == {old, new}
    assert neighbours.sees("empresa-b", "PaymentService retries") == []


def test_what_was_retracted_can_be_shared_anew_and_keeps_its_words_then(neighbours):
    copy = neighbours.share("empresa-a", "retry")
    neighbours.shared.retract(copy, reason="", by="Ana Souza")
    again = neighbours.share("empresa-a", "retry")
    assert again != copy
    neighbours.shared.store()
    assert [hit.id for hit in neighbours.sees("empresa-b", "PaymentService")] == [again]


def test_what_waits_to_be_shared_anew_keeps_its_words_while_old_ones_are_purged(neighbours):
    copy = neighbours.share("empresa-a", "retry")
    neighbours.shared.retract(copy, reason="", by="Ana Souza")
    proposal = neighbours.propose("empresa-a", "retry")
    neighbours.shared.store()
    assert "PaymentService" in neighbours.home.approvals.shown(proposal.number)


def test_an_approved_copy_not_yet_published_stays_home_when_its_learning_is_retracted(neighbours):
    copy = neighbours.share("empresa-a", "retry")
    proposal = neighbours.propose("empresa-a", "retry", content="Better words.")
    neighbours.approve(proposal.number, "empresa-a")
    neighbours.shared.retract(copy, reason="", by="Ana Souza")
    assert neighbours.carry_out() == []
    assert not neighbours.shared.state().copies
    with pytest.raises(ProposalClosed):
        neighbours.shared.carry_out(neighbours.home.approvals.proposal(proposal.number))


# -- who may --------------------------------------------------------------------------------


@pytest.mark.parametrize("actor", ["Bia Lima", "system", "mcp:empresa-a", "grant:1", ""])
def test_only_people_of_the_company_take_its_copy_back(neighbours, actor: str):
    copy = neighbours.share("empresa-a", "retry")
    with pytest.raises(NotPermitted):
        neighbours.shared.retract(copy, reason="", by=actor)
    assert neighbours.shared.state().copies


@pytest.mark.parametrize("role", ["export", "import_", "publication"])
def test_any_role_of_the_company_is_enough(neighbours, role: str):
    copy = neighbours.share("empresa-a", "retry")
    everybody = dict.fromkeys(("export", "import_", "publication"), ("Rui",))
    neighbours.settings("empresa-a", approvals=ApprovalSettings(**everybody | {role: ("Eva",)}))
    assert neighbours.shared.retract(copy, reason="", by="Eva").id == copy


def test_a_copy_nobody_knows_cannot_be_taken_back(neighbours):
    with pytest.raises(UsageError):
        neighbours.shared.retract("g-0123456789abcdef", reason="", by="Ana Souza")


def test_asking_what_a_retraction_would_do_does_nothing(neighbours):
    copy = neighbours.share("empresa-a", "retry")
    neighbours.sees("empresa-b", "PaymentService")
    assert neighbours.shared.would_retract(copy).seen_by == ("empresa-b",)
    assert copy in neighbours.shared.state().copies


# -- cut off half-way -----------------------------------------------------------------------


def test_a_copy_whose_retraction_is_recorded_is_hidden_before_the_table_is_written(
    neighbours, monkeypatch
):
    copy = neighbours.share("empresa-a", "retry")
    with monkeypatch.context() as patch:
        patch.setattr(index_module.GlobalIndex, "store", _full_disk)
        with pytest.raises(StorageError):
            neighbours.shared.retract(copy, reason="", by="Ana Souza")
    assert neighbours.home.global_tables().rows(TABLE) == 1
    assert neighbours.sees("empresa-b", "PaymentService") == []
    assert neighbours.told().count("learning_seen") == 0


@pytest.mark.parametrize("heal", ["retract again", "store"])
def test_a_retraction_cut_off_is_finished_by_the_next_call(neighbours, monkeypatch, heal: str):
    copy = neighbours.share("empresa-a", "retry", content=f"Only {RARE} knows.")
    neighbours.sees("empresa-b", RARE)
    with monkeypatch.context() as patch:
        patch.setattr(neighbours.home.ledger, "texts", _full_disk)
        with pytest.raises(StorageError):
            neighbours.shared.retract(copy, reason="", by="Ana Souza")
    if heal == "store":
        neighbours.shared.store()
    else:
        found = neighbours.shared.retract(copy, reason="", by="Ana Souza")
        assert found.seen_by == ("empresa-b",)
    assert neighbours.told().count("learning_retracted") == 1
    left = holding(neighbours.home.path, RARE)
    assert [name for name in left if not name.startswith("instances/empresa-a/")] == []


def test_a_killed_erasure_is_finished_by_the_next_store(neighbours, monkeypatch):
    copy = neighbours.share("empresa-a", "retry", content=f"Only {RARE} knows.")
    with monkeypatch.context() as patch:
        patch.setattr(Tables, "erase_deleted", _full_disk)
        with pytest.raises(StorageError):
            neighbours.shared.retract(copy, reason="", by="Ana Souza")
    assert holding(neighbours.home.global_folder, RARE)
    neighbours.shared.store()
    assert holding(neighbours.home.global_folder, RARE) == []


def test_a_damaged_table_does_not_keep_a_text_from_going(neighbours):
    copy = neighbours.share("empresa-a", "retry", content=f"Only {RARE} knows.")
    other = neighbours.share("empresa-b", "cache")
    for manifest in (neighbours.home.global_folder / f"{TABLE}.lance" / "_versions").iterdir():
        manifest.write_bytes(b"damaged")
    neighbours.shared.retract(copy, reason="", by="Ana Souza")
    assert holding(neighbours.home.global_folder, RARE) == []
    assert [hit.id for hit in neighbours.sees("empresa-c", "redis")] == [other]


def _full_disk(*_: object, **__: object) -> None:
    raise StorageError("the disk is full")


# -- a company goes -------------------------------------------------------------------------


def test_a_removed_company_takes_its_copies_proposals_and_words_with_it(neighbours):
    neighbours.share("empresa-a", "retry", content=f"Only {RARE} knows.")
    neighbours.propose("empresa-a", "login", content=f"More {RARE}.")
    kept = neighbours.share("empresa-b", "cache")
    neighbours.sees("empresa-b", RARE)
    neighbours.home.companies.remove("empresa-a", reason="sold")
    assert [hit.id for hit in neighbours.sees("empresa-c", f"{RARE} redis")] == [kept]
    assert neighbours.home.approvals.waiting() == []
    assert neighbours.home.ledger.text_hashes("empresa-a") == []
    assert holding(neighbours.home.path, RARE) == []
    told = [event.event_type for event in neighbours.home.ledger.read(company="empresa-a")]
    assert told.index("learning_retracted") < told.index("company_removed")


def test_a_removal_cut_off_before_its_copies_went_is_finished_by_the_next_command(
    neighbours, monkeypatch
):
    neighbours.share("empresa-a", "retry", content=f"Only {RARE} knows.")
    with monkeypatch.context() as patch:
        patch.setattr(index_module.GlobalIndex, "store", _full_disk)
        with pytest.raises(StorageError):
            neighbours.home.companies.remove("empresa-a")
    assert neighbours.home.companies.names() == ["empresa-b", "empresa-c"]
    assert neighbours.home.ledger.state("empresa-a").exists
    neighbours.home.companies.remove("empresa-c")
    assert not neighbours.home.ledger.state("empresa-a").exists
    assert holding(neighbours.home.path, RARE) == []


def test_what_was_asked_of_a_removed_company_is_void(neighbours):
    proposal = neighbours.home.approvals.propose(
        kind="share_import",
        subject="a component",
        company="empresa-b",
        asks=[("empresa-b", "export"), ("empresa-a", "import")],
        text="take it",
    )
    neighbours.home.companies.remove("empresa-a")
    (outcome,) = neighbours.home.approvals.decide([Wanted(proposal.number, True)], by="Bia Lima")
    assert "void" in outcome.problem


def test_a_no_to_sharing_again_what_was_retracted_purges_its_words(neighbours):
    """Asked again, the ledger keeps the words for whoever answers; after the answer nobody needs
    them any more."""
    copy = neighbours.share("empresa-a", "retry")
    content = neighbours.shared.state().copies[copy].content
    neighbours.shared.retract(copy, reason="names a customer", by="Ana Souza")
    asked = neighbours.propose("empresa-a", "retry")
    assert asked.content == content
    assert content in neighbours.home.ledger.texts("empresa-a", [content])
    no = Wanted(asked.number, approve=False, reason="still names one")
    neighbours.home.approvals.decide([no], by="Ana Souza")
    assert neighbours.home.ledger.texts("empresa-a", [content]) == {}


def test_a_rebuild_purges_what_a_killed_retraction_left(neighbours, monkeypatch):
    copy = neighbours.share("empresa-a", "retry")
    content = neighbours.shared.state().copies[copy].content
    with monkeypatch.context() as killed:
        killed.setattr(Retracting, "_clear", lambda _: None)
        neighbours.shared.retract(copy, reason="names a customer", by="Ana Souza")
    assert content in neighbours.home.ledger.texts("empresa-a", [content])
    neighbours.shared.rebuild()
    assert neighbours.home.ledger.texts("empresa-a", [content]) == {}
