"""Each metric over a ledger small enough to compute it by hand."""

from __future__ import annotations

from typing import Any

from coordinator.metrics import Measured
from coordinator.metrics.effort import MINUTES_SAVED_PER_ANSWER

AUTH, MAIL = "acme/component:a0", "acme/component:b0"
P = "p-000000000001"
G1, G2, G3, G4 = (f"g-{number:016x}" for number in range(1, 5))


def o(number: int) -> str:
    return f"o-{number:012x}"


def facts(component: str, adopter: str, opportunity: str = "") -> dict[str, str]:
    found = {"component": component, "adopter": adopter, "owner": component.partition("/")[0]}
    return found | ({"opportunity": opportunity} if opportunity else {})


# -- sharing -----------------------------------------------------------------------------------


def test_shared_components_are_counted_once_and_only_when_their_owner_said_yes(told: Any) -> None:
    told.share(AUTH, "beta")
    told.answer(told.ask("share_export", "acme", **facts(AUTH, "gama")))
    told.ask("share_export", "acme", **facts(MAIL, "beta"))
    assert told.value("shared_components") == 1
    told.answer(told.numbers, decision="reject")
    assert told.value("shared_components") == 1


def test_the_reuse_rate_is_approved_imports_by_approved_exports(told: Any) -> None:
    told.share(AUTH, "beta")
    for adopter in ("gama", "delta"):
        told.answer(told.ask("share_export", "acme", **facts(AUTH, adopter)))
    told.answer(told.ask("share_export", "acme", **facts(MAIL, "beta")))
    told.ask("share_import", "gama", **facts(AUTH, "gama"))
    # taken, though nobody said that it may be given
    told.answer(told.ask("share_import", "beta", **facts("gama/component:c0", "beta")))
    assert told.measured("reuse_rate") == Measured(0.25, 1, 4)


def test_a_component_asked_about_again_counts_once_for_each_company(told: Any) -> None:
    told.share(AUTH, "beta")
    told.share(AUTH, "beta")
    assert told.measured("reuse_rate") == Measured(1.0, 1, 1)
    assert told.measured("adopters_per_component") == Measured(1.0, 1, 1)


def test_adopters_are_companies_whose_import_is_approved(told: Any) -> None:
    told.share(AUTH, "beta")
    told.share(AUTH, "gama")
    told.answer(told.ask("share_export", "acme", **facts(MAIL, "beta")))
    assert told.measured("adopters_per_component") == Measured(1.0, 2, 2)
    assert told.history().adopters == {AUTH: 2, MAIL: 0}


def test_time_to_adopt_is_the_median_from_the_first_question_to_the_last_yes(told: Any) -> None:
    for adopter, days in (("beta", 1.5), ("gama", 4.0), ("delta", 11.0)):
        told.day = 0
        export = told.ask("share_export", "acme", **facts(AUTH, adopter))
        told.day = 0.5
        told.answer(export)
        taken = told.ask("share_import", adopter, **facts(AUTH, adopter))
        told.day = days
        told.answer(taken)
    assert told.value("time_to_adopt") == 4.0


def test_a_clock_that_is_wrong_makes_no_negative_time(told: Any) -> None:
    told.day = 3
    told.answer(told.ask("share_export", "acme", **facts(AUTH, "beta")))
    told.day = 1
    told.answer(told.ask("share_import", "beta", **facts(AUTH, "beta")))
    assert told.value("time_to_adopt") == 0


def test_an_edit_is_a_copy_that_moved_away_after_its_import_was_approved(told: Any) -> None:
    copy = "beta/component:c0"
    told.of_pattern("pattern_found", pattern=P, members=[AUTH, copy])
    told.drift(P, copy, 1.0, 0.9)  # before anything was adopted
    told.share(AUTH, "beta")
    told.drift(P, copy, 0.9, 0.9)  # how alike they are, told for the first time
    told.drift(P, copy, 0.9, 0.8)
    told.drift(P, copy, 0.8, 0.7)
    told.drift(P, copy, 0.7, 1.0)  # brought in step again
    told.drift(P, "gama/component:c0", 1.0, 0.5)  # gama adopted nothing
    told.drift("p-0000000000ff", copy, 1.0, 0.5)  # of another origin
    told.share(MAIL, "gama")
    assert told.measured("edits_after_adoption") == Measured(1.0, 2, 2)


def test_a_copy_found_later_belongs_to_the_pattern_it_joined(told: Any) -> None:
    copy = "beta/component:c0"
    told.share(AUTH, "beta")
    told.of_pattern("pattern_found", pattern=P, members=["gama/component:d0", copy])
    told.drift(P, copy, 1.0, 0.9)
    told.of_pattern("pattern_changed", pattern=P, joined=[AUTH])
    told.drift(P, copy, 0.9, 0.8)
    told.of_pattern("pattern_changed", pattern=P, left=[AUTH])
    told.drift(P, copy, 0.8, 0.7)
    assert told.measured("edits_after_adoption") == Measured(1.0, 1, 1)


