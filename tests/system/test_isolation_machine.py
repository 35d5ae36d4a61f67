"""The isolation state machine: nothing leaks, nothing is lost, and every guard is needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from coordinator.approvals import Proposal, Roles
from coordinator.redaction import Redacted, Redactor
from resources.approvals import Approvals
from resources.companies import Companies
from resources.global_memory import searching, sharing
from resources.global_memory.retracting import Retracting
from resources.home import Home
from resources.tables import Tables
from tests.system.isolation_model import Isolation

Patch = pytest.MonkeyPatch


def play(runs: int, steps: int, *, shrink: bool = True) -> None:
    """Play the machine; a failure is shown as a short list of steps that makes it."""
    phases = [Phase.generate, *([Phase.shrink] if shrink else [])]
    chosen = settings(
        max_examples=runs,
        stateful_step_count=steps,
        suppress_health_check=tuple(HealthCheck),
        phases=phases,
        database=None,
    )
    run_state_machine_as_test(Isolation, settings=chosen)


def test_nothing_leaks_and_nothing_is_lost_whatever_people_do() -> None:
    play(5, 15)


@pytest.mark.figures
def test_nothing_leaks_and_nothing_is_lost_in_two_hundred_lives() -> None:
    play(200, 50)


# -- the guards, each taken away ---------------------------------------------------------------


def nothing(*_: object, **__: object) -> None: ...


def no_memory_of_ones_own(patch: Patch) -> None:
    whole = Home.memory
    patch.setattr(Home, "memory", lambda self, _: whole(self, self.companies.names()[0]))


def no_approval_needed(patch: Patch) -> None:
    waiting = Approvals.waiting
    patch.setattr(Approvals, "approved", lambda self: waiting(self, kind="publish_learning"))
    patch.setattr(sharing, "check_approved", nothing)


def no_role_needed_to_answer(patch: Patch) -> None:
    patch.setattr(Roles, "may", lambda *_: True)


def no_role_needed_to_retract(patch: Patch) -> None:
    patch.setattr(Retracting, "_check_role", nothing)


def no_look_at_what_changed_since(patch: Patch) -> None:
    def kept(self: Any, proposal: Proposal) -> str | None:
        found: dict[str, str] = self._home.ledger.texts(proposal.company, [proposal.content])
        return found.get(proposal.content)

    patch.setattr(sharing.Sharing, "current_text", kept)


def no_masks(patch: Patch) -> None:
    patch.setattr(Redactor, "redact", lambda _, text: Redacted(text, {}))


def no_index_without_what_was_retracted(patch: Patch) -> None:
    patch.setattr(Retracting, "_clear", nothing)


def no_purge_of_retracted_words(patch: Patch) -> None:
    patch.setattr(Retracting, "_purge", nothing)


def no_erasing_of_deleted_rows(patch: Patch) -> None:
    patch.setattr(Tables, "erase_deleted", nothing)


def no_record_of_who_saw(patch: Patch) -> None:
    patch.setattr(searching.Searching, "record_sight", lambda _, __, ids, ___: set(ids))


def no_end_of_a_removed_companys_copies(patch: Patch) -> None:
    patch.setattr(Companies, "_record_removal", lambda self, company, reason: self._append(
        company, ("company_removed", {"reason": reason})
    ))  # fmt: skip


def no_owner_of_a_learning(patch: Patch) -> None:
    whole = sharing.learning_of

    def anyones(home: Home, _: str, learning: str) -> Any:
        found = (whole(home, name, learning) for name in home.companies.names())
        return next((one for one in found if one is not None), None)

    patch.setattr(sharing, "learning_of", anyones)


GUARDS = (
    no_memory_of_ones_own,
    no_approval_needed,
    no_role_needed_to_answer,
    no_role_needed_to_retract,
    no_look_at_what_changed_since,
    no_masks,
    no_index_without_what_was_retracted,
    no_purge_of_retracted_words,
    no_erasing_of_deleted_rows,
    no_record_of_who_saw,
    no_end_of_a_removed_companys_copies,
    no_owner_of_a_learning,
)


@pytest.mark.figures
@pytest.mark.parametrize("remove_guard", GUARDS)
def test_every_guard_that_is_taken_away_is_missed(
    monkeypatch: Patch, remove_guard: Callable[[Patch], None]
) -> None:
    remove_guard(monkeypatch)
    with pytest.raises(AssertionError):
        play(60, 30, shrink=False)
