"""What stands on the coordinator's Jira and Confluence, in the global memory, and what leaves."""

from __future__ import annotations

from typing import Any

import pytest

from coordinator.errors import StorageError
from coordinator.ledger import pattern_events as events
from coordinator.ledger.events import NewEvent
from coordinator.settings import dump
from resources.carrying_out import carry_out
from tests.resources.insights.conftest import CONFLUENCE, JIRA

PAGE = "Pattern: topic-1 quokkaflux by acme"
INDEX = "What companies have in common"


def counts(fair: Any) -> list[dict[str, int]]:
    return [dict(one.counts) for one in fair.deliver()]


# -- published once ----------------------------------------------------------------------------


def test_nothing_is_published_before_a_company_said_yes(met: Any) -> None:
    assert met.insights.standing() == []
    assert counts(met) == [{}, {}]
    assert met.titles() == []


def test_the_page_shows_who_agreed_and_counts_who_did_not(told: Any) -> None:
    assert told.titles() == sorted([PAGE, PAGE, INDEX])
    words = told.words()
    assert "topic-1 quokkaflux by acme · docs/notes.md @cccccccccccc" in words
    assert "have not agreed to show it: 1." in words
    assert "wombatjet" not in words
    assert "beta" not in words


def test_it_is_published_once_however_often_it_is_refreshed_and_the_members_change(
    told: Any,
) -> None:
    made = {one.id for one in told.stand_in.pages("ORCH")}
    for number in range(3):
        told.learns("beta", f"topic-1 said anew {number} by beta")
        told.refresh()
        told.deliver()
        told.advance(days=1)
    assert {one.id for one in told.stand_in.pages("ORCH")} == made
    assert len(told.stand_in.issues("ORCH")) == 1
    assert not any(told.home.publishing.is_due(one, "insight") for one in (JIRA, CONFLUENCE))


def test_a_second_company_joins_the_same_page(told: Any) -> None:
    told.says("beta")
    assert told.home.publishing.is_due(CONFLUENCE, "insight")
    assert [one["write"] for one in counts(told)] == [1, 1]
    words = told.words()
    assert "wombatjet" in words
    assert "have not agreed" not in words
    assert told.titles() == sorted([PAGE, PAGE, INDEX])


def test_a_company_that_said_no_stays_a_count(told: Any) -> None:
    told.says("beta", yes=False)
    told.refresh()
    told.deliver()
    assert "wombatjet" not in told.words()
    assert "beta" not in told.words()
    assert "have not agreed to show it: 1." in told.words()


def test_the_reader_is_told_in_the_coordinators_language(told: Any) -> None:
    settings = told.home.settings.model_copy(update={"language": "pt"})
    (told.home.path / "orch.yaml").write_text(dump(settings), encoding="utf-8")
    told.home.__dict__.pop("settings", None)
    told.deliver()
    assert "Padrão: topic-1 quokkaflux by acme" in told.titles()
    assert "não aceitaram mostrar: 1." in told.words()


def test_what_somebody_changed_is_asked_about_and_not_written_over(told: Any) -> None:
    (issue,) = told.stand_in.issues("ORCH")
    told.stand_in.edit_issue(issue.key, summary="Ours, said better")
    told.says("beta")
    assert counts(told)[0]["asked"] == 1
    assert told.stand_in.issue(issue.key).summary == "Ours, said better"
    (waiting,) = told.home.approvals.waiting(kind="overwrite_edited")
    assert waiting.company == "acme"


def test_a_place_that_does_not_want_insights_has_none(told: Any) -> None:
    jira = told.home.settings.jira.model_copy(update={"publish": ("solution",)})
    settings = told.home.settings.model_copy(update={"jira": jira})
    (told.home.path / "orch.yaml").write_text(dump(settings), encoding="utf-8")
    told.home.__dict__.pop("settings", None)
    told.deliver()
    assert [one.summary for one in told.stand_in.issues("ORCH")] == ["Withdrawn"]


# -- in the global memory ----------------------------------------------------------------------


def test_an_approved_part_is_found_by_another_company_and_is_sound(told: Any) -> None:
    memory = told.home.global_memory
    (copy,) = memory.state().copies.values()
    found = memory.search_with("zeta", "topic-1 quokkaflux", surface="test")
    assert copy.id in {one.id for one in found}
    assert memory.audit().sound
    assert memory.audit().rows == 1


def test_parts_of_one_pattern_are_not_taken_for_doubles_of_each_other(fair: Any) -> None:
    fair.learns("acme", "topic-1 the very same words")
    fair.learns("beta", "topic-1 the very same words")
    fair.refresh()
    for company in ("acme", "beta"):
        fair.says(company)
    assert len(fair.home.global_memory.state().copies) == 2
    assert fair.home.global_memory.propose_merges() == []
    assert fair.home.approvals.waiting(kind="merge_learnings") == []


