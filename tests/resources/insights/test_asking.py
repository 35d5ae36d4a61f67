"""Who is asked about which pattern, and how often: never twice, never too much."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from coordinator.errors import CompanyBusy
from coordinator.ledger import pattern_events as events
from coordinator.ledger.events import NewEvent
from resources.approvals import Wanted
from resources.insights import insights as module
from resources.publishing.alone import alone

BOTH = [("acme", "waiting"), ("beta", "waiting")]


def text_of(fair: Any, company: str) -> dict[str, Any]:
    return json.loads(fair.home.approvals.shown(fair.question(company).number))


def only_pattern(fair: Any) -> Any:
    (one,) = fair.home.patterns.standing()
    return one


# -- once for each company and pattern ---------------------------------------------------------


def test_each_company_is_asked_once_in_words_of_its_own(met: Any) -> None:
    assert met.asked() == BOTH
    assert text_of(met, "acme")["content"] == (
        "- topic-1 quokkaflux by acme · docs/notes.md @cccccccccccc"
    )
    assert "wombatjet" not in json.dumps(text_of(met, "acme"))
    for _ in range(3):
        met.advance(days=8)
        assert met.refresh().asked == []
    assert met.asked() == BOTH


@pytest.mark.parametrize("yes", [True, False])
def test_who_answered_is_not_asked_again(met: Any, yes: bool) -> None:
    met.says("acme", yes=yes)
    met.advance(days=8)
    assert met.refresh().asked == []


def test_what_somebody_withdrew_is_not_asked_again(met: Any) -> None:
    met.home.approvals.withdraw(met.question("acme").number, by="Owner of acme")
    assert met.refresh().asked == []


def test_a_part_a_person_took_back_is_not_asked_for_again(met: Any) -> None:
    (done,) = met.says("acme")
    met.home.global_memory.retract(done.result, reason="not any more", by="Owner of acme")
    met.advance(days=8)
    assert met.refresh().asked == []


def test_a_pattern_that_grows_asks_the_newcomer_alone(met: Any) -> None:
    met.learns("zeta", "topic-1 by zeta", "topic-4 by zeta")
    assert [one.company for one in met.refresh().asked] == ["zeta"]
    # and another member of a company that was asked is no news
    met.learns("zeta", "topic-1 by zeta", "topic-1 once more by zeta")
    assert met.refresh().asked == []


def test_what_was_split_off_asks_nobody(fair: Any) -> None:
    fair.rules(per_week=100)
    for company in ("acme", "beta"):
        fair.learns(company, f"topic-1 by {company}", f"topic-1 and more by {company}")
    fair.refresh()
    (known,) = fair.home.patterns.state().standing()
    left = tuple(one for one in known.members if one.startswith(("acme/", "beta/")))[1:3]
    tell(fair, events.PatternChanged(pattern=known.id, joined=(), left=left))
    assert fair.insights.refresh().asked == []
    # the same members under another id
    tell(
        fair,
        events.PatternFound(pattern="p-0123456789ab", members=left, split_from=known.id),
    )
    rows = fair.home.global_tables().read("cross_company_patterns")
    twin = rows.assign(id="p-0123456789ab", members=[list(left)], likeness=[[1.0] * len(left)])
    fair.home.global_tables().upsert("cross_company_patterns", twin)
    assert {one.id for one in fair.home.patterns.standing()} == {known.id, "p-0123456789ab"}
    assert fair.insights.refresh().asked == []


def test_a_merge_does_not_ask_again(fair: Any) -> None:
    fair.rules(per_week=100)
    fair.learns("acme", "topic-1 by acme", "topic-2 by acme")
    fair.learns("beta", "topic-1 by beta")
    fair.learns("zeta", "topic-2 by zeta")
    fair.refresh()
    assert sorted(fair.asked()) == [("acme", "waiting")] * 2 + [
        ("beta", "waiting"), ("zeta", "waiting")
    ]  # fmt: skip
    one, other = fair.home.patterns.standing()
    tell(fair, events.PatternMerged(pattern=other.id, into=one.id))
    rows = fair.home.global_tables().read("cross_company_patterns")
    members = sorted({*one.members, *other.members})
    merged = rows[rows["id"] == one.id].assign(
        members=[members], likeness=[[1.0] * len(members)], companies=[["acme", "beta", "zeta"]]
    )
    fair.home.global_tables().reconcile("cross_company_patterns", merged)
    assert fair.insights.refresh().asked == []


def tell(fair: Any, payload: Any) -> None:
    new = [NewEvent(payload.event_type, payload)]
    fair.home.ledger.append("patterns", new, expected_version=None)


def test_a_pattern_below_the_bar_asks_nobody_and_an_operator_may_forbid_asking(fair: Any) -> None:
    fair.learns("acme", "topic-1 by acme")
    fair.learns("beta", "topic-1 by beta")
    fair.rules(bar=0.99)
    assert fair.refresh().asked == []
    fair.rules(bar=0.6, ask=False)
    assert fair.refresh().asked == []
    fair.rules(ask=True)
    assert len(fair.refresh().asked) == 2


# -- not too much, not at the cost of others ---------------------------------------------------


def test_nobody_is_asked_more_than_so_often_a_week(fair: Any) -> None:
    fair.learns("acme", *(f"topic-{number} by acme" for number in range(5)))
    fair.learns("beta", *(f"topic-{number} by beta" for number in range(5)))
    found = fair.refresh()
    assert (len(found.asked), found.held) == (6, 4)
    assert fair.refresh().asked == []
    fair.advance(days=8)
    assert len(fair.refresh().asked) == 4


def test_a_standing_grant_answers_at_once_and_costs_nobody_a_question(fair: Any) -> None:
    fair.rules(per_week=0)
    fair.grant("acme")
    fair.learns("acme", *(f"topic-{number} by acme" for number in range(5)))
    fair.learns("beta", *(f"topic-{number} by beta" for number in range(5)))
    found = fair.refresh()
    assert {(one.company, one.status) for one in found.asked} == {("acme", "approved")}
    assert (len(found.asked), found.held) == (5, 5)
    fair.rules(per_week=1)  # what the grants answered did not use it up
    budget = fair.home.opportunities.budget()
    (ask,) = found.asked[0].asks
    assert budget.allows([ask])


def test_a_secret_in_one_title_stops_nobody_else(fair: Any) -> None:
    key = "AKIA" + "QZ7WX3PLM5RT2NHB"
    fair.learns("acme", f"topic-1 with {key} in it", "topic-2 by acme")
    fair.learns("beta", "topic-1 by beta", "topic-2 by beta")
    found = fair.refresh()
    assert [(one, "may not leave" in said) for one, said in found.problems.items()] == [
        (f"{next(iter(found.problems))}", True)
    ]
    assert key not in str(found.problems)
    assert sorted(one.company for one in found.asked) == ["acme", "beta", "beta"]


def test_names_and_hosts_are_masked_before_a_line_is_cut(fair: Any) -> None:
    long = "topic-1 " + "word " * 36 + "projeto falcao and more words behind it"
    assert long.index("projeto") < 190 < long.index("falcao") < 200 < len(long)
    fair.learns("acme", long, "topic-2 at db.git.acme.example by Owner of acme")
    fair.learns("beta", "topic-1 by beta", "topic-2 by beta")
    fair.refresh()
    asked = [one for one in fair.home.approvals.inbox().proposals if one.company == "acme"]
    shown = [fair.home.approvals.shown(one.number) for one in asked]
    assert "projeto" not in "".join(shown)
    assert "acme.example" not in "".join(shown)
    masks = [dict(one.facts["masked"]) for one in asked]
    assert sorted(masks, key=str) == [{"host": 1, "name": 1}, {"word": 1}]


def test_one_look_at_a_time(fair: Any) -> None:
    with (
        alone(fair.home.global_folder, module.STREAM, "all companies"),
        pytest.raises(CompanyBusy, match="looking for insights of all companies"),
    ):
        fair.insights.refresh()


# -- words that changed, and words people said no to -------------------------------------------


def test_text_that_changed_between_asking_and_answering_is_void_and_asked_anew(met: Any) -> None:
    met.home.by_hand.add_learning("acme", "topic-1 wobblefish by hand", category="insight")
    met.learns("acme", "topic-1 said otherwise by acme")
    number = met.question("acme").number
    (outcome,) = met.home.approvals.decide([Wanted(number, True)], by="Owner of acme")
    assert "void" in outcome.problem
    assert [one.company for one in met.refresh().asked] == ["acme"]
    assert "said otherwise" in text_of(met, "acme")["content"]


def test_text_that_changed_after_the_yes_is_not_carried_out(met: Any) -> None:
    number = met.question("acme").number
    met.home.approvals.decide([Wanted(number, True)], by="Owner of acme")
    met.learns("acme", "topic-1 said otherwise by acme")
    (done,) = module_carry_out(met)
    assert "is void" in done.problem
    assert met.home.global_memory.state().copies == {}


def module_carry_out(fair: Any) -> Any:
    from resources.carrying_out import carry_out

    return carry_out(fair.home)


@pytest.mark.parametrize("answer", ["rejected", "retracted"])
def test_what_a_company_did_not_want_shown_is_not_asked_for_through_a_pattern(
    fair: Any, answer: str
) -> None:
    secret, _ = fair.learns("acme", "topic-1 quokkaflux by acme", "topic-1 also by acme")
    fair.learns("beta", "topic-1 by beta")
    fair.grant("acme")
    number = fair.home.global_memory.propose("acme", secret).number
    yes = answer == "retracted"
    wanted = Wanted(number, yes, reason="" if yes else "never")
    fair.home.approvals.decide([wanted], by="Owner of acme")
    if yes:
        (done,) = module_carry_out(fair)
        fair.home.global_memory.retract(done.result, reason="never", by="Owner of acme")
    fair.refresh()
    module_carry_out(fair)
    assert "topic-1 also by acme" in text_of(fair, "acme")["content"]
    assert "quokkaflux" not in json.dumps(text_of(fair, "acme"))


def test_who_has_nothing_else_to_show_is_a_count_and_asked_nothing(fair: Any) -> None:
    (secret,) = fair.learns("acme", "topic-1 quokkaflux by acme")
    fair.learns("beta", "topic-1 by beta")
    number = fair.home.global_memory.propose("acme", secret).number
    fair.home.approvals.decide([Wanted(number, False, reason="never")], by="Owner of acme")
    found = fair.refresh()
    assert [one.company for one in found.asked] == ["beta"]
    assert found.problems == {}


# -- interrupted -------------------------------------------------------------------------------


def test_a_refresh_that_died_before_it_announced_asks_nobody_twice_and_announces(
    met: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    met.learns("acme", "topic-1 quokkaflux by acme", "topic-2 by acme")
    met.learns("beta", "topic-1 wombatjet by beta", "topic-2 by beta")

    def die(*given: object, **more: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module.Insights, "_announce", die)
        with pytest.raises(KeyboardInterrupt):
            met.refresh()
    asked = met.asked()
    assert len(asked) == 4
    met.refresh()
    assert met.asked() == asked
    assert all(one.announced for one in met.home.patterns.state().standing())


def test_an_older_table_of_patterns_asks_nobody(met: Any) -> None:
    rows = met.home.global_tables().read("cross_company_patterns")
    met.home.global_tables().upsert("cross_company_patterns", rows.assign(id="p-ffffffffffff"))
    assert met.insights.refresh().asked == []


def test_questions_wait_as_long_as_others(met: Any) -> None:
    one = met.question("acme")
    assert one.expires_at - one.made_at == timedelta(days=30)
