"""Patterns of real memories, in a real ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from coordinator.errors import CompanyBusy, UsageError
from coordinator.ledger import pattern_events as events
from resources.home import Home
from resources.leaving import forget_company
from resources.patterns import patterns as module
from resources.patterns import stored

TABLES = (stored.NEIGHBOURS, stored.PATTERNS)


def versions(street: Any) -> dict[str, int]:
    tables = street.home.global_tables()
    return {name: tables.version(name) for name in TABLES}


def damage(folder: Path) -> None:
    """Cut every data file of a table short."""
    files = [one for one in folder.rglob("*") if one.is_file() and one.suffix != ".lock"]
    assert files
    for one in files:
        one.write_bytes(one.read_bytes()[:20])


def memory_folder(street: Any, company: str) -> Path:
    found: Path = street.home.companies.instance(company).tables().path("private_memory")
    return found


def holding(folder: Path, word: bytes) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return [str(one.relative_to(folder)) for one in files if word in one.read_bytes()]


# -- what a refresh does ------------------------------------------------------------------------


def test_what_two_companies_say_is_found_and_shown_with_its_words(settled: Any) -> None:
    assert settled.members() == [
        {"acme: topic-1 by acme", "beta: topic-1 by beta"},
        {"acme: topic-2 by acme", "zeta: topic-2 by zeta"},
    ]
    one = settled.shown()[0]
    assert one.companies == ("acme", "beta")
    assert one.keywords[0] == "topic-1"
    assert one.categories == ("solution",)
    assert {member.evidence_path for member in one.members} == {"docs/notes.md"}
    assert one.title in {member.title for member in one.members}


def test_a_second_refresh_records_and_writes_nothing(settled: Any) -> None:
    head, before = settled.home.ledger.head(), versions(settled)
    again = settled.refresh()
    assert (again.counts, again.searched) == ({}, 0)
    assert settled.home.ledger.head() == head
    assert versions(settled) == before


def test_a_change_of_one_company_compares_its_own_rows_only(settled: Any) -> None:
    settled.learns("beta", "topic-1 by beta", "topic-2 by beta", "topic-5 by beta")
    found = settled.refresh()
    assert found.searched == 2
    assert found.counts == {"pattern_changed": 1}
    assert len(settled.members()[1]) == 3


def test_without_companies_or_learnings_there_are_no_patterns(street: Any, tmp_path: Path) -> None:
    assert (street.refresh().patterns, street.shown()) == ((), [])
    street.learns("acme", "topic-1 alone")
    assert (street.refresh().patterns, street.shown()) == ((), [])
    with Home.init(tmp_path / "empty", embedding=street.home.settings.embedding) as empty:
        assert empty.patterns.refresh().patterns == ()
        assert empty.patterns.shown() == []


def test_while_another_process_compares_nothing_is_done(settled: Any) -> None:
    with (
        module._only_one(settled.home.global_folder),
        pytest.raises(CompanyBusy, match="comparing"),
    ):
        settled.refresh()
    assert settled.refresh().counts == {}


def test_the_ledger_and_the_tables_hold_no_word_of_a_company(settled: Any) -> None:
    for word in (b"by acme", b"told at length", b"notes.md"):
        assert (
            holding(memory_folder(settled, "acme"), word) != []
        )  # they can be seen where they are
        assert holding(settled.home.global_folder, word) == []
        assert holding(settled.home.path, word) == [
            one for one in holding(settled.home.path, word) if one.startswith("instances/")
        ]


# -- what cannot be read ------------------------------------------------------------------------


def test_patterns_of_a_company_that_cannot_be_read_stay_and_the_others_go_on(
    settled: Any,
) -> None:
    folder = memory_folder(settled, "zeta")
    whole = {one: one.read_bytes() for one in folder.rglob("*") if one.is_file()}
    before = {one.id: one for one in settled.patterns.standing()}
    damage(folder)
    settled.learns("beta", "topic-3 by beta")
    found = settled.refresh()
    assert [*found.problems] == ["zeta"]
    assert "rebuild" in found.problems["zeta"]
    assert found.counts == {"pattern_ended": 1}
    (left,) = settled.patterns.standing()
    assert left == before[left.id]
    assert left.companies == ("acme", "zeta")
    for one, content in whole.items():
        one.write_bytes(content)
    found = settled.refresh()
    assert (found.problems, found.counts) == ({}, {})


def test_another_model_is_a_problem_of_that_company_only(settled: Any) -> None:
    settings = settled.home.settings
    embedding = settings.embedding.model_copy(update={"model": "multilingual-e5-small"})
    settled.home.__dict__["settings"] = settings.model_copy(update={"embedding": embedding})
    found = settled.refresh()
    assert [*found.problems] == ["acme", "beta", "zeta"]
    assert len(settled.patterns.standing()) == 2
    assert "pattern_ended" not in found.counts


def test_after_a_rebuild_with_another_model_everything_is_compared_again(settled: Any) -> None:
    from tests.resources.patterns.conftest import TopicEmbedder

    settings = settled.home.settings
    embedding = settings.embedding.model_copy(update={"model": "multilingual-e5-small"})
    settled.home.__dict__["settings"] = settings.model_copy(update={"embedding": embedding})
    settled.home.__dict__["embedder"] = TopicEmbedder("multilingual-e5-small")
    for company in ("acme", "beta", "zeta"):
        settled.home.companies.instance(company).tables().drop("private_memory")
        tables = settled.home.companies.instance(company).tables()
        settled.home.memory(company).store(tables.read("learnings"))
    ids = {one.id for one in settled.patterns.standing()}
    found = settled.refresh()
    assert (found.problems, found.searched) == ({}, found.rows)
    assert found.counts == {"similarity_calibrated": 1}
    assert {one.id for one in settled.patterns.standing()} == ids


@pytest.mark.parametrize("table", TABLES)
def test_a_damaged_table_of_the_coordinator_is_made_anew(settled: Any, table: str) -> None:
    before = settled.patterns.standing()
    damage(settled.home.global_tables().path(table))
    assert settled.refresh().counts == {}
    assert settled.patterns.standing() == before
    assert settled.refresh().searched == 0


@pytest.mark.parametrize("place", ["write_known", "write_patterns"])
def test_a_refresh_that_died_after_the_ledger_is_healed_by_the_next(
    settled: Any, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled.learns("beta", "topic-1 by beta", "topic-2 by beta")

    def die(*given: object, **named: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(stored, place, die)
        with pytest.raises(KeyboardInterrupt):
            settled.refresh()
    told = settled.told()
    assert told[-1] == "pattern_changed"
    assert settled.refresh().counts == {}
    assert settled.told() == told
    assert len(settled.members()[1]) == 3


# -- what is taken back -------------------------------------------------------------------------


def test_a_learning_taken_back_by_hand_is_shown_no_more_even_before_the_next_refresh(
    settled: Any,
) -> None:
    added = settled.home.by_hand.add_learning(
        "zeta", "topic-1 as zeta remembers it, with a quokkaflux token", category="insight"
    )
    settled.refresh()
    assert len(settled.members()[0]) == 3
    settled.home.by_hand.remove_learning("zeta", added.id, reason="wrong")
    shown = settled.shown()[0]
    assert "zeta" not in shown.companies
    assert shown.gone == (f"zeta/{added.id}",)
    assert "quokkaflux" not in shown.keywords
    assert settled.refresh().counts == {"pattern_changed": 1}
    assert settled.shown()[0].gone == ()


def test_one_whose_row_outlived_its_removal_is_not_shown_and_not_compared(settled: Any) -> None:
    """The index may be busy while a learning is removed: the ledger says what stands."""
    added = settled.home.by_hand.add_learning(
        "zeta", "topic-1 as zeta remembers it", category="insight"
    )
    settled.refresh()
    removed = {"learning": added.id, "reason": "wrong"}
    settled.home.ledger.append(
        "company:zeta", [module.NewEvent("learning_removed", removed)], expected_version=None
    )
    assert added.id in settled.home.companies.instance("zeta").tables().ids("private_memory")
    assert settled.shown()[0].gone == (f"zeta/{added.id}",)
    assert "zeta" not in settled.shown()[0].companies
    assert settled.refresh().counts == {"pattern_changed": 1}


def test_patterns_of_a_company_that_is_removed_end(settled: Any) -> None:
    (id,) = [one.id for one in settled.patterns.standing() if "zeta" in one.companies]
    settled.home.companies.remove("zeta", reason="closed")
    assert settled.shown()[1].companies == ("acme",)
    assert settled.refresh().counts == {"pattern_ended": 1}
    with pytest.raises(UsageError, match="ended"):
        settled.patterns.one(id)


def test_no_id_of_a_forgotten_company_is_left_in_the_tables(settled: Any) -> None:
    folder = settled.home.global_folder
    assert holding(folder, b"zeta/") != []
    settled.home.companies.remove("zeta", reason="closed")
    forget_company(settled.home, "zeta")
    assert holding(folder, b"zeta/") == []
    assert holding(folder, b"acme/") != []
    assert settled.refresh().counts == {"pattern_ended": 1}
    assert settled.refresh().counts == {}
    assert holding(folder, b"zeta/") == []


# -- asked for by id ----------------------------------------------------------------------------


def test_one_pattern_is_shown_by_its_id_and_by_that_of_one_it_swallowed(settled: Any) -> None:
    (one,) = [one for one in settled.patterns.standing() if "beta" in one.companies]
    assert settled.patterns.one(one.id).pattern == one
    (other,) = [each for each in settled.patterns.standing() if each != one]
    settled.learns("acme", "topic-2 by acme", "topic-2 once more")
    settled.learns("beta", "topic-2 by beta")
    settled.home.ledger.append(
        "patterns",
        [module.NewEvent("pattern_merged", events.PatternMerged(pattern=one.id, into=other.id))],
        expected_version=None,
    )
    assert settled.patterns.one(one.id).pattern.id == other.id


@pytest.mark.parametrize("id", ["", "p-ffffffffffff", "../x", "p-\x1b[31m"])
def test_an_id_that_names_no_pattern_is_refused_without_being_repeated(
    settled: Any, id: str
) -> None:
    with pytest.raises(UsageError, match="no pattern") as refused:
        settled.patterns.one(id)
    assert not id or id not in str(refused.value)


def test_an_announcement_is_recorded_with_its_members(settled: Any) -> None:
    from coordinator.patterns.identity import is_news

    (one, *_) = settled.patterns.standing()
    assert is_news(settled.patterns.state(), one.members)
    settled.patterns.announce(one)
    assert settled.told()[-1] == "pattern_announced"
    assert not is_news(settled.patterns.state(), one.members)
    assert settled.refresh().counts == {}
