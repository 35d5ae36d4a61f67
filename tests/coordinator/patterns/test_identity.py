"""Which pattern is which from one detection to the next."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator.ledger import pattern_events as events
from coordinator.ledger.events import Event
from coordinator.ledger.payloads import Payload
from coordinator.patterns.identity import identify, is_news
from coordinator.patterns.state import PATTERNS, PatternsState

START = datetime(2026, 3, 1, tzinfo=UTC)


class History:
    """Detections one after the other, as a ledger keeps them."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    @property
    def state(self) -> PatternsState:
        return PATTERNS.fold(self.events)

    def record(self, payloads: Iterable[Payload]) -> None:
        for payload in payloads:
            number = len(self.events) + 1
            self.events.append(
                Event(
                    position=number,
                    event_id=f"event-{number}",
                    stream="patterns",
                    version=number,
                    company=None,
                    feature=None,
                    event_type=payload.event_type,
                    workflow=None,
                    phase=None,
                    payload=payload,
                    actor="ana",
                    causation_id=None,
                    correlation_id=None,
                    schema_version=1,
                    prev_hash="",
                    hash="",
                    occurred_at=START + timedelta(minutes=number),
                    recorded_at=START + timedelta(minutes=number),
                )
            )

    def see(
        self, *groups: Collection[str], present: Collection[str] | None = None
    ) -> tuple[tuple[str, ...], list[Payload]]:
        """One detection; everything that was ever seen is present unless said otherwise."""
        known = {one for each in self.state.patterns.values() for one in each.members}
        here = known | {one for each in groups for one in each} if present is None else present
        found = identify(self.state, groups, here)
        self.record(found.recorded)
        return found.ids, list(found.recorded)

    def announce(self, id: str) -> None:
        self.record([events.PatternAnnounced(pattern=id, members=self.state.patterns[id].members)])


def rows(names: str) -> set[str]:
    """``ab1`` are row 1 of company xa and of company xb: a letter is a company."""
    return {f"x{letter}/{digits}" for letter, digits in (one.split(":") for one in names.split())}


def kinds(recorded: Sequence[Payload]) -> list[str]:
    return [one.event_type for one in recorded]


ONE, TWO, THREE = rows("a:1 b:1"), rows("a:2 b:2 c:2"), rows("b:3 c:3")


def test_what_was_never_seen_is_found_and_then_nothing_is_recorded() -> None:
    history = History()
    ids, recorded = history.see(ONE, TWO)
    assert kinds(recorded) == ["pattern_found"] * 2
    assert len(set(ids)) == 2
    assert history.see(ONE, TWO) == (ids, [])
    assert history.see(TWO, ONE) == (ids[::-1], [])


def test_a_pattern_keeps_its_id_while_members_come_and_go() -> None:
    history = History()
    (id,), _ = history.see(ONE)
    (grown,), recorded = history.see(ONE | rows("c:1 d:1"))
    assert (grown, kinds(recorded)) == (id, ["pattern_changed"])
    assert recorded[0].joined == ("xc/1", "xd/1")  # type: ignore[attr-defined]
    (shrunk,), recorded = history.see(rows("b:1 c:1"))
    assert (shrunk, recorded[0].left) == (id, ("xa/1", "xd/1"))  # type: ignore[attr-defined]
    assert set(history.state.patterns[id].members) == rows("b:1 c:1")


def test_of_a_split_the_larger_part_keeps_the_id_and_the_other_says_where_it_came_from() -> None:
    history = History()
    (id,), _ = history.see(rows("a:1 b:1 c:1 d:1 e:1"))
    (small, large), recorded = history.see(rows("a:1 b:1"), rows("c:1 d:1 e:1"))
    assert large == id != small
    (found,) = [one for one in recorded if isinstance(one, events.PatternFound)]
    assert (found.pattern, found.split_from) == (small, id)


def test_a_group_that_holds_most_of_a_second_pattern_has_swallowed_it() -> None:
    history = History()
    (small, large), _ = history.see(ONE, TWO)
    (id,), recorded = history.see(ONE | TWO)
    assert id == large
    merged = [one for one in recorded if isinstance(one, events.PatternMerged)]
    assert [(one.pattern, one.into) for one in merged] == [(small, large)]
    assert history.state.named(small) == history.state.patterns[large]
    assert history.see(ONE | TWO) == ((large,), [])


def test_a_pattern_of_which_little_is_left_elsewhere_ended() -> None:
    history = History()
    (one, other), _ = history.see(rows("a:1 b:1 c:1 d:1"), TWO)
    _, recorded = history.see(TWO | rows("a:1"), present=TWO | rows("a:1"))
    (ended,) = [each for each in recorded if isinstance(each, events.PatternEnded)]
    assert (ended.pattern, ended.reason) == (one, "gone")
    assert other in {each.id for each in history.state.standing()}


def test_an_end_says_whether_members_are_gone_or_grew_apart() -> None:
    history = History()
    (one, other), _ = history.see(ONE, TWO)
    _, recorded = history.see(present=TWO | rows("a:1"))
    ended = {each.pattern: each.reason for each in recorded}  # type: ignore[attr-defined]
    assert ended == {one: "gone", other: "apart"}
    assert history.see(present=TWO) == ((), [])


def test_a_pattern_that_comes_back_is_the_same_one() -> None:
    history = History()
    (id,), _ = history.see(ONE)
    history.see()
    assert not list(history.state.standing())
    (again,), recorded = history.see(ONE)
    assert (again, kinds(recorded)) == (id, ["pattern_changed"])
    assert [each.id for each in history.state.standing()] == [id]
    assert history.see(ONE) == ((id,), [])


