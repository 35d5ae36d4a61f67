"""The embedding model: texts to unit vectors, loaded when the first text comes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coordinator.errors import ModelUnavailable
from coordinator.settings import EmbeddingSettings
from resources.embedding.models import (
    EMBEDDED_MODEL,
    EMBEDDED_WIDTH,
    ask_hub,
    download,
    hub_answers,
    is_here,
    model_file,
    verified_folder,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from resources.embedding.minilm import MiniLM

MULTILINGUAL_MODEL = "intfloat/multilingual-e5-small"
BATCH_CHARS = 4_096
LONG_TEXTS_BATCH = 8


def choose_model() -> tuple[EmbeddingSettings, str]:
    """The best embedding model this machine can have, and why that one.

    The multilingual one where it is cached or the hub answers within 3 s (published retrieval of
    Portuguese: .906 against .546 for the embedded model), else the one inside its package.
    """
    multilingual = EmbeddingSettings(
        model=MULTILINGUAL_MODEL, query_prompt="query: ", passage_prompt="passage: "
    )
    if is_here(MULTILINGUAL_MODEL):
        return multilingual, "multilingual, found in the local cache"
    if hub_answers(MULTILINGUAL_MODEL):
        return multilingual, "multilingual, downloaded from the hub on first use: 490 MB"
    return EmbeddingSettings(), (
        f"needs no network; {MULTILINGUAL_MODEL}, better at Portuguese, is neither in the local "
        "cache nor on a hub that answers"
    )


class SentenceEmbedder:
    """A sentence-transformers model, answering `coordinator.ports.Embedder`.

    The embedded model comes out of its package, every other one from a local folder, the hub's
    cache or the hub. Nothing is loaded before it is needed.
    """

    def __init__(self, settings: EmbeddingSettings) -> None:
        self.settings = settings
        self.model = settings.model

    @cached_property
    def width(self) -> int:
        """The number of components of a vector."""
        if self.model == EMBEDDED_MODEL:
            return EMBEDDED_WIDTH
        return int(self._loaded.get_embedding_dimension())

    def embed_passages(
        self, texts: Sequence[str], on_batch: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """Unit vectors of shape (n, width), in the order of `texts`.

        `on_batch` hears how many texts each batch had.
        """
        import numpy as np

        vectors = np.empty((len(texts), self.width), dtype=np.float32)
        for batch in batches([len(text) for text in texts], self.settings.batch_size):
            picked = [texts[place] for place in batch]
            vectors[batch] = self._encode(picked, self.settings.passage_prompt)
            if on_batch:
                on_batch(len(batch))
        return vectors

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """The unit vector of a query, of shape (width,)."""
        prompt = self.settings.query_prompt
        if self.model == EMBEDDED_MODEL:
            return self._light.embed(prompt + _sayable(text))
        return self._encode([text], prompt)[0]

    def _encode(self, texts: list[str], prompt: str) -> NDArray[np.float32]:
        vectors: NDArray[np.float32] = self._loaded.encode(
            [_sayable(text) for text in texts],
            prompt=prompt or None,
            batch_size=len(texts),
            show_progress_bar=False,
            normalize_embeddings=True,
        )
        return vectors

    @cached_property
    def _light(self) -> MiniLM:
        from resources.embedding.minilm import MiniLM

        return MiniLM(verified_folder(), TokenCounter(self.settings).window)

    @cached_property
    def _loaded(self) -> Any:
        if self.model == EMBEDDED_MODEL:
            return _load(str(verified_folder()), self.model, local=True)
        local = is_here(self.model)
        if not local:
            ask_hub(self.model)
        return _load(self.model, self.model, local=local)


def _load(place: str, model: str, *, local: bool) -> Any:
    # its tokenizers would warn of every later fork, and gain nothing on batches this small
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from huggingface_hub.utils import disable_progress_bars
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    disable_progress_bars()
    try:
        # what is here is not asked for on the hub: a slow network must not slow a sync
        return SentenceTransformer(place, device="cpu", local_files_only=local)
    except Exception as error:
        # the hub, the cache and the file formats raise dozens of kinds
        raise ModelUnavailable(
            f"the embedding model {model} cannot be loaded ({type(error).__name__})",
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
        self._model = settings.model

    @cached_property
    def window(self) -> int:
        """How many tokens the model reads of a text, special ones included."""
        for name, key in (
            ("sentence_bert_config.json", "max_seq_length"),
            ("tokenizer_config.json", "model_max_length"),
        ):
            path = self._file(name, required=False)
            value = json.loads(path.read_text(encoding="utf-8")).get(key) if path else None
            if isinstance(value, int):
                return min(value, 8_192)
        return 512

    def count_tokens(self, text: str) -> int:
        """The number of tokens of `text`."""
        return len(self._tokenizer.encode(_sayable(text), add_special_tokens=False).ids)

    __call__ = count_tokens

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._file("tokenizer.json", required=True)))
        # the file of the embedded model cuts and pads at 128
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    def _file(self, name: str, *, required: bool) -> Path | None:
        here = model_file(self._model, name)
        if here is None and not is_here(self._model):
            here = download(self._model, name)
        if here is None and required:
            raise ModelUnavailable(
                f"the embedding model {self._model} has no {name}",
                hint=f"use another one, for example {EMBEDDED_MODEL}",
            )
        return here
