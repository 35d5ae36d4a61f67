"""The isolation state machine: nothing leaks, nothing is lost, and every guard is needed."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.system.isolation_model import Isolation

CALM = tuple(HealthCheck)


def play(runs: int, steps: int) -> None:
    """Play the machine; a failure is shown as the shortest list of steps that makes it."""
    chosen = settings(
        max_examples=runs, stateful_step_count=steps, suppress_health_check=CALM, database=None
    )
    run_state_machine_as_test(Isolation, settings=chosen)


def test_nothing_leaks_and_nothing_is_lost_whatever_people_do() -> None:
    play(8, 20)


@pytest.mark.figures
def test_nothing_leaks_and_nothing_is_lost_in_two_hundred_lives() -> None:
    play(200, 50)
