"""Days of several companies: patterns keep their ids, and nobody is told of one twice."""

from __future__ import annotations

import random
from typing import Any

import pytest

from benchmarks.stability import Replayed, announce, observe

COMPANIES = ("acme", "beta", "zeta")
TOPICS, DAYS = 12, 12


def lived(street: Any, seed: int) -> Replayed:
    """Each day one or two companies learn something, forget something and put something anew."""
    chance = random.Random(seed)
    knows = {
        company: {f"topic-{chance.randrange(TOPICS)} by {company}, {n}" for n in range(8)}
        for company in COMPANIES
    }
    for company, texts in knows.items():
        street.learns(company, *sorted(texts))
    seen = Replayed()
    before: dict[str, frozenset[str]] = {}
    for day in range(DAYS):
        busy = chance.sample(COMPANIES, chance.choice((0, 1, 1, 2))) if day else []
        for company in busy:
            texts = knows[company]
            texts -= set(chance.sample(sorted(texts), 2))
            texts |= {f"topic-{chance.randrange(TOPICS)} by {company}, day {day}" for _ in "12"}
            street.learns(company, *sorted(texts))
        found = street.refresh()
        if not busy and day:
            assert found.counts == {}
        touched = {id for one in before.values() for id in one if id.partition("/")[0] in busy}
        observe(seen, before, found.patterns, found.counts, frozenset(touched))
        announce(street.home, seen, found.patterns)
        assert announce(street.home, seen, street.refresh().patterns) == 0
        before = {one.id: frozenset(one.members) for one in found.patterns}
    return seen


@pytest.mark.parametrize("seed", [1, 2])
def test_ids_stay_with_their_members_and_nothing_is_announced_twice(street: Any, seed: int) -> None:
    seen = lived(street, seed)
    assert seen.moved == []
    assert seen.repeated == []
    assert seen.counts["pattern_changed"] > 5
    assert seen.counts["pattern_ended"] + seen.counts["pattern_found"] > 5
    assert seen.told


def test_two_homes_with_the_same_days_have_the_same_patterns(
    street: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from resources.companies import settings_for
    from resources.home import Home

    folder = tmp_path_factory.mktemp("other") / "home"
    with Home.init(folder, embedding=street.home.settings.embedding) as home:
        home.__dict__["embedder"] = street.home.embedder
        for company in COMPANIES:
            home.companies.create(settings_for(company, "https://example.org/x.git"))
        other = type(street)(home)
        assert lived(other, 3).told == lived(street, 3).told
        assert other.patterns.standing() == street.patterns.standing()


def test_an_id_that_moved_and_a_repeated_announcement_would_be_seen() -> None:
    """The measure itself: what it must not overlook."""
    seen, before = Replayed(), {"p-1": frozenset({"a/1", "b/1", "c/1"})}

    class Found:
        id, members = "p-2", ("a/1", "b/1")

    observe(seen, before, [Found()], {}, frozenset())  # type: ignore[list-item]
    assert seen.moved == ["p-1 → p-2"]
    assert seen.stirred == 1