def test_an_approval_that_was_taken_back_counts_no_more_unless_it_was_carried_out(
    told: Any,
) -> None:
    export = told.ask("share_export", "acme", **facts(AUTH, "beta"))
    told.answer(export)
    assert told.value("shared_components") == 1
    told.close(export, "proposal_voided")
    assert told.value("shared_components") == 0
    assert told.value("reuse_rate") is None
    told.share(AUTH, "beta")
    told.close(told.numbers, "proposal_carried_out")
    told.close(told.numbers, "proposal_voided")
    assert told.value("reuse_rate") == 1


def test_a_removed_company_shares_and_adopts_nothing_but_what_was_decided_stays(told: Any) -> None:
    told.share(AUTH, "beta")
    told.share(AUTH, "gama")
    told.share("delta/component:d0", "beta")
    told.of_company("company_removed", "beta")
    assert told.value("shared_components") == 2
    assert told.measured("adopters_per_component") == Measured(0.5, 1, 2)
    told.of_company("company_removed", "acme")
    assert told.history().adopters == {"delta/component:d0": 0}
    assert told.measured("reuse_rate") == Measured(1.0, 3, 3)


def test_an_edit_of_a_company_that_was_removed_and_made_anew_is_none(told: Any) -> None:
    copy = "beta/component:c0"
    told.of_pattern("pattern_found", pattern=P, members=[AUTH, copy])
    told.share(AUTH, "beta")
    told.of_company("company_removed", "beta")
    told.drift(P, copy, 1.0, 0.5)
    assert told.measured("edits_after_adoption").part == 0


def test_facts_that_say_nothing_leave_subject_and_asks(told: Any) -> None:
    told.answer(told.ask("share_export", "acme"))
    told.answer(told.ask("share_import", "beta"))
    assert told.history().adopters == {"subject 1": 0}


# -- learning ----------------------------------------------------------------------------------


def test_the_learning_rate_counts_accepted_suggestions_that_led_to_something_once(
    told: Any,
) -> None:
    for number in range(1, 9):
        told.suggest(o(number), number, solution=f"acme/l{number}")
    for number in range(1, 7):
        told.suggestion_answered(o(number), number)
    told.suggestion_answered(o(7), 7, "rejected")
    told.publish(G1, "acme", "l1", proposal=1)  # 1: published, and seen
    told.see(G1, "acme", "beta")
    told.need_closed(o(2))  # 2: its need closed
    told.publish(G2, "acme", "l3", proposal=50)  # 3: seen, published for somebody else
    told.see(G2, "acme", "beta")
    told.publish(G3, "acme", "l4", proposal=51)  # 4: seen by another company
    told.see(G3, "acme", "gama")
    told.share(AUTH, "beta", o(5))  # 5: copied as a component
    told.need_closed(o(7))  # 7: was rejected
    found = told.history().now.values
    assert found["suggestions"].value == 8
    assert found["accepted_suggestions"].value == 6
    assert found["suggestions_copied"].value == 2
    assert found["needs_closed"].value == 1
    assert found["suggestions_visited"].value == 2
    assert found["learning_rate"] == Measured(0.5, 4, 8)


def test_what_a_company_saw_before_it_was_suggested_is_no_visit(told: Any) -> None:
    told.publish(G1, "acme", "l1")
    told.see(G1, "acme", "beta")
    told.suggest(o(1), 1)
    told.suggestion_answered(o(1), 1)
    told.see(G1, "acme", "beta")  # the ledger would not record it: it is no first sight
    assert told.value("suggestions_visited") == 0
    told.publish(G2, "acme", "l1")
    told.see(G2, "acme", "beta")
    assert told.value("suggestions_visited") == 1


def test_an_opportunity_asked_about_again_is_another_suggestion(told: Any) -> None:
    told.suggest(o(1), 1)
    told.suggestion_answered(o(1), 1, "ignored")
    told.suggest(o(1), 2)
    told.suggestion_answered(o(1), 2)
    told.publish(G1, "acme", proposal=2)
    assert told.measured("learning_rate") == Measured(0.5, 1, 2)


def test_what_was_dismissed_unasked_is_no_suggestion(told: Any) -> None:
    told.dismiss(o(1))
    told.suggestion_answered(o(1), 1)
    assert told.measured("learning_rate") == Measured(None, 0, 0)
    told.suggest(o(2), 2)
    told.dismiss(o(2))
    told.suggestion_answered(o(2), 2)
    told.publish(G1, "acme", proposal=2)
    assert told.measured("learning_rate") == Measured(0.0, 0, 1)


def test_a_copy_taken_back_later_was_a_copy(told: Any) -> None:
    told.suggest(o(1), 1)
    told.suggestion_answered(o(1), 1)
    told.publish(G1, "acme", proposal=1)
    told.of_memory("learning_retracted", "acme", id=G1, reason="x")
    assert told.value("learning_rate") == 1


# -- efficiency --------------------------------------------------------------------------------


