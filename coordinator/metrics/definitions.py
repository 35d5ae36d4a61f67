"""Every metric: what it is called, how it is computed, and from which events. Nowhere else.

`docs/metrics.md` says the same, and a test holds it to that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from coordinator.ledger import (
    company_events,
    global_events,
    opportunity_events,
    outbox_events,
    pattern_events,
    push_events,
)
from coordinator.ledger.payloads import Payload
from coordinator.metrics.effort import MINUTES_SAVED_PER_ANSWER
from coordinator.metrics.proposals import ANSWER_EVENTS, APPROVAL_EVENTS
from coordinator.metrics.tally import Figures

Group = Literal["sharing", "learning", "efficiency", "global memory"]
COUNT = "count"
SHARE = "share"
"""The unit of a part of a whole, from 0 to 1."""


@dataclass(frozen=True)
class Measured:
    """A metric's value; None while there is nothing to compute it from.

    A ratio tells the `part` and the `whole` it was made of.
    """

    value: float | None
    part: int | None = None
    whole: int | None = None

    @classmethod
    def ratio(cls, part: int, whole: int) -> Measured:
        """`part` by `whole`, and no value where the whole is empty: that is not 0."""
        return cls(part / whole if whole else None, part, whole)


@dataclass(frozen=True)
class Metric:
    """One metric. `sources` are all the events its value depends on.

    `measure` takes what was tallied.
    """

    name: str
    group: Group
    title: str
    unit: str
    formula: str
    sources: tuple[type[Payload], ...]
    measure: Callable[[Figures], Measured]

    @property
    def source_events(self) -> tuple[str, ...]:
        """The types of its source events, as the ledger names them."""
        return tuple(source.event_type for source in self.sources)

    def explained(self) -> str:
        """The definition as Markdown, the way it stands in ``docs/metrics.md``."""
        sources = ", ".join(f"`{name}`" for name in self.source_events)
        said = f"**{self.title}** ({self.unit}): {self.formula}"
        return f"### `{self.name}`\n\n{said}\n\nFrom: {sources}."


def _age(at: Figures) -> Measured:
    published = at.copies.median_day
    return Measured(None if published is None else max(at.day.toordinal() - published, 0))


_ASKED = (
    opportunity_events.SuggestionMade,
    opportunity_events.SuggestionAnswered,
    opportunity_events.SuggestionDismissed,
)
_COPIES = (
    global_events.LearningPublished,
    global_events.LearningSuperseded,
    global_events.LearningRetracted,
)
_VISITS = (
    global_events.LearningPublished,
    global_events.LearningSeen,
    global_events.LearningRetracted,
)

_SHARING = (
    Metric(
        name="shared_components",
        group="sharing",
        title="Shared components",
        unit=COUNT,
        formula="Distinct components whose export (`share_export`) is approved, of companies that "
        "were not removed since.",
        sources=(*APPROVAL_EVENTS, company_events.CompanyRemoved),
        measure=lambda at: Measured(len(at.sharing.adopters)),
    ),
    Metric(
        name="reuse_rate",
        group="sharing",
        title="Reuse rate",
        unit=SHARE,
        formula="Approved imports (`share_import`) by approved exports (`share_export`). Each "
        "component counts once for each company it was offered to, and an import only where its "
        "export is approved.",
        sources=APPROVAL_EVENTS,
        measure=lambda at: Measured.ratio(at.sharing.adopted, at.sharing.given),
    ),
    Metric(
        name="adopters_per_component",
        group="sharing",
        title="Adopters per component",
        unit="per component",
        formula="Companies whose import of a shared component is approved, by shared components; "
        "companies that were removed since are left out.",
        sources=(*APPROVAL_EVENTS, company_events.CompanyRemoved),
        measure=lambda at: Measured.ratio(
            sum(at.sharing.adopters.values()), len(at.sharing.adopters)
        ),
    ),
    Metric(
        name="time_to_adopt",
        group="sharing",
        title="Time to adopt",
        unit="days",
        formula="The median, over all components a company adopted, of the time from the proposal "
        "of the export to the last yes to the import.",
        sources=APPROVAL_EVENTS,
        measure=lambda at: Measured(at.sharing.days_to_adopt),
    ),
    Metric(
        name="edits_after_adoption",
        group="sharing",
        title="Edits after adoption",
        unit="per adoption",
        formula="How often a copy became less like its origin after its import was approved, by "
        "adopted components. A copy is a component of the adopter that stands in one pattern with "
        "the component it adopted; growing more alike is no edit.",
        sources=(
            *APPROVAL_EVENTS,
            company_events.CompanyRemoved,
            pattern_events.PatternFound,
            pattern_events.PatternChanged,
            pattern_events.ComponentDrifted,
        ),
        measure=lambda at: Measured.ratio(at.sharing.edits, at.sharing.adopted),
    ),
)

_LEARNING = (
    Metric(
        name="suggestions",
        group="learning",
        title="Suggestions made",
        unit=COUNT,
        formula="Opportunities people were asked about; one they were asked about again, under "
        "another proposal, counts again.",
        sources=(opportunity_events.SuggestionMade,),
        measure=lambda at: Measured(at.suggestions.made),
    ),
    Metric(
        name="accepted_suggestions",
        group="learning",
        title="Suggestions accepted",
        unit=COUNT,
        formula="Suggestions whose owner said yes.",
        sources=_ASKED,
        measure=lambda at: Measured(at.suggestions.accepted),
    ),
    Metric(
        name="suggestions_copied",
        group="learning",
        title="Suggestions that led to a copy",
        unit=COUNT,
        formula="Accepted suggestions whose proposal published a copy of a learning, or whose "
        "component's import (`share_import`) the adopter approved.",
        sources=(*_ASKED, global_events.LearningPublished, *APPROVAL_EVENTS),
        measure=lambda at: Measured(at.suggestions.copied),
    ),
    Metric(
        name="needs_closed",
        group="learning",
        title="Suggestions that closed a need",
        unit=COUNT,
        formula="Accepted suggestions whose need is open no more.",
        sources=(*_ASKED, opportunity_events.NeedClosed),
        measure=lambda at: Measured(at.suggestions.closed),
    ),
    Metric(
        name="suggestions_visited",
        group="learning",
        title="Suggestions that were visited",
        unit=COUNT,
        formula="Accepted suggestions of which the adopter was shown a copy of the solution after "
        "the suggestion was made. The ledger records the first time a company is shown a copy and "
        "no later one, so this is a first visit; a repeated one is known only as the first visit "
        "to a newer copy.",
        sources=(*_ASKED, *_VISITS),
        measure=lambda at: Measured(at.suggestions.visited),
    ),
    Metric(
        name="learning_rate",
        group="learning",
        title="Cross-company learning rate",
        unit=SHARE,
        formula="Accepted suggestions that led to a copy, closed a need or were visited, by "
        "suggestions made. One that did several counts once.",
        sources=(
            *_ASKED,
            *_VISITS,
            opportunity_events.NeedClosed,
            *APPROVAL_EVENTS,
        ),
        measure=lambda at: Measured.ratio(at.suggestions.led, at.suggestions.made),
    ),
)

_EFFICIENCY = (
    Metric(
        name="work_per_change",
        group="efficiency",
        title="Work done per change",
        unit="per change",
        formula="Work done by changes read. Work is: proposals carried out, copies published, "
        "calls to Jira and Confluence that were done, pushes to Supabase that changed a row, "
        "patterns found; a proposal that publishes a copy counts once, as the copy. A change is a "
        "completed sync before which rows read from its sources were added, changed or deleted.",
        sources=(
            *APPROVAL_EVENTS,
            global_events.LearningPublished,
            outbox_events.PublicationDone,
            push_events.PushDone,
            pattern_events.PatternFound,
            company_events.TableCommitted,
            company_events.SyncCompleted,
            company_events.CompanyRemoved,
        ),
        measure=lambda at: Measured.ratio(at.effort.work, at.effort.changes),
    ),
    Metric(
        name="minutes_saved",
        group="efficiency",
        title="Minutes saved by batch approvals",
        unit="minutes",
        formula=f"{MINUTES_SAVED_PER_ANSWER} minutes for each answer beyond the first that one "
        "person gave in one go (same actor, same moment), yes or no. The "
        f"{MINUTES_SAVED_PER_ANSWER} minutes are an assumption: to leave one's work, open the "
        "inbox, find the proposal, name it and go back, which a batch needs once. Reading what is "
        "proposed is not saved. Answers of standing grants do not count.",
        sources=ANSWER_EVENTS,
        measure=lambda at: Measured(at.effort.answers_beside_others * MINUTES_SAVED_PER_ANSWER),
    ),
)

_GLOBAL_MEMORY = (
    Metric(
        name="standing_copies",
        group="global memory",
        title="Standing copies",
        unit=COUNT,
        formula="Copies that are found: neither taken back nor told by another one.",
        sources=_COPIES,
        measure=lambda at: Measured(at.copies.standing),
    ),
    Metric(
        name="superseded_copies",
        group="global memory",
        title="Superseded copies",
        unit=COUNT,
        formula="Copies that another one tells, and that were not taken back.",
        sources=_COPIES,
        measure=lambda at: Measured(at.copies.superseded),
    ),
    Metric(
        name="retracted_copies",
        group="global memory",
        title="Retracted copies",
        unit=COUNT,
        formula="Copies that were taken back, ever.",
        sources=(global_events.LearningPublished, global_events.LearningRetracted),
        measure=lambda at: Measured(at.copies.retracted),
    ),
    Metric(
        name="sharing_companies",
        group="global memory",
        title="Companies that share",
        unit=COUNT,
        formula="Companies with a copy that was not taken back.",
        sources=(global_events.LearningPublished, global_events.LearningRetracted),
        measure=lambda at: Measured(at.copies.companies),
    ),
    Metric(
        name="sights",
        group="global memory",
        title="First sights of copies",
        unit=COUNT,
        formula="How often a company was shown another one's copy for the first time, ever; later "
        "times are not recorded.",
        sources=_VISITS,
        measure=lambda at: Measured(at.copies.sights),
    ),
    Metric(
        name="copies_seen",
        group="global memory",
        title="Copies seen by others",
        unit=SHARE,
        formula="Standing copies that another company was shown, by standing copies.",
        sources=(*_COPIES, global_events.LearningSeen),
        measure=lambda at: Measured.ratio(at.copies.seen, at.copies.standing),
    ),
    Metric(
        name="copy_age",
        group="global memory",
        title="Age of standing copies",
        unit="days",
        formula="The median, over all standing copies, of the days (UTC) since publication.",
        sources=_COPIES,
        measure=_age,
    ),
)

METRICS: tuple[Metric, ...] = (*_SHARING, *_LEARNING, *_EFFICIENCY, *_GLOBAL_MEMORY)
"""All metrics, in the order they are shown."""
