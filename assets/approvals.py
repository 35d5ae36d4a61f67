"""The job that answers proposals, several at once."""

from collections.abc import Sequence
from enum import Enum

import dagster as dg
from pydantic import Field

from coordinator.approvals import Wanted
from coordinator.errors import OrchError
from resources.approvals import Outcome
from resources.dagster_resources import HomeResource


class Answer(Enum):
    approve = "approve"
    reject = "reject"


class WantedDecision(dg.Config):
    """One answer to one proposal."""

    number: int = Field(description="Which proposal: its number in `orch approvals list`.")
    decision: Answer = Field(description="approve, or reject (which needs a reason).")
    reason: str = Field("", description="Why; kept in the ledger.")
    seen: str = Field(
        "", description="The hash of the text you saw, or its first 8 digits; empty: as proposed."
    )


class Decisions(dg.Config):
    """Who answers what."""

    by: str = Field(description="Who decides: the name or e-mail your company.yaml knows you by.")
    decisions: list[WantedDecision] = Field(description="The answers, one for each proposal.")


EXAMPLE = {
    "ops": {
        "decide_proposals": {
            "config": {
                "by": "your name",
                "decisions": [{"number": 0, "decision": "approve", "reason": "", "seen": ""}],
            }
        }
    }
}
"""What the launchpad shows to be filled in: there is no proposal 0."""


@dg.op(
    out=dg.Out(dg.Nothing),
    description="Records the answers, one event each. One that is refused does not stop the "
    "others; the run fails then and says which.",
)
def decide_proposals(context: dg.OpExecutionContext, config: Decisions, home: HomeResource) -> None:
    wanted = [
        Wanted(one.number, one.decision is Answer.approve, one.reason, one.seen.strip() or None)
        for one in config.decisions
    ]
    try:
        outcomes = home.home.approvals.decide(wanted, by=config.by)
    except OrchError as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    refused = [one for one in outcomes if one.problem]
    for one in refused:
        context.log.warning(f"{one.problem} ({one.hint})" if one.hint else one.problem)
    table = _outcomes(wanted, outcomes)
    if refused or not wanted:
        recorded = len(outcomes) - len(refused)
        raise dg.Failure(
            f"{recorded} of {len(outcomes)} answers recorded"
            + (f", refused: {', '.join(str(one.number) for one in refused)}" if refused else ""),
            metadata={"answers": table},
            allow_retries=False,
        )
    context.add_output_metadata({"answers": table})


@dg.job(
    config=EXAMPLE,
    description="Answers proposals, several at once: fill in who decides and the answers in the "
    "Launchpad. What is approved then is carried out by a run that `approval_sensor` starts.",
)
def decide_approvals() -> None:
    decide_proposals()


def _outcomes(wanted: Sequence[Wanted], outcomes: Sequence[Outcome]) -> dg.TableMetadataValue:
    """Numbers, kinds and companies: what a proposal is about stays out of Dagster's log."""
    columns = ("proposal", "kind", "company", "answer", "status", "problem")
    records = []
    for one, outcome in zip(wanted, outcomes, strict=True):
        about = outcome.proposal
        values = (
            str(one.number),
            about.kind if about else "",
            about.company if about else "",
            "approve" if one.approve else "reject",
            about.status if about else "",
            outcome.problem,
        )
        records.append(dg.TableRecord(dict(zip(columns, values, strict=True))))
    schema = dg.TableSchema([dg.TableColumn(name, "string") for name in columns])
    return dg.MetadataValue.table(records, schema=schema)
