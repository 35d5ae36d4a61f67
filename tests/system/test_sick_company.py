"""Fifty companies of which one is sick, in each of six ways: the others never notice.

How long they take is measured in benchmarks/services.py; here it counts that they complete, and
that the sick one catches up once it is well, with nothing lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

WAYS = ("hangs", "resets", "refuses", "trickles", "errors", "limits")


@pytest.fixture(scope="module")
def streets(module_at: Callable[[Path], ModuleType]) -> ModuleType:
    """The module `street.py` beside this file."""
    return module_at(Path(__file__).with_name("street.py"))


@pytest.fixture(scope="module")
def street(
    tmp_path_factory: pytest.TempPathFactory, streets: ModuleType, fault_servers: Any
) -> Iterator[Any]:
    with (
        fault_servers.FaultServer(trickle_s=4.0, hang_s=4.0) as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("ORCH_TOKEN", streets.TOKEN)
        with streets.opened(tmp_path_factory.mktemp("street") / "home", server) as street:
            yield street


@pytest.mark.parametrize("way", WAYS)
def test_one_sick_company_of_fifty_stops_none_of_the_others_and_catches_up(
    street: Any, streets: ModuleType, way: str
) -> None:
    assert {*WAYS} == {*streets.WAYS}
    title = f"While one {way}"
    street.change_all(title)
    street.make_sick(way)
    polls = street.poll()
    assert polls[streets.SICK].news is None
    well = {name: poll for name, poll in polls.items() if name != streets.SICK}
    assert len(well) == streets.COMPANIES - 1
    assert all(poll.news for poll in well.values())
    # over the six ways each of the others is read once: all of them each time takes minutes
    some = [name for at, name in enumerate(well) if at % len(WAYS) == [*WAYS].index(way)]
    for name in some:
        street.read(name)
        assert title in street.titles(name)

    street.heal()
    caught_up = street.poll()
    assert caught_up[streets.SICK].news
    assert not any(caught_up[name].news for name in some)
    street.read(streets.SICK)
    assert title in street.titles(streets.SICK)


def test_a_sweep_in_which_one_company_hangs_reaches_all_others_in_time(
    street: Any, streets: ModuleType
) -> None:
    street.change_all("Within the tick")
    street.make_sick("hangs")
    names = street.home.companies.names()
    states = {name: street.home.ledger.state(name) for name in names}
    polls = street.home.sources.poll("jira", names, states, deadline_s=45.0)
    assert [poll.company for poll in polls] == names
    assert [poll.company for poll in polls if poll.news is None] == [streets.SICK]
    street.heal()
