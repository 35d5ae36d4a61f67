"""Who is due, in what order, and which partitions exist."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from coordinator.ledger.company_state import CompanyState, company_state
from coordinator.ledger.events import Event
from coordinator.ledger.payloads import REGISTRY
from coordinator.sweeps import (
    FIRST_WAIT,
    LONGEST_WAIT,
    Due,
    PartitionChanges,
    Poll,
    due,
    next_offset,
    partition_changes,
    rotated,
)
from coordinator.versions import head_of, sync_version

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class History:
    """The stream of one company, told event by event."""

    def __init__(self, company: str = "acme") -> None:
        self.company = company
        self.events: list[Event] = []
        self.happened("company_created", settings_hash="settings")

    def happened(self, kind: str, at: datetime = NOON, **payload: object) -> History:
        self.events.append(
            Event(
                position=len(self.events) + 1,
                event_id=str(len(self.events)),
                stream=f"company:{self.company}",
                version=len(self.events) + 1,
                company=self.company,
                feature=None,
                event_type=kind,
                workflow=None,
                phase=None,
                payload=REGISTRY[kind].model_validate(payload),
                actor="ana",
                causation_id=None,
                correlation_id=None,
                schema_version=1,
                occurred_at=at,
                recorded_at=at,
                prev_hash="",
                hash="",
            )
        )
        return self

    def synced(self, version: str) -> History:
        self.happened("cursor_moved", source="git", cursor=version)
        return self.happened("sync_completed", counts={})

    def failed(self, at: datetime = NOON) -> History:
        return self.happened("sync_failed", at, error_kind="GitUnreachable", stage="git_commits")

    def due(
        self, head: str | None, *, settings: str = "settings", now: datetime | None = None
    ) -> Due | None:
        found = due(
            [Poll(self.company, head)],
            {self.company: settings},
            {self.company: company_state(self.events)},
            now=now,
        )
        return found[0] if found else None


class TestDue:
    def test_a_company_never_synced_is_due_even_with_an_empty_repository(self) -> None:
        for head in ("a1", ""):
            found = History().due(head)
            assert found is not None
            assert head_of(found.version) == head

    def test_a_company_the_ledger_does_not_know_is_due(self) -> None:
        assert [found.company for found in due([Poll("new", "a1")], {"new": "x"}, {})] == ["new"]

    def test_nothing_changed_is_not_due(self) -> None:
        history = History().synced(sync_version("a1", "settings", CompanyState()))
        assert history.due("a1") is None

    def test_other_settings_make_it_due_with_the_same_head(self) -> None:
        history = History().synced(sync_version("a1", "settings", CompanyState()))
        found = history.due("a1", settings="others")
        assert found is not None
        assert head_of(found.version) == "a1"

    def test_could_not_read_is_never_empty(self) -> None:
        # an empty head would delete every commit of the company
        synced = History().synced(sync_version("a1", "settings", CompanyState()))
        assert synced.due(None) is None
        assert synced.due("") is not None

    def test_the_order_polled_is_the_order_due(self) -> None:
        polls = [Poll("cc", "1"), Poll("aa", None, "down"), Poll("bb", "1")]
        found = due(polls, dict.fromkeys(("aa", "bb", "cc"), "h"), {})
        assert [one.company for one in found] == ["cc", "bb"]


class TestRunKey:
    """Dagster remembers run keys for ever: a key seen twice is a sync that never starts."""

    def test_the_same_question_asked_again_has_the_same_key(self) -> None:
        # else each tick during a long sync would request another
        history = History()
        before = history.due("a1")
        history.happened("sync_requested", sources=["git"], reason="sensor")
        history.happened("table_committed", table="git_commits", version=1, rows=3)
        assert history.due("a1") == before

    def test_a_head_that_goes_back_and_forth_has_four_different_keys(self) -> None:
        history, keys = History(), []
        for head in ("a", "b", "a", "b"):
            found = history.due(head)
            assert found is not None
            keys.append(found.run_key)
            history.synced(found.version)
        assert len(set(keys)) == 4

    def test_settings_changed_and_changed_back_have_a_key_of_their_own(self) -> None:
        history, keys = History(), []
        for settings in ("one", "two", "one"):
            found = history.due("a", settings=settings)
            assert found is not None
            keys.append(found.run_key)
            history.synced(found.version)
        assert len(set(keys)) == 3

    def test_a_failure_gives_the_next_try_another_key(self) -> None:
        history = History()
        first = history.due("a")
        second = history.failed().due("a")
        third = history.failed().due("a")
        assert first and second and third
        assert len({first.run_key, second.run_key, third.run_key}) == 3

    def test_a_company_made_again_under_its_old_name_is_synced_again(self) -> None:
        history = History()
        before = history.due("a")
        assert before is not None
        history.synced(before.version).happened("company_removed")
        after = history.happened("company_created", settings_hash="settings").due("a")
        assert after is not None
        assert after.version == before.version
        assert after.run_key != before.run_key

    def test_two_companies_with_one_repository_have_different_keys(self) -> None:
        polls = [Poll("aa", "1"), Poll("bb", "1")]
        keys = {found.run_key for found in due(polls, {"aa": "h", "bb": "h"}, {})}
        assert len(keys) == 2


class TestBackoff:
    def test_it_waits_a_minute_then_twice_as_long_each_time(self) -> None:
        history = History()
        for minutes in (1, 2, 4, 8):
            history.failed(NOON)
            wait = timedelta(minutes=minutes)
            assert history.due("a", now=NOON + wait - timedelta(seconds=1)) is None
            assert history.due("a", now=NOON + wait) is not None

    def test_it_never_waits_longer_than_six_hours_however_often_it_failed(self) -> None:
        history = History()
        for _ in range(9):
            history.failed(NOON)
        for failures in (9, 10, 50, 2_000):
            while len(history.events) <= failures:
                history.failed(NOON)
            assert history.due("a", now=NOON + FIRST_WAIT) is None
            assert history.due("a", now=NOON + LONGEST_WAIT) is not None

    def test_a_person_who_asks_does_not_wait(self) -> None:
        assert History().failed(NOON).due("a", now=None) is not None

    def test_a_success_forgets_the_failures(self) -> None:
        history = History().failed(NOON).failed(NOON).synced("old")
        assert history.due("a", now=NOON) is not None

    def test_one_that_waits_does_not_hold_up_the_others(self) -> None:
        sick = company_state(History("sick").failed(NOON).events)
        polls = [Poll("sick", "1"), Poll("well", "1")]
        found = due(polls, {"sick": "h", "well": "h"}, {"sick": sick}, now=NOON)
        assert [one.company for one in found] == ["well"]


def test_the_version_holds_head_settings_and_rules() -> None:
    version = sync_version("a1", "settings", CompanyState())
    assert head_of(version) == "a1"
    assert head_of(sync_version("", "settings", CompanyState())) == ""
    assert version != sync_version("a1", "others", CompanyState())
    assert version != sync_version("a2", "settings", CompanyState())
    assert "settings" not in version


class TestRotation:
    def test_it_starts_at_the_offset_and_goes_round(self) -> None:
        assert rotated(["a", "b", "c"], 1) == ["b", "c", "a"]
        assert rotated(["a", "b", "c"], 7) == ["b", "c", "a"]
        assert rotated([], 3) == []
        assert next_offset(2, 5, 0) == 0

    @given(
        st.integers(1, 40).flatmap(
            lambda size: st.tuples(st.just(size), st.integers(1, size), st.integers(0, 1_000))
        )
    )
    def test_every_company_is_polled_within_the_fewest_ticks_possible(
        self, sizes: tuple[int, int, int]
    ) -> None:
        companies, reached, offset = sizes
        names = [f"c{number}" for number in range(companies)]
        seen: set[str] = set()
        for _ in range(ceil(companies / reached)):
            polled = rotated(names, offset)[:reached]
            seen.update(polled)
            offset = next_offset(offset, len(polled), companies)
        assert seen == set(names)

    @given(
        st.integers(1, 20),
        st.lists(st.integers(1, 20), min_size=60, max_size=60),
        st.integers(0, 100),
    )
    def test_nobody_starves_when_ticks_reach_now_few_now_many(
        self, companies: int, reached: list[int], offset: int
    ) -> None:
        names = [f"c{number}" for number in range(companies)]
        last_seen = dict.fromkeys(names, -1)
        for tick, reach in enumerate(reached):
            polled = rotated(names, offset)[:reach]
            last_seen |= dict.fromkeys(polled, tick)
            offset = next_offset(offset, len(polled), companies)
        assert min(last_seen.values()) >= len(reached) - companies


class TestPartitions:
    def test_new_companies_are_added_and_removed_ones_deleted(self) -> None:
        changes = partition_changes({"b", "c", "a"}, {"b", "z"}, set())
        assert changes == PartitionChanges(add=("a", "c"), delete=("z",))

    def test_a_partition_with_a_run_in_flight_stays(self) -> None:
        assert partition_changes({"a"}, {"a", "z"}, {"z"}).delete == ()

    def test_equal_sets_change_nothing(self) -> None:
        assert partition_changes(["a"], ["a"], ["a"]) == PartitionChanges((), ())

    @given(*(st.sets(st.sampled_from("abcdef")) for _ in range(3)))
    def test_applied_once_nothing_is_left_but_what_is_in_flight(
        self, wanted: set[str], existing: set[str], in_flight: set[str]
    ) -> None:
        changes = partition_changes(wanted, existing, in_flight)
        after = (existing | set(changes.add)) - set(changes.delete)
        assert wanted <= after
        assert after - wanted <= in_flight
        assert not set(changes.delete) & wanted
