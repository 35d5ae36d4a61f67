"""When several companies say the same, and when one has what another needs.

Every weight and threshold of both stands here, in one object: whoever tunes them replaces it.
"""

from __future__ import annotations

from pydantic import Field

from coordinator.settings.fields import Flag, Model, Number, Whole


class PatternSettings(Model):
    """When learnings and components of several companies are one pattern."""

    strictness: Number = Field(
        4.5,
        ge=1,
        le=12,
        description="how far above unrelated texts two must be alike, in standard deviations",
    )
    min_similarity: Number | None = Field(
        None, gt=0, le=1, description="the least cosine; empty: measured on the companies' texts"
    )
    cohesion_weight: Number = Field(0.5, ge=0, le=1, description="how alike the members are")
    coverage_weight: Number = Field(0.3, ge=0, le=1, description="how many companies have it")
    substance_weight: Number = Field(0.2, ge=0, le=1, description="how much its texts say")


class OpportunitySettings(Model):
    """When one company's solution is offered to another, and to whom how often."""

    strictness: Number = Field(
        3.0,
        ge=1,
        le=12,
        description="how far above unrelated texts need and solution must be alike",
    )
    similarity_weight: Number = Field(0.45, ge=0, le=1, description="cosine of need and solution")
    words_weight: Number = Field(0.3, ge=0, le=1, description="telling words they share")
    titles_weight: Number = Field(0.1, ge=0, le=1, description="words their titles share")
    substance_weight: Number = Field(0.05, ge=0, le=1, description="how much the solution says")
    fit_weight: Number = Field(
        0.05,
        ge=0,
        le=1,
        description="programming languages in common, and as much again libraries",
    )
    licence_weight: Number = Field(0.05, ge=0, le=1, description="whether the licence allows it")
    bar: Number = Field(0.6, ge=0, le=1, description="the score from which people are asked")
    ask: Flag = Field(True, description="whether people are asked without being told to")
    per_week: Whole = Field(
        3, ge=0, le=100, description="suggestions a person is asked about in seven days, at most"
    )
    answer_step: Number = Field(
        0.02, ge=0, le=0.2, description="how far one answer moves the bar of its kind"
    )
    changed_much: Number = Field(
        0.3, gt=0, le=1, description="change of a text from which a rejected suggestion may return"
    )


class InsightSettings(Model):
    """When a pattern is worth telling people."""

    bar: Number = Field(0.6, ge=0, le=1, description="the score from which people are asked")
    ask: Flag = Field(True, description="whether people are asked without being told to")


class DetectionSettings(Model):
    """Patterns over several companies, opportunities between two, and what is told of them."""

    patterns: PatternSettings = PatternSettings()
    opportunities: OpportunitySettings = OpportunitySettings()
    insights: InsightSettings = InsightSettings()
