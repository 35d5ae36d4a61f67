"""What is recorded of patterns over several companies, in the stream ``patterns``.

Ids and numbers only: what a pattern says is read from its members, where they stand.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from coordinator.ledger.payloads import Count, Name, Payload

PatternId = Annotated[str, Field(pattern=r"^p-[0-9a-f]{12}$")]
Member = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,39}/[a-z0-9][a-z0-9:._-]{0,99}$")]
"""Company and id of a learning, or ``component:`` and a hash of a component's path."""

MOST_MEMBERS = 2_000
Members = Annotated[tuple[Member, ...], Field(max_length=MOST_MEMBERS)]
Share = Annotated[float, Field(ge=0, le=1)]


class SimilarityCalibrated(Payload):
    """From now on two texts count as the same from the cosine `least`.

    `mean` and `deviation` are those of the cosines of unrelated texts of `rows` learnings.
    """

    event_type = "similarity_calibrated"
    model: Name
    least: Share
    mean: Annotated[float, Field(ge=-1, le=1)]
    deviation: Share
    rows: Count


class PatternFound(Payload):
    """Members of at least two companies say the same; `split_from` is what they were part of."""

    event_type = "pattern_found"
    pattern: PatternId
    members: Members
    split_from: PatternId | None = None


class PatternChanged(Payload):
    """Members came or went; one that had ended stands again."""

    event_type = "pattern_changed"
    pattern: PatternId
    joined: Members = ()
    left: Members = ()


class PatternMerged(Payload):
    """What `pattern` said is said by `into` from now on, which has its members."""

    event_type = "pattern_merged"
    pattern: PatternId
    into: PatternId


class PatternEnded(Payload):
    """Nothing of it is said by two companies any more: members are `gone`, or grew `apart`."""

    event_type = "pattern_ended"
    pattern: PatternId
    reason: Literal["gone", "apart"]


class PatternAnnounced(Payload):
    """People were asked whether it may be published, with these members."""

    event_type = "pattern_announced"
    pattern: PatternId
    members: Members


class ComponentDrifted(Payload):
    """The likeness of a component to the origin of its pattern changed to `similarity`."""

    event_type = "component_drifted"
    pattern: PatternId
    component: Member
    similarity: Share
    before: Share