def test_what_was_merged_and_comes_apart_has_its_own_id_again() -> None:
    history = History()
    ids, _ = history.see(ONE, TWO)
    history.see(ONE | TWO)
    assert history.see(ONE, TWO)[0] == ids
    assert {each.merged_into for each in history.state.patterns.values()} == {""}


def test_what_stands_comes_before_what_ended_long_ago() -> None:
    history = History()
    (old,), _ = history.see(rows("a:1 b:1 c:1"))
    history.see()
    (new,), _ = history.see(rows("a:9 b:9"))
    (id,), _ = history.see(rows("a:9 b:9 a:1 b:1 c:1"))
    assert id == new != old


def test_the_same_members_founded_anew_get_another_id() -> None:
    """An id may name one pattern only, whatever members it has now."""
    history = History()
    (id,), _ = history.see(ONE)
    history.see(ONE | TWO)
    history.see(TWO)  # the pattern lives on without its founders
    ids, _ = history.see(TWO, ONE)
    assert ids[0] == id
    assert ids[1] != id


def test_two_homes_with_the_same_history_have_the_same_patterns() -> None:
    def lived() -> PatternsState:
        history = History()
        history.see(ONE, TWO)
        history.see(ONE | TWO, THREE)
        history.see(TWO, ONE, THREE | rows("d:1"))
        return history.state

    assert lived() == lived()
    assert PATTERNS.hash(lived()) == PATTERNS.hash(lived())


def test_ids_do_not_depend_on_the_order_of_the_groups() -> None:
    one, other = History(), History()
    first = dict(zip(("one", "two"), one.see(ONE, TWO)[0], strict=True))
    second = dict(zip(("two", "one"), other.see(TWO, ONE)[0], strict=True))
    assert first == second


# -- news ---------------------------------------------------------------------------------------


def test_what_nobody_was_told_of_is_news_once() -> None:
    history = History()
    (id,), _ = history.see(TWO)
    assert is_news(history.state, TWO)
    history.announce(id)
    assert not is_news(history.state, TWO)


def test_a_split_is_no_news() -> None:
    history = History()
    whole = rows("a:1 b:1 c:1 d:1 e:1")
    (id,), _ = history.see(whole)
    history.announce(id)
    parts = [rows("a:1 b:1"), rows("c:1 d:1 e:1")]
    history.see(*parts)
    assert not any(is_news(history.state, part) for part in parts)


def test_what_comes_back_or_merges_is_no_news() -> None:
    history = History()
    ids, _ = history.see(ONE, TWO)
    for id in ids:
        history.announce(id)
    history.see()
    assert not is_news(history.state, ONE | TWO)


@pytest.mark.parametrize(("joined", "news"), [("c:1 d:1", False), ("c:1 d:1 e:1", True)])
def test_a_pattern_is_news_again_when_more_than_half_of_it_is_new(joined: str, news: bool) -> None:
    history = History()
    (id,), _ = history.see(ONE)
    history.announce(id)
    assert is_news(history.state, ONE | rows(joined)) is news


# -- any history --------------------------------------------------------------------------------

MEMBERS = [f"x{company}/{number}" for company in "abc" for number in range(4)]
GROUPINGS = st.lists(
    st.dictionaries(st.sampled_from(MEMBERS), st.integers(0, 4), max_size=12), max_size=7
)


def groups_of(grouping: dict[str, int]) -> list[set[str]]:
    """The members by their number, those of two companies or more."""
    groups: dict[int, set[str]] = {}
    for member, number in grouping.items():
        groups.setdefault(number, set()).add(member)
    return [one for one in groups.values() if len({member[:2] for member in one}) > 1]


@settings(max_examples=300)
@given(GROUPINGS)
def test_every_standing_pattern_is_exactly_one_group_in_any_history(
    days: list[dict[str, int]],
) -> None:
    history = History()
    for day in days:
        groups = groups_of(day)
        before = {one.id: set(one.members) for one in history.state.standing()}
        ids, _ = history.see(*groups, present=day)
        assert len(set(ids)) == len(ids)
        standing = {one.id: set(one.members) for one in history.state.standing()}
        assert standing == dict(zip(ids, groups, strict=True))
        assert history.see(*groups, present=day) == (ids, [])
        for id, members in before.items():
            for at, group in enumerate(groups):
                if 2 * len(members & group) > len(members | group):
                    assert ids[at] == id


@settings(max_examples=100)
@given(GROUPINGS)
def test_nobody_is_told_twice_of_the_same_members_in_any_history(
    days: list[dict[str, int]],
) -> None:
    history = History()
    told: list[set[str]] = []
    for day in days:
        groups = groups_of(day)
        ids, _ = history.see(*groups, present=day)
        for id, group in zip(ids, groups, strict=True):
            if is_news(history.state, group):
                assert 2 * len(group - set().union(*told)) > len(group)
                history.announce(id)
                told.append(group)
        assert not any(is_news(history.state, group) for group in groups)


@settings(max_examples=100)
@given(GROUPINGS, st.integers(0, 40))
def test_replayed_events_give_the_same_state_from_wherever_they_are_taken_up(
    days: list[dict[str, int]], cut: int
) -> None:
    history = History()
    for day in days:
        history.see(*groups_of(day), present=day)
    whole = history.state
    part = PATTERNS.fold(history.events[:cut])
    kept = PATTERNS.from_plain(PATTERNS.plain(part))
    assert PATTERNS.fold(history.events[cut:], kept) == whole
