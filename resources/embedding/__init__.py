"""The embedding model: texts to vectors, and its tokens."""

from resources.embedding.embedder import (
    SentenceEmbedder,
    TokenCounter,
    batches,
    choose_model,
)

__all__ = [
    "SentenceEmbedder",
    "TokenCounter",
    "batches",
    "choose_model",
]
