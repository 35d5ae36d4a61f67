"""One place made to hold what is wanted: in the right order, once, and never over somebody else."""

from __future__ import annotations

from typing import Any

import pytest

from coordinator.errors import (
    OutcomeUnknown,
    SourceAbsent,
    SourceBusy,
    SourceMisbehaved,
    SourceRefused,
    SourceUnauthorized,
    SourceUnreachable,
)
from coordinator.publishing.keys import publication_key
from coordinator.publishing.records import Wanted
from resources.publishing.delivering import Delivered, Delivery


def wanted(name: str, body: str = "Words.", parent: str = "", kind: str = "docs") -> Wanted:
    key = publication_key("jira", "ORCH", f"{kind}:{name}")
    above = publication_key("jira", "ORCH", f"{kind}:{parent}") if parent else ""
    return Wanted(key, f"{kind}:{name}", "acme", name, body, above)


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def deliver(place: Any, record: Any, clock: Any, asked: list[str]) -> Any:
    """Delivers to the place, a minute after the last time."""

    def run(*wants: Wanted, kind: str = "docs") -> Delivered:
        clock.advance(60)
        delivery = Delivery(
            place, record, kind=kind, ask=lambda one: asked.append(one.key), now=clock
        )
        return delivery.run(wants)

    return run


def test_what_is_wanted_is_made_once(deliver, place):
    assert deliver(wanted("a"), wanted("b")).counts == {"create": 2}
    assert deliver(wanted("a"), wanted("b")).counts == {"unchanged": 2}
    assert place.calls["create"] == 2


def test_changed_content_is_written_and_unchanged_is_not(deliver, place):
    deliver(wanted("a"), wanted("b"))
    assert deliver(wanted("a", "Other words."), wanted("b")).counts == {
        "write": 1,
        "unchanged": 1,
    }
    assert place.calls["write"] == 1


def test_a_call_is_announced_before_it_is_made(deliver, place, record):
    seen = []
    create = place.create
    place.create = lambda draft: (seen.append(record.told()[-1]), create(draft))[1]
    deliver(wanted("a"))
    assert seen == ["publication_requested"]
    assert record.told()[-2:] == ["publication_done", "publication_marked"]


def test_children_wait_for_their_parents(deliver, place, monkeypatch):
    def refuse(draft: Any) -> Any:
        raise SourceRefused("a title is taken", status=400)

    with monkeypatch.context() as patch:
        patch.setattr(place, "create", refuse)
        report = deliver(wanted("top"), wanted("below", parent="top"))
        assert report.counts == {"refused": 1, "waiting": 1}
    place.clock.advance(3600)
    assert deliver(wanted("top"), wanted("below", parent="top")).counts["create"] == 2


def test_what_is_not_wanted_any_more_goes_from_the_leaves(deliver, place):
    deliver(wanted("top"), wanted("below", parent="top"))
    gone = []
    archive = place.archive
    place.archive = lambda remote: (gone.append(remote.title), archive(remote))[1]
    report = deliver()
    assert (report.counts["withdraw"], report.counts["archive"]) == (2, 2)
    keys = [publication_key("jira", "ORCH", f"docs:{name}") for name in ("below", "top")]
    assert gone == keys


def test_another_kind_in_the_same_place_is_left_alone(deliver, place):
    deliver(wanted("a"))
    deliver(wanted("g-1", kind="copy"), kind="copy")
    assert deliver(kind="copy").counts["archive"] == 1
    assert [len(things) for things in place.standing().values()] == [1]


def test_what_somebody_else_changed_is_asked_about_and_not_written_over(deliver, place, asked):
    deliver(wanted("a"))
    place.edit("1")
    report = deliver(wanted("a", "Other words."))
    assert report.counts == {"asked": 1}
    assert asked == [wanted("a").key]
    assert place.calls["write"] == 0
    assert place.things["1"].content == ""


def test_what_somebody_took_away_is_not_put_there_again(deliver, place, asked):
    deliver(wanted("a"))
    place.things["1"].state = "archived"
    assert deliver(wanted("a", "Other words.")).counts == {"asked": 1}
    del place.things["1"]
    assert deliver(wanted("a", "Still other words.")).counts == {"asked": 1}
    assert place.calls["create"] == 1


def test_a_lost_call_is_found_and_not_made_again(deliver, place, record):
    create = place.create

    def lost(draft: Any) -> Any:
        create(draft)
        raise OutcomeUnknown("the connection broke")

    place.create = lost
    report = deliver(wanted("a"))
    assert report.counts == {"unknown": 1}
    assert report.due is not None
    place.create = create
    assert deliver(wanted("a")).counts == {"waiting": 1}
    place.clock.advance(300)
    assert deliver(wanted("a")).counts["adopted"] == 1
    assert place.calls["create"] == 1


@pytest.mark.parametrize(
    "error",
    [
        OutcomeUnknown("the connection broke"),
        SourceMisbehaved("the answer is no answer"),
        SourceRefused("a conflict", status=409),
    ],
)
def test_a_call_that_may_have_happened_is_in_doubt(deliver, place, record, error):
    def fail(draft: Any) -> Any:
        raise error

    place.create = fail
    assert deliver(wanted("a")).counts == {"unknown": 1}
    assert record.told()[-1] == "publication_unknown"


@pytest.mark.parametrize(
    "error",
    [
        SourceUnreachable("no answer"),
        SourceUnauthorized("the token was refused"),
        SourceAbsent("no such project"),
        SourceBusy("too many calls"),
    ],
)
def test_a_place_that_refuses_everything_is_not_asked_for_each(deliver, place, record, error):
    def fail(draft: Any) -> Any:
        place.calls["create"] += 1
        raise error

    place.create = fail
    report = deliver(*(wanted(name) for name in "abcdef"))
    assert report.problem == error.message
    assert place.calls["create"] == 1
    assert "place_refused" in record.told()
    place.calls.clear()
    place.clock.now -= __import__("datetime").timedelta(seconds=30)
    assert deliver(*(wanted(name) for name in "abcdef")).problem
    assert place.calls["create"] == 0


def test_one_that_is_refused_for_its_content_does_not_stop_the_others(deliver, place):
    create = place.create

    def refuse(draft: Any) -> Any:
        if draft.title == "b":
            raise SourceRefused("the title is taken", status=400)
        return create(draft)

    place.create = refuse
    report = deliver(*(wanted(name) for name in "abc"))
    assert report.counts == {"create": 2, "refused": 1}
    assert not report.problem


def test_a_label_that_is_refused_is_put_later_and_nothing_is_made_twice(deliver, place):
    def fail(*_: Any) -> None:
        raise SourceUnreachable("no answer")

    mark, place.mark = place.mark, fail
    deliver(wanted("a"))
    place.mark = mark
    place.clock.advance(120)
    deliver(wanted("a"))
    assert place.calls["create"] == 1
    assert place.calls["mark"] == 1


def test_a_claim_somebody_else_won_is_decided_anew(deliver, place, record):
    claims = []
    claim = record.claim

    def lose_once(event: Any, *, owner: str) -> bool:
        claims.append(event)
        return claim(event, owner=owner) if len(claims) > 1 else False

    record.claim = lose_once
    assert deliver(wanted("a")).counts == {"create": 1}
    assert len(claims) == 2
