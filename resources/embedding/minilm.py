"""The embedded model's forward pass in NumPy, for queries.

A command that searches once would otherwise wait 5 s for sentence-transformers and torch to be
imported; this starts in 0.2 s. Passages still go through sentence-transformers, and a test holds
the two to the same vectors. The architecture is BERT's (Devlin et al. 2019) with the sizes of
all-MiniLM-L6-v2: 6 layers, 12 heads, mean pooling.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

LAYERS = 6
HEADS = 12
EPSILON = 1e-12


class MiniLM:
    """Unit vectors of single texts, from the weights and the tokenizer in `folder`."""

    def __init__(self, folder: Path, window: int) -> None:
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        self._weights: dict[str, Array] = load_file(folder / "model.safetensors")
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(window)

    def embed(self, text: str) -> Array:
        """The unit vector of `text`, of shape (384,)."""
        ids = self._tokenizer.encode(text).ids
        words = self._weights["embeddings.word_embeddings.weight"][ids]
        places = self._weights["embeddings.position_embeddings.weight"][: len(ids)]
        kind = self._weights["embeddings.token_type_embeddings.weight"][0]
        state = self._normalized(words + places + kind, "embeddings.LayerNorm")
        for layer in range(LAYERS):
            state = self._layer(state, f"encoder.layer.{layer}")
        pooled: Array = state.mean(axis=0)
        return pooled / np.linalg.norm(pooled)

    def _layer(self, state: Array, name: str) -> Array:
        from scipy.special import erf

        attended = self._dense(self._attention(state, name), f"{name}.attention.output.dense")
        state = self._normalized(attended + state, f"{name}.attention.output.LayerNorm")
        inner = self._dense(state, f"{name}.intermediate.dense")
        inner = inner * 0.5 * (1.0 + erf(inner / np.float32(np.sqrt(2.0))))
        out = self._dense(inner, f"{name}.output.dense")
        return self._normalized(out + state, f"{name}.output.LayerNorm")

    def _attention(self, state: Array, name: str) -> Array:
        asked, keys, values = (
            self._heads(self._dense(state, f"{name}.attention.self.{part}"))
            for part in ("query", "key", "value")
        )
        weights = asked @ keys.transpose(0, 2, 1) / np.float32(np.sqrt(asked.shape[-1]))
        weights = np.exp(weights - weights.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        return (weights @ values).transpose(1, 0, 2).reshape(state.shape)

    def _heads(self, state: Array) -> Array:
        return state.reshape(len(state), HEADS, -1).transpose(1, 0, 2)

    def _dense(self, state: Array, name: str) -> Array:
        return state @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _normalized(self, state: Array, name: str) -> Array:
        centred = state - state.mean(axis=-1, keepdims=True)
        scale = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + np.float32(EPSILON))
        return centred / scale * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