def test_carrying_out_twice_publishes_once(met: Any) -> None:
    (done,) = met.says("acme")
    proposal = met.home.approvals.proposal(met.question("acme").number)
    assert met.home.global_memory.carry_out(proposal) == done.result
    assert len(met.home.global_memory.state().copies) == 1


def test_a_crash_between_the_copy_and_its_note_is_healed(
    met: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(met.home.approvals, "mark_carried_out", die)
        with pytest.raises(KeyboardInterrupt):
            met.says("acme")
    assert met.question("acme").status == "approved"
    (done,) = carry_out(met.home)
    assert not done.problem
    assert met.question("acme").status == "done"
    assert [*met.home.global_memory.state().copies] == [done.result]


def test_what_is_quoted_and_shared_is_linked_where_it_stands(told: Any) -> None:
    (quoted,) = told.home.companies.instance("acme").tables().read("learnings", ["id"])["id"][:1]
    number = told.home.global_memory.propose("acme", quoted).number
    from resources.approvals import Wanted

    told.home.approvals.decide([Wanted(number, True)], by="Owner of acme")
    (done,) = carry_out(told.home)
    told.home.publishing.deliver(CONFLUENCE, "copy")
    told.deliver()
    (page,) = [one for one in told.stand_in.pages("ORCH", status="current") if one.title == PAGE]
    assert f"'text': '{done.result}'" in str(page.body)
    assert "/wiki/spaces/ORCH/pages/" in str(page.body)
    assert "git.acme.example" not in told.words()


# -- taken back --------------------------------------------------------------------------------


def test_a_retracted_part_takes_its_words_off_the_page_and_the_page_with_it(told: Any) -> None:
    (copy,) = told.home.global_memory.state().copies
    gone = told.home.global_memory.retract(copy, reason="not any more", by="Owner of acme")
    assert len(gone.published) == 2  # where it still stands
    told.deliver()
    assert "quokkaflux" not in told.words()
    assert told.titles() == []


def test_a_page_shrinks_when_one_of_two_takes_its_part_back(told: Any) -> None:
    told.says("beta")
    told.deliver()
    (mine,) = told.home.global_memory.state().of_company("acme")
    told.home.global_memory.retract(mine.id, reason="no", by="Owner of acme")
    told.deliver()
    assert told.titles() == sorted(["Pattern: topic-1 wombatjet by beta"] * 2 + [INDEX])
    assert "quokkaflux" not in told.words()
    assert "acme" not in told.words()


def test_retracting_a_quoted_learning_takes_the_part_back(told: Any) -> None:
    from resources.approvals import Wanted

    (quoted,) = told.home.companies.instance("acme").tables().read("learnings", ["id"])["id"][:1]
    number = told.home.global_memory.propose("acme", quoted).number
    told.home.approvals.decide([Wanted(number, True)], by="Owner of acme")
    (done,) = carry_out(told.home)
    told.home.global_memory.retract(done.result, reason="wrong", by="Owner of acme")
    assert told.home.global_memory.state().copies == {}
    told.deliver()
    assert told.titles() == []
    assert told.refresh().asked == []


@pytest.fixture
def by_hand(fair: Any) -> tuple[Any, str]:
    """acme's part quotes two learnings, one of them written by hand; the page stands."""
    fair.learns("acme", "topic-1 quokkaflux by acme")
    added = fair.home.by_hand.add_learning("acme", "topic-1 zebrafish by hand", category="insight")
    fair.learns("beta", "topic-1 wombatjet by beta")
    fair.refresh()
    fair.says("acme")
    fair.deliver()
    assert "zebrafish" in fair.words()
    return fair, added.id


def test_a_quoted_learning_removed_by_hand_takes_the_part_and_the_page_back(
    by_hand: tuple[Any, str],
) -> None:
    fair, learning = by_hand
    removed = fair.home.by_hand.remove_learning("acme", learning, reason="wrong")
    assert (removed.gone, removed.problem) == (True, "")
    assert fair.home.global_memory.state().copies == {}
    number = fair.question("acme").number
    assert fair.home.approvals.texts([fair.home.approvals.proposal(number)]) == {}
    fair.deliver()
    assert "zebrafish" not in fair.words()
    assert fair.titles() == []
    # what is left may be asked for: the question is another one
    fair.advance(days=8)
    (asked,) = fair.refresh().asked
    assert "quokkaflux" in fair.home.approvals.shown(asked.number)
    assert "zebrafish" not in fair.home.approvals.shown(asked.number)


def test_a_removal_that_could_not_take_the_part_back_says_so_and_is_finished_by_the_next(
    by_hand: tuple[Any, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fair, learning = by_hand

    def refuse(*given: object) -> None:
        raise StorageError("another process is writing the global memory")

    with monkeypatch.context() as patch:
        patch.setattr(fair.home.global_memory, "retract_parts_quoting", refuse)
        removed = fair.home.by_hand.remove_learning("acme", learning, reason="wrong")
    assert (removed.gone, removed.already) == (False, False)
    assert "writing the global memory" in removed.problem
    again = fair.home.by_hand.remove_learning("acme", learning, reason="wrong")
    assert (again.gone, again.already) == (True, True)
    assert fair.home.global_memory.state().copies == {}


def test_of_two_parts_of_one_pattern_the_later_one_is_shown(told: Any) -> None:
    told.learns("acme", "topic-1 quokkaflux by acme", "topic-1 zebrafish by acme")
    told.refresh()
    (pattern,) = told.home.patterns.standing()
    mine = [one for one in pattern.members if one.startswith("acme/")]
    told.home.global_memory.insight_parts.propose("acme", pattern.id, mine, by="Owner of acme")
    told.says("acme")
    (insight,) = told.insights.standing()
    (part,) = insight.parts
    assert "zebrafish" in part.said.content
    assert len(told.home.global_memory.state().copies) == 2


def test_an_open_question_about_a_removed_learning_is_void(fair: Any) -> None:
    added = fair.home.by_hand.add_learning("acme", "topic-1 zebrafish by hand", category="insight")
    fair.learns("beta", "topic-1 wombatjet by beta")
    fair.refresh()
    fair.home.by_hand.remove_learning("acme", added.id, reason="wrong")
    assert fair.asked() == [("acme", "void"), ("beta", "waiting")]


def test_a_part_whose_every_line_was_said_anew_is_taken_back_and_asked_for_anew(told: Any) -> None:
    told.learns("acme", "topic-1 otherwise by acme")
    told.advance(days=8)
    found = told.refresh()
    assert len(found.withdrawn) == 1
    assert [one.company for one in found.asked] == ["acme"]
    told.deliver()
    assert "quokkaflux" not in told.words()
    told.says("acme")
    told.deliver()
    assert "Pattern: topic-1 otherwise by acme" in told.titles()
    # with a grant nobody needs to notice
    told.grant("acme")
    told.learns("acme", "topic-1 once more by acme")
    found = told.refresh()
    carry_out(told.home)
    told.deliver()
    assert "Pattern: topic-1 once more by acme" in told.titles()


def test_a_part_of_a_company_that_left_the_pattern_is_off_its_page(fair: Any) -> None:
    for company in ("acme", "beta", "zeta"):
        fair.learns(company, f"topic-1 words of {company}")
    fair.refresh()
    for company in ("acme", "zeta"):
        fair.says(company)
    fair.learns("zeta", "topic-9 something else")
    (insight,) = fair.insights.standing()  # nobody looked anew, and the part still stands
    assert (insight.companies, [one.copy.company for one in insight.parts]) == (2, ["acme"])
    assert len(fair.home.global_memory.state().copies) == 2


def test_a_line_of_several_that_was_said_anew_leaves_the_part_as_agreed(fair: Any) -> None:
    fair.learns("acme", "topic-1 quokkaflux by acme", "topic-1 zebrafish by acme")
    fair.learns("beta", "topic-1 wombatjet by beta")
    fair.refresh()
    fair.says("acme")
    fair.learns("acme", "topic-1 quokkaflux by acme", "topic-1 said anew by acme")
    found = fair.refresh()
    assert (list(found.withdrawn), found.asked) == ([], [])


def test_a_pattern_that_took_another_in_shows_the_parts_of_both(fair: Any) -> None:
    fair.learns("acme", "topic-1 quokkaflux by acme", "topic-2 zebrafish by acme")
    fair.learns("beta", "topic-1 by beta")
    fair.learns("zeta", "topic-2 wombatjet by zeta")
    fair.refresh()
    for number in [one.number for one in fair.home.approvals.waiting(kind="publish_insight")]:
        from resources.approvals import Wanted

        company = fair.home.approvals.proposal(number).company
        fair.home.approvals.decide([Wanted(number, True)], by=f"Owner of {company}")
    carry_out(fair.home)
    fair.deliver()
    assert len(fair.titles()) == 5
    one, other = fair.home.patterns.standing()
    merged = events.PatternMerged(pattern=other.id, into=one.id)
    new = [NewEvent(merged.event_type, merged)]
    fair.home.ledger.append("patterns", new, expected_version=None)
    rows = fair.home.global_tables().read("cross_company_patterns")
    members = sorted({*one.members, *other.members})
    left = rows[rows["id"] == one.id].assign(members=[members], likeness=[[1.0] * len(members)])
    fair.home.global_tables().reconcile("cross_company_patterns", left)
    (insight,) = fair.insights.standing()
    assert insight.companies == 3
    assert [part.copy.company for part in insight.parts].count("acme") == 2
    fair.deliver()
    assert len(fair.titles()) == 3
    for word in ("quokkaflux", "zebrafish", "wombatjet"):
        assert word in fair.words()
    # and what is taken back of the one that was taken in says where it stands
    (copy,) = [p.copy for p in insight.parts if p.copy.company == "zeta"]
    assert len(fair.home.global_memory.would_retract(copy.id).published) == 2
