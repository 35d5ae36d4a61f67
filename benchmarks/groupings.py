"""Ways to group alike texts, on SeaMonkey's judged duplicates: which finds what people found.

``python -m benchmarks groupings`` prints a line per way and threshold: docs/quality.md. Reports
stand in four companies by their number. A pair that nobody judged counts as wrong although some
are right; that hits all ways alike.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations

import networkx as nx
import numpy as np
from sklearn.cluster import HDBSCAN

from benchmarks.judged import SHARED
from benchmarks.measuring import Row, seconds, shown
from coordinator.memory import passage
from coordinator.patterns.communities import Edge, communities
from coordinator.patterns.neighbours import mutual, updated
from coordinator.patterns.rows import Rows, distinct
from coordinator.patterns.space import measured, placed
from coordinator.settings import EmbeddingSettings
from resources.embedding import SentenceEmbedder

COMPANIES = 4
Groups = list[tuple[str, ...]]


def rows() -> Iterator[Row]:
    """Precision, recall and F1 of pairs over two companies."""
    raw, judged = _reports()
    spoken = ["en"] * len(raw.ids)
    model = EmbeddingSettings().model
    some = placed(raw, spoken, measured(raw, spoken, model=model))
    truth = _pairs(judged)
    for least in (0.5, 0.6, 0.7):
        edges = [Edge(*one) for one in mutual(updated({}, some, least=least).lists)]
        ways: dict[str, Callable[[], Groups]] = {
            "connected parts": lambda edges=edges: _parts(edges),
            "parts cut by average linkage": lambda edges=edges, least=least: _cut(
                some, edges, least
            ),
            "Louvain on the same edges": lambda edges=edges: _louvain(edges),
        }
        for name, way in ways.items():
            yield _row(f"{name}, from {least}", way, truth)
    for smallest, of in ((2, some), (3, some), (2, raw)):
        yield _row(
            f"HDBSCAN, smallest group {smallest}{', vectors as they are' if of is raw else ''}",
            lambda smallest=smallest, of=of: _hdbscan(of, smallest),
            truth,
        )
    for least in (0.25, 0.3):
        yield _row(
            f"contrast with the ten nearest, from {least}",
            lambda least=least: _parts(_in_contrast(some, least)),
            truth,
        )


def _row(name: str, way: Callable[[], Groups], truth: set[frozenset[str]]) -> Row:
    found: dict[str, Groups] = {}
    took = seconds(lambda: found.update(groups=way()))
    pairs = _pairs(found["groups"])
    right = len(pairs & truth)
    precision, recall = right / max(1, len(pairs)), right / len(truth)
    both = 2 * precision * recall / max(1e-9, precision + recall)
    largest = max(map(len, found["groups"]), default=0)
    return Row(
        name,
        f"precision {precision:.2f}, recall {recall:.2f}, F1 {both:.2f}",
        f"{len(pairs)} pairs, the largest group {largest}; {shown(took)}",
    )


def _reports() -> tuple[Rows, list[tuple[str, ...]]]:
    """All reports as rows of four companies, and the clusters people judged to be one."""
    with (SHARED / "seamonkey" / "SeaMonkey_bugs.csv").open(encoding="utf-8", newline="") as file:
        texts = {
            row["Issue id"]: passage(row["Summary"], row["Description"])
            for row in csv.DictReader(file)
        }
    node = {id: f"c{int(id) % COMPANIES}/{id}" for id in texts}
    graph: nx.Graph = nx.Graph()
    with (SHARED / "seamonkey" / "SeaMonkey_bugs-combined.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            for other in row["Duplicate id"].split(","):
                if row["Issue id"] in node and other.strip() in node:
                    graph.add_edge(node[row["Issue id"]], node[other.strip()])
    vectors = SentenceEmbedder(EmbeddingSettings()).embed_passages(list(texts.values()))
    order = sorted(texts, key=lambda id: node[id])
    at = {id: number for number, id in enumerate(texts)}
    some = Rows(
        [node[id] for id in order],
        [node[id].partition("/")[0] for id in order],
        np.asarray([vectors[at[id]] for id in order], dtype=np.float32),
    )
    return distinct(some), [tuple(sorted(part)) for part in nx.connected_components(graph)]


def _pairs(groups: Iterable[Sequence[str]]) -> set[frozenset[str]]:
    """All pairs of two companies in one group."""
    return {
        frozenset((one, other))
        for group in groups
        for one, other in combinations(group, 2)
        if one.partition("/")[0] != other.partition("/")[0]
    }


def _parts(edges: Sequence[Edge]) -> Groups:
    graph = nx.Graph([(one.left, one.right) for one in edges])
    return [tuple(sorted(part)) for part in nx.connected_components(graph)]


def _cut(some: Rows, edges: Sequence[Edge], least: float) -> Groups:
    place = {id: at for at, id in enumerate(some.ids)}
    company = dict(zip(some.ids, some.companies, strict=True))

    def likeness(nodes: Sequence[str]) -> np.ndarray:
        vectors = some.vectors[[place[node] for node in nodes]]
        return np.clip(vectors @ vectors.T, 0, 1)

    return [one.members for one in communities(edges, company, likeness, least=least)]


def _in_contrast(some: Rows, least: float) -> list[Edge]:
    """Pairs that are nearer than either's ten nearest are: twice the cosine less both means.

    Local scaling (CSLS) of Conneau et al., Word Translation Without Parallel Data, 2018.
    """
    alike = some.vectors @ some.vectors.T
    np.fill_diagonal(alike, -1)
    around = np.sort(alike, axis=1)[:, -10:].mean(axis=1)
    contrast = np.triu(2 * alike - around[:, None] - around[None, :], k=1)
    owners = np.asarray(some.companies)
    left, right = np.nonzero((contrast >= least) & (owners[:, None] != owners[None, :]))
    pairs = zip(left.tolist(), right.tolist(), strict=True)
    return [Edge(some.ids[one], some.ids[other], float(alike[one, other])) for one, other in pairs]


def _louvain(edges: Sequence[Edge]) -> Groups:
    graph: nx.Graph = nx.Graph()
    graph.add_weighted_edges_from((one.left, one.right, one.strength) for one in edges)
    return [tuple(sorted(part)) for part in nx.community.louvain_communities(graph, seed=1)]


def _hdbscan(some: Rows, smallest: int) -> Groups:
    apart = np.clip(1 - some.vectors.astype(np.float64) @ some.vectors.T, 0, None)
    labels = HDBSCAN(min_cluster_size=smallest, metric="precomputed", copy=True).fit_predict(apart)
    ids = np.asarray(some.ids)
    return [tuple(ids[labels == label].tolist()) for label in np.unique(labels) if label >= 0]
