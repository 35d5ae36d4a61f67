"""What a metric says of itself is so: its definition, its source events, and whose rules it keeps.

The story below holds, for every source event of every metric, a case in which that event matters.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from coordinator.approvals import INBOX
from coordinator.global_memory import GLOBAL_MEMORY
from coordinator.ledger.events import APPROVALS, GLOBAL, Event
from coordinator.ledger.payloads import REGISTRY
from coordinator.metrics import METRICS, Metric, history
from coordinator.metrics.proposals import APPROVAL_EVENTS, Proposals
from coordinator.metrics.tally import Tally

DOCS = Path(__file__).parents[3] / "docs" / "metrics.md"
TODAY = date(2026, 4, 1)


@pytest.fixture
def story(told: Any) -> list[Event]:
    _learnings(told)
    _components(told)
    _company_made_anew(told)
    _published(told)
    for day, kind in enumerate(("share_export", "share_import"), start=1):
        told.day = 10 * day
        _one_of_each_end(told, kind)
    found: list[Event] = told.events
    return found


def _learnings(told: Any) -> None:
    """Six suggestions: published, closed, seen, dismissed, rejected, seen after a retraction."""
    for number in range(101, 107):
        told.suggest(f"o-{number:012x}", number, solution=f"acme/l{number}")
    told.dismiss(f"o-{104:012x}")
    for number in (101, 102, 103, 104, 106):
        told.suggestion_answered(f"o-{number:012x}", number)
    told.suggestion_answered(f"o-{105:012x}", 105, "rejected")
    told.publish("g-0000000000000001", "acme", "l101", proposal=101)
    told.publish("g-0000000000000004", "acme", "l104", proposal=104)
    told.see("g-0000000000000004", "acme", "beta")
    for number in (102, 104):
        told.need_closed(f"o-{number:012x}")
    told.publish("g-0000000000000003", "acme", "l103")
    told.see("g-0000000000000003", "acme", "beta")
    told.day = 1
    told.publish("g-0000000000000006", "acme", "l106")
    told.of_memory("learning_retracted", "acme", id="g-0000000000000006", reason="x")
    told.see("g-0000000000000006", "acme", "beta")
    told.publish("g-0000000000000007", "gama", "l1")
    told.of_memory("learning_retracted", "gama", id="g-0000000000000007", reason="x")
    told.day = 2
    told.publish("g-0000000000000008", "beta", "l8")
    told.publish("g-0000000000000009", "delta", "l9")
    tells = {"id": "g-0000000000000008", "by": "g-0000000000000001", "proposal": 1}
    told.of_memory("learning_superseded", "beta", **tells)
    told.day = 4
    told.publish("g-000000000000000a", "delta", "l10")
    told.publish("g-000000000000000b", "iota", "l1")
    tells = {"id": "g-000000000000000a", "by": "g-000000000000000b", "proposal": 1}
    told.of_memory("learning_superseded", "delta", **tells)
    told.of_memory("learning_retracted", "iota", id="g-000000000000000b", reason="x")


def _components(told: Any) -> None:
    """A component that is adopted and edited, and one of a company that goes."""
    auth, copy = "acme/component:a0", "beta/component:c0"
    told.of_pattern("pattern_found", pattern="p-000000000001", members=["gama/component:e0", copy])
    told.of_pattern("pattern_changed", pattern="p-000000000001", joined=[auth])
    told.share(auth, "beta")
    told.drift("p-000000000001", copy, 1.0, 0.9)
    told.of_pattern("pattern_found", pattern="p-000000000002", members=[auth, "eta/component:c0"])
    told.share(auth, "eta")
    told.of_company("company_removed", "eta")
    told.drift("p-000000000002", "eta/component:c0", 1.0, 0.9)
    told.share("zeta/component:d0", "beta")
    told.of_company("company_removed", "zeta")


def _company_made_anew(told: Any) -> None:
    told.commit("acme", "git_commits", inserted=1)
    told.of_company("sync_completed", "acme", sources=["git"])
    told.commit("eta", "git_commits", inserted=1)
    told.of_company("company_removed", "eta")
    told.of_company("sync_completed", "eta", sources=["git"])


def _published(told: Any) -> None:
    done = {"operation": "create", "content": "0" * 32, "id": "1", "name": "X-1", "stamp": "a"}
    told.tell("publication_done", "outbox:jira", "acme", key=f"orch-{'0' * 20}", **done)
    pushed = {"place": "0" * 32, "content": "0" * 32, "rows": 5, "retracted": 0}
    told.tell("push_done", "outbox:supabase", None, written=5, **pushed)


def _one_of_each_end(told: Any, kind: str) -> None:
    """A share whose export or import (`kind`) comes to each end a proposal can come to.

    Whatever comes of it, somebody tries to carry it out, and answers it in one go with another.
    """
    ends = (_carried_out, _granted, _expired, _grant_revoked, _taken_back, _voided)
    for number, end in enumerate(ends):
        company = f"c-{kind[6:]}-{number}"
        component, opportunity = f"acme/component:{kind[6]}{number}", f"o-{told.numbers:012x}"
        told.suggest(opportunity, 1_000 + told.numbers, adopter=company, solution=component)
        told.suggestion_answered(opportunity, 1_000 + told.numbers)
        facts = {"component": component, "adopter": company, "owner": "acme"}
        started = told.day
        for step, asked in (("share_export", "acme"), ("share_import", company)):
            more = {"asked": (asked, "theta")} if step == kind and end is _granted else {}
            asking = told.ask(step, asked, opportunity=opportunity, **more, **facts)
            told.day += 0.01 * (number + 1) ** 2 + 0.0001 * told.numbers
            if step == kind:
                end(told, asking, asked)
                told.answer(told.ask("sync", "acme"), by="Zoe")
                late = "reject" if end in (_granted, _grant_revoked) else "approve"
                told.answer(asking, by="Zoe", decision=late)
            else:
                told.answer(asking)
            told.close(asking, "proposal_carried_out")
        told.day = started


def _taken_back(told: Any, number: int, _: str) -> None:
    told.answer(number)
    told.close(number, "proposal_voided")


def _carried_out(told: Any, number: int, _: str) -> None:
    told.answer(number)
    told.close(number, "proposal_carried_out")
    told.close(number, "proposal_voided")


def _expired(told: Any, number: int, _: str) -> None:
    told.close(number, "proposal_expired")


def _voided(told: Any, number: int, _: str) -> None:
    told.close(number, "proposal_voided")


def _granted(told: Any, number: int, company: str) -> None:
    """One of two asks is answered by a person, the other by a standing grant that counts."""
    _grant(told, company)
    told.answer(number, company="theta")
    told.answer(number, grant=_grants(told))


def _grant_revoked(told: Any, number: int, company: str) -> None:
    _grant(told, company)
    told.tell("grant_revoked", APPROVALS, company, grant=_grants(told))
    told.answer(number, grant=_grants(told))


def _grant(told: Any, company: str) -> None:
    asking = told.events[-1].payload
    given = {"kind": asking.kind, "ask": asking.asks[0], "expires_at": asking.expires_at}
    told.tell("grant_given", APPROVALS, company, "Gil", grant=_grants(told) + 1, **given)


def _grants(told: Any) -> int:
    return sum(one.event_type == "grant_given" for one in told.events)


# -- definitions -------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", METRICS, ids=lambda one: one.name)
def test_every_metric_is_documented_as_it_is_defined(metric: Metric) -> None:
    page = DOCS.read_text(encoding="utf-8")
    assert f"{metric.explained()}\n" in page, f"docs/metrics.md lacks:\n\n{metric.explained()}"


def test_the_page_defines_no_other_metric() -> None:
    headings = [
        line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith("### ")
    ]
    assert headings == [f"### `{metric.name}`" for metric in METRICS]


def test_every_source_event_is_one_the_ledger_knows() -> None:
    for metric in METRICS:
        assert metric.source_events
        assert len(set(metric.source_events)) == len(metric.source_events)
        assert [name for name in metric.source_events if name not in REGISTRY] == []


@pytest.mark.parametrize("metric", METRICS, ids=lambda one: one.name)
def test_a_metric_depends_on_nothing_but_its_source_events(
    metric: Metric, story: list[Event]
) -> None:
    alone = [one for one in story if one.event_type in metric.source_events]
    assert history(alone, TODAY).now.values[metric.name] == _value(story, metric)


CASES = [(metric, source) for metric in METRICS for source in metric.source_events]


@pytest.mark.parametrize(("metric", "source"), CASES, ids=lambda one: getattr(one, "name", one))
def test_each_source_event_matters(metric: Metric, source: str, story: list[Event]) -> None:
    without = [one for one in story if one.event_type != source]
    assert _value(without, metric) != _value(story, metric)


def _value(events: list[Event], metric: Metric) -> Any:
    return history(events, TODAY).now.values[metric.name]


# -- the rules are those of the states ---------------------------------------------------------


def _logs(story: list[Event]) -> Iterator[list[Event]]:
    """The story, and two hundred others: its events in another order, some twice, some not."""
    yield story
    for seed in range(200):
        chance = random.Random(seed)
        yield [chance.choice(story) for _ in story]


def test_proposals_one_by_one_are_those_of_the_inbox(story: list[Event]) -> None:
    for log in _logs(story):
        events = [one for one in log if one.stream == APPROVALS]
        singly = Proposals()
        found: dict[int, Any] = {}
        for event in events:
            assert isinstance(event.payload, APPROVAL_EVENTS)
            change = singly.add(event)
            if change is not None:
                assert found.get(change.after.number) == change.before
                found[change.after.number] = change.after
        assert tuple(found[key] for key in sorted(found)) == INBOX.fold(events).proposals


def test_copies_one_by_one_are_those_of_the_global_memory(story: list[Event]) -> None:
    for log in _logs(story):
        events = [one for one in log if one.stream == GLOBAL]
        tally = Tally()
        for event in events:
            tally.add(event)
        state = GLOBAL_MEMORY.fold(events)
        figures = tally.figures(TODAY).copies
        standing = [one for one in state.copies.values() if not one.superseded_by]
        everything = (*state.copies.values(), *state.retracted.values())
        assert figures.standing == len(standing)
        assert figures.superseded == len(state.copies) - len(standing)
        assert figures.retracted == len(state.retracted)
        assert figures.companies == len({one.company for one in state.copies.values()})
        assert figures.seen == sum(bool(one.seen_by) for one in standing)
        assert figures.sights == sum(len(one.seen_by) for one in everything)
