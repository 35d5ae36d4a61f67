"""Thousands of publications in virtual time: lost calls, late ones, and an index that runs behind.

The control policies are the same machine with its waits taken out: they must make duplicates, or
the simulation could not show any.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from coordinator.publishing import steps
from coordinator.publishing.keys import publication_key
from coordinator.publishing.records import Wanted
from resources.publishing.delivering import Delivery

FAULTS = 0.3
DAYS = timedelta(days=3)


def wanted(number: int) -> Wanted:
    key = publication_key("jira", "ORCH", f"copy:{number}")
    return Wanted(key, f"copy:{number}", "acme", f"Title {number}", "Words.")


def life(simulated: Any, seed: int, publications: int) -> tuple[Counter[str], Any]:
    """One place for three days: delivered to whenever something is due, until all is quiet."""
    clock, record, place = simulated(seed, faults=FAULTS)
    delivery = Delivery(place, record, kind="copy", ask=lambda _: None, now=clock)
    wants = [wanted(number) for number in range(publications)]
    end = clock() + DAYS
    while clock() < end:
        report = delivery.run(wants)
        pause = (report.due or end) - clock()
        clock.advance(max(pause.total_seconds(), 1.0))
    found = place.standing()
    counts = Counter(
        {
            "one": sum(len(found.get(one.key, ())) == 1 for one in wants),
            "duplicated": sum(len(things) > 1 for things in found.values()),
            "lost": sum(one.key not in found for one in wants),
            "created": len(place.things),
        }
    )
    return counts, record


def lives(simulated: Any, places: int, publications: int, first: int = 0) -> Counter[str]:
    total: Counter[str] = Counter()
    for seed in range(first, first + places):
        total += life(simulated, seed, publications)[0]
    return total


def check(total: Counter[str], publications: int) -> None:
    assert (total["one"], total["duplicated"], total["lost"]) == (publications, 0, 0), total


def test_no_publication_is_doubled_or_lost(simulated):
    check(lives(simulated, places=10, publications=100), 1_000)


@pytest.mark.figures
def test_twenty_thousand_publications_are_each_there_once(simulated):
    total = lives(simulated, places=100, publications=200, first=1_000)
    print(dict(total))
    check(total, 20_000)


@pytest.mark.parametrize(
    ("places", "publications"), [(2, 100), pytest.param(100, 200, marks=pytest.mark.figures)]
)
@pytest.mark.parametrize(
    ("policy", "changes"),
    [
        ("tried again blindly", {"LOOKS": 0}),
        ("looked for at once", {"QUARANTINE": timedelta(0), "LOOKS": 1}),
    ],
)
def test_without_the_waits_the_simulation_shows_duplicates(
    simulated, monkeypatch, policy, changes, places, publications
):
    monkeypatch.setattr(steps, "LATE_LOOKS", ())
    for name, value in changes.items():
        monkeypatch.setattr(steps, name, value)
    total = lives(simulated, places=places, publications=publications)
    print(policy, dict(total))
    assert total["duplicated"] > 0
    assert total["lost"] == 0
