"""A hybrid search of the private memory against bare LanceDB and a NumPy matrix product."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.homes import sample_learnings
from benchmarks.measuring import Row, in_turn, seconds, shown
from coordinator.settings import EmbeddingSettings, SearchSettings
from resources.memory import TABLE, PrivateMemory
from resources.tables import Tables

WIDTH, QUERIES, BEST = 384, 20, 10
SIZES = (1_000, 10_000, 100_000)


class DrawnVectors:
    """Answers `Embedder` with seeded vectors around 200 centres, so that no model is measured."""

    model, width = "drawn", WIDTH

    def __init__(self) -> None:
        self._random = np.random.default_rng(7)
        self._centres = self._random.normal(size=(200, WIDTH))

    def embed_passages(self, texts: Sequence[str], on_batch: object = None) -> NDArray[np.float32]:
        near = self._centres[self._random.integers(0, 200, len(texts))]
        return _unit(near + self._random.normal(size=(len(texts), WIDTH)) * 0.7)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        return self.embed_passages([text])[0]


def rows() -> Iterator[Row]:
    """Milliseconds per query at 1k, 10k and 100k learnings."""
    some = sample_learnings()
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            yield from _at(size, _many(some, size), Path(folder))


def _at(size: int, learnings: pd.DataFrame, folder: Path) -> Iterator[Row]:
    embedder, tables = DrawnVectors(), Tables(folder)
    memory = PrivateMemory(
        "bench",
        tables,
        lambda: embedder,
        embedding=EmbeddingSettings(model="drawn"),
        search=SearchSettings(),
    )
    stored = seconds(lambda: memory.store(learnings))
    words = ["payment retry", "connection pool", "webhook signature", "senha segura"] * 5
    vectors = [embedder.embed_query(word) for word in words]
    matrix = np.stack(list(tables.read(TABLE, ["vector"])["vector"]))
    table = tables.open(TABLE)

    def ours() -> None:
        for word in words:
            memory.search(word, limit=BEST)

    def lance() -> None:
        for vector in vectors:
            table.search(vector).distance_type("cosine").limit(BEST).to_arrow()

    def product() -> None:
        for vector in vectors:
            scores = matrix @ vector
            np.argpartition(-scores, BEST)[:BEST]

    mine, bare = in_turn(ours, lance, rounds=3)
    again, numpy = in_turn(ours, product, rounds=3)
    yield Row(
        f"hybrid search in {size:,} learnings",
        f"{shown(mine / QUERIES)} a query = {mine / bare:.1f} × its time",
        f"bare LanceDB, vectors alone, {shown(bare / QUERIES)}",
    )
    yield Row(
        "",
        f"{again / numpy:.1f} × its time",
        f"NumPy matrix product, vectors alone, {shown(numpy / QUERIES)}",
    )
    yield Row(f"store {size:,} learnings, vectors given", shown(stored), "–")


def _many(some: pd.DataFrame, size: int) -> pd.DataFrame:
    times = -(-size // len(some))
    many = pd.concat([some] * times, ignore_index=True).head(size)
    numbers = pd.Series(range(size))
    return many.assign(
        id=[f"{number:032x}" for number in numbers],
        content=many["content"] + numbers.map(lambda number: f" case {number}"),
    )


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float32]:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)
