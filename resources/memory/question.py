"""A query as the tables are asked it: in words for full text, in vectors for the meaning."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from coordinator.full_text import asked
from coordinator.ports import Embedder
from coordinator.settings import SearchSettings
from resources.embedding.models import EMBEDDED_MODEL

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Question:
    """A query in words (`asked`) and in `vectors`; it is embedded once, when they are needed."""

    def __init__(
        self, query: str, embedder: Callable[[], Embedder], search: SearchSettings
    ) -> None:
        self.query = query
        self.glossary_weight = search.glossary_weight
        self.asked = asked(query, glossary_weight=search.glossary_weight)
        self.vector_weight = search.weight_of_vectors(self.asked.language)
        self._embedder = embedder

    @cached_property
    def vectors(self) -> NDArray[np.float32]:
        """Unit vectors of shape (1, width), or (2, width): the query's, and its translation's.

        A multilingual model knows both languages better than a glossary: it gets no translation.
        """
        import numpy as np

        embedder = self._embedder()
        texts = [self.query]
        if self.asked.wider.terms and embedder.model == EMBEDDED_MODEL:
            texts.append(self.asked.wider.translation)
        return np.stack([embedder.embed_query(text) for text in texts])
