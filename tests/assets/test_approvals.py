"""The job that answers proposals, and what carries out the yes, run in this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dagster as dg
import pytest

from assets.approvals import EXAMPLE
from coordinator.approvals import Proposal
from coordinator.errors import OrchError
from coordinator.settings import CompanySettings
from resources.approvals.owners import Owners

# Dagster's word for a parameter that may still change; the version is pinned
pytestmark = pytest.mark.filterwarnings("ignore:Parameter `data_version` of initializer")
WORDS = "wobblefish"


class Shop:
    """Carries out what is approved unless it cannot."""

    problem: OrchError | None = None

    def current_text(self, proposal: Proposal) -> str | None:
        return WORDS

    def closed(self, proposal: Proposal) -> None: ...

    def carry_out(self, proposal: Proposal) -> str:
        if self.problem is not None:
            raise self.problem
        return f"shared-{proposal.number}"


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    made = Shop()
    monkeypatch.setattr(Owners, "get", lambda *_: made)
    return made


@pytest.fixture
def ask(desk: Any, shop: Shop) -> Callable[[str], Proposal]:
    git = {"url": "https://example.org/x.git"}
    for name in ("empresa-a", "empresa-b"):
        given = {"name": name, "git": git, "owners": [{"name": "Ana"}]}
        desk.home.companies.create(CompanySettings.model_validate(given))

    def propose(subject: str) -> Proposal:
        return desk.home.approvals.propose(
            kind="publish_learning",
            subject=subject,
            company="empresa-a",
            asks=[("empresa-a", "publication")],
            text=WORDS,
        )

    return propose


@pytest.fixture
def decide(desk: Any) -> Callable[..., dg.ExecuteInProcessResult]:
    def run(*decisions: dict[str, Any], by: str = "Ana") -> dg.ExecuteInProcessResult:
        given = {"by": by, "decisions": list(decisions)}
        ran = desk.run("decide_approvals", ops={"decide_proposals": {"config": given}})
        assert WORDS not in desk.log(ran)
        return ran

    return run


def answer(number: int, decision: str = "approve", **more: Any) -> dict[str, Any]:
    return {"number": number, "decision": decision, **more}


def answers(run: dg.ExecuteInProcessResult) -> list[dict[str, Any]]:
    """The rows of the table a run shows, whether it succeeded or failed."""
    for event in run.all_events:
        data = event.event_specific_data
        failure = getattr(data, "user_failure_data", None)
        metadata = (failure.metadata if failure else getattr(data, "metadata", None)) or {}
        if "answers" in metadata:
            return [dict(record.data) for record in metadata["answers"].records]
    return []


def test_three_answers_at_once(desk, ask, decide):
    made = [ask(subject) for subject in ("one", "two", "three")]
    run = decide(answer(1, seen=made[0].content[:8]), answer(2, "reject", reason="no"), answer(3))
    assert run.success, desk.why(run)
    assert [row["status"] for row in answers(run)] == ["approved", "rejected", "approved"]
    inbox = desk.home.approvals.inbox()
    assert [one.status for one in inbox.proposals] == ["approved", "rejected", "approved"]
    assert {one.decisions[0].by for one in inbox.proposals} == {"Ana"}
    assert inbox.proposals[1].reason == "no"


def test_one_that_is_refused_does_not_stop_the_others_and_shows(desk, ask, decide):
    for subject in ("one", "two"):
        ask(subject)
    run = decide(answer(1), answer(9), answer(2, "reject"))
    assert not run.success
    assert "1 of 3 answers recorded, refused: 9, 2" in "".join(desk.why(run))
    assert [bool(row["problem"]) for row in answers(run)] == [False, True, True]
    statuses = [one.status for one in desk.home.approvals.inbox().proposals]
    assert statuses == ["approved", "waiting"]


@pytest.mark.parametrize("by", ["Eve", "mcp:empresa-a", "x" * 1_000, "x\x1b", ""])
def test_nobody_without_the_role_answers(desk, ask, decide, by):
    ask("one")
    assert not decide(answer(1), by=by).success
    assert desk.home.approvals.proposal(1).status == "waiting"


def test_a_launch_without_answers_fails(decide, ask):
    assert not decide().success


def test_the_example_in_the_launchpad_fits_and_decides_nothing(desk, ask):
    ask("one")
    run = desk.run("decide_approvals", ops=EXAMPLE["ops"])
    assert not run.success
    assert "refused: 0" in "".join(desk.why(run))
    assert desk.home.approvals.proposal(1).status == "waiting"


@pytest.mark.parametrize(
    "wrong", [{"number": "one"}, {"decision": "maybe"}, {"colour": "red"}, {"reason": 3}]
)
def test_an_answer_that_does_not_fit_is_refused_before_the_run(ask, decide, wrong):
    ask("one")
    with pytest.raises(dg.DagsterInvalidConfigError):
        decide({**answer(1), **wrong})


def test_what_was_approved_enters_the_global_memory(desk, ask, decide, shop):
    ask("one")
    decide(answer(1))
    run = desk.run("refresh_global_memory")
    assert run.success, desk.why(run)
    assert left(run) == []
    assert WORDS not in desk.log(run)
    proposal = desk.home.approvals.proposal(1)
    assert (proposal.status, proposal.result) == ("done", "shared-1")


def test_what_could_not_be_carried_out_stays_approved_and_its_check_fails(desk, ask, decide, shop):
    ask("one")
    decide(answer(1))
    shop.problem = OrchError("the disk is full")
    run = desk.run("refresh_global_memory")
    assert run.success, desk.why(run)
    assert left(run) == ["1"]
    assert "proposal 1 was not carried out: the disk is full" in desk.log(run)
    assert desk.home.approvals.proposal(1).status == "approved"


def left(run: dg.ExecuteInProcessResult) -> list[str]:
    """The proposals that the check names."""
    (found,) = [
        one
        for one in run.get_asset_check_evaluations()
        if one.check_name == "approvals_are_carried_out"
    ]
    named = list(found.metadata["proposals"].value)
    assert found.passed == (not named)
    return named