def test_work_per_change_counts_each_thing_done_once_and_only_syncs_that_read_news(
    told: Any,
) -> None:
    told.commit("acme", "git_commits", inserted=3)
    told.of_company("sync_completed", "acme", sources=["git"])  # a change
    told.of_company("sync_completed", "acme", sources=["git"])  # nothing new
    told.commit("acme", "private_memory", inserted=1)  # not read from a source
    told.commit("acme", "jira_issues", updated=2)
    told.commit("beta", "git_commits")  # committed without a change
    told.of_company("sync_completed", "acme", sources=["git"])  # of another source
    told.of_company("sync_completed", "beta", sources=["git"])
    told.of_company("sync_completed", "acme", sources=["git", "jira"])  # a change
    assert told.measured("work_per_change") == Measured(0.0, 0, 2)
    share, learning = told.ask("share_export", "acme"), told.ask("publish_learning", "acme")
    for number in (share, learning):
        told.answer(number)
        told.close(number, "proposal_carried_out")  # 1: the second is counted as its copy
        told.close(number, "proposal_carried_out")
    told.publish(G1, "acme", proposal=learning)  # 2
    told.publish(G1, "acme", proposal=learning)
    told.of_pattern("pattern_found", pattern=P, members=[AUTH, "beta/component:c0"])  # 3
    told.of_pattern("pattern_found", pattern=P, members=[AUTH, "beta/component:c0"])
    done = {"operation": "create", "content": "0" * 32, "id": "1", "name": "X-1", "stamp": "a"}
    told.tell("publication_done", "outbox:jira", "acme", key=f"orch-{'0' * 20}", **done)  # 4
    for written in (0, 5):
        pushed = {"place": "0" * 32, "content": "0" * 32, "rows": 5, "retracted": 0}
        told.tell("push_done", "outbox:supabase", None, written=written, **pushed)  # 5: the second
    assert told.measured("work_per_change") == Measured(2.5, 5, 2)


def test_what_a_removed_company_wrote_is_no_change_of_the_next_of_its_name(told: Any) -> None:
    told.commit("acme", "git_commits", inserted=3)
    told.of_company("company_removed", "acme")
    told.of_company("sync_completed", "acme", sources=["git"])
    assert told.measured("work_per_change") == Measured(None, 0, 0)


def test_a_batch_saves_minutes_for_each_answer_beyond_the_first(told: Any) -> None:
    numbers = [told.ask("publish_learning", "acme") for _ in range(6)]
    for number in numbers[:3]:
        told.answer(number, by="Ana")
    told.answer(numbers[3], by="Bia")  # another person, at the same moment
    told.day = 0.1
    told.answer(numbers[4], by="Ana")  # alone
    told.answer(numbers[4], by="ANA")  # was answered
    told.answer(numbers[5], decision="reject", by="ana")  # in one go with it, and the same person
    assert told.value("minutes_saved") == 3 * MINUTES_SAVED_PER_ANSWER


def test_a_standing_grant_saves_nobody_a_batch(told: Any) -> None:
    ask = {"company": "acme", "role": "publication"}
    given = {
        "grant": 1,
        "kind": "publish_learning",
        "ask": ask,
        "expires_at": "2099-01-01T00:00:00.000000Z",
    }
    told.tell("grant_given", "approvals", "acme", **given)
    for _ in range(3):
        told.answer(told.ask("publish_learning", "acme"), grant=1)
    assert told.value("minutes_saved") == 0


# -- the global memory -------------------------------------------------------------------------


def test_the_global_memory_in_numbers(told: Any) -> None:
    told.publish(G1, "acme", "l1")
    told.day = 2
    told.publish(G2, "acme", "l2")
    told.publish(G3, "beta", "l1")
    told.day = 6
    told.publish(G4, "gama", "l1")
    told.see(G1, "acme", "beta")
    told.see(G1, "acme", "gama")
    told.see(G1, "acme", "gama")  # again
    told.see(G1, "acme", "acme")  # its own
    told.see(G4, "gama", "beta")
    told.of_memory("learning_superseded", "beta", id=G3, by=G2, proposal=1)
    told.of_memory("learning_retracted", "gama", id=G4, reason="x")
    told.day = 10
    found = told.history().now.values
    assert found["standing_copies"].value == 2
    assert found["superseded_copies"].value == 1
    assert found["retracted_copies"].value == 1
    assert found["sharing_companies"].value == 2
    assert found["sights"].value == 3
    assert found["copies_seen"] == Measured(0.5, 1, 2)
    assert found["copy_age"].value == 9  # of 10 and 8 days


def test_a_copy_stands_again_when_the_one_that_told_it_is_taken_back(told: Any) -> None:
    told.publish(G1, "acme", "l1")
    told.publish(G2, "beta", "l1")
    told.of_memory("learning_superseded", "acme", id=G1, by=G2, proposal=1)
    told.of_memory("learning_retracted", "beta", id=G2, reason="x")
    assert told.value("standing_copies") == 1
    assert told.value("superseded_copies") == 0
    assert told.value("sharing_companies") == 1
