"""Finding patterns in 1,000 to 300,000 learnings of ten companies, and what 1,000,000 would take.

Against the blocked product of all rows with all, which any exact method must at least compute.
Each size runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.measuring import Row, seconds, shown
from coordinator.patterns import neighbours
from coordinator.patterns.communities import Edge, communities
from coordinator.patterns.neighbours import mutual, updated
from coordinator.patterns.rows import Rows, distinct
from coordinator.patterns.searching import BLOCK_BYTES

SIZES = (1_000, 10_000, 100_000, 300_000)
FLOOD, MODELLED = 100_000, 1_000_000
COMPANIES, WIDTH, LEAST = 10, 384, 0.6
INTRINSIC = 96
"""Real texts fill few of a model's dimensions: unrelated ones have a cosine of 0.12 ± 0.1 then."""
SAID, ON_TOPIC = 8, 400
"""How many rows say the same, and how many are on one topic."""
CHANGED, ASKED = 100, 2_000


def rows() -> Iterator[Row]:
    """A full look, a look after a hundred changes, recall, memory, and how they grow."""
    found = {size: _in_own_process(size) for size in SIZES}
    for size, one in found.items():
        yield Row(
            f"neighbours of {size:,} learnings",
            f"{shown(one['full'])} = {one['full'] / one['product']:.2f} × its time",
            f"blocked product of all with all, {shown(one['product'])}"
            + (f" ({ASKED:,} rows of it, scaled)" if size > ASKED else ""),
        )
        yield Row(
            f"the same after {CHANGED} changes",
            f"{shown(one['change'])} = {one['change'] / one['full']:.3f} × a first look",
            f"{one['searched']:,} compared",
        )
        yield Row(f"patterns of these neighbours ({one['patterns']:,})", shown(one["groups"]), "–")
        yield Row(f"recall of pairs at {size:,}", f"{one['recall']:.4f}", "exact", "≥ 0.99")
        yield Row(
            f"peak memory at {size:,}, with making the rows",
            f"{one['peak']:.2f} GB",
            f"{one['held']:.2f} GB rows",
        )
    flood = _in_own_process(-FLOOD)
    yield Row(
        f"{FLOOD:,} near copies in one company beside {ASKED:,} learnings",
        f"{shown(flood['full'])}, peak {flood['peak']:.2f} GB",
        f"{flood['kept']:.4f} of the others' pairs kept",
    )
    for name, what in (("full", "a first look"), ("change", f"{CHANGED} changes")):
        yield Row(
            f"growth exponent of {what}",
            ", ".join(f"{one:.2f}" for one in _growth(found, name)),
            "1k to 10k, to 100k, to 300k; 2 is quadratic",
        )
    last, largest = found[SIZES[-1]], MODELLED / SIZES[-1]
    minutes = last["full"] * largest ** _growth(found, "full")[-1] / 60
    yield Row(
        f"a first look at {MODELLED:,} learnings, modelled with the last exponent",
        f"{minutes:.0f} min, {last['peak'] * largest:.1f} GB",
        "–",
    )


def _growth(found: dict[int, dict[str, Any]], name: str) -> list[float]:
    """How time grew from each size to the next: the exponent of the number of rows."""
    return [
        math.log(found[after][name] / found[before][name]) / math.log(after / before)
        for before, after in pairwise(SIZES)
    ]


def learnings(count: int, *, seed: int = 7) -> Rows:
    """Rows around many centres, with cosines like those of real texts."""
    random = np.random.default_rng(seed)

    def parts(number: int, weight: float) -> np.ndarray:
        return random.normal(size=(number, INTRINSIC)) * (weight / INTRINSIC) ** 0.5

    topics = parts(max(2, count // ON_TOPIC), 0.2)
    centres = topics[random.integers(0, len(topics), max(2, count // SAID))]
    centres += parts(len(centres), 0.42)
    vectors = centres[random.integers(0, len(centres), count)] + parts(count, 0.26)
    vectors += parts(1, 0.12)
    basis, _ = np.linalg.qr(random.normal(size=(WIDTH, INTRINSIC)))
    vectors = vectors @ basis.T
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    owners = [f"company-{number}" for number in random.integers(0, COMPANIES, count)]
    ids = [f"{owner}/{number:07}" for number, owner in enumerate(owners)]
    return distinct(Rows(ids, owners, vectors.astype(np.float32)))


def product(vectors: np.ndarray, asked: int) -> float:
    """Seconds to compare the first `asked` rows with all and list what is alike enough."""
    block = max(1, BLOCK_BYTES // (4 * len(vectors)))

    def compare() -> None:
        for start in range(0, asked, block):
            np.nonzero(vectors[start : start + block] @ vectors.T >= LEAST)

    return seconds(compare)


def measured(size: int) -> dict[str, Any]:
    """All figures of one size."""
    some = learnings(size)
    updated({}, learnings(200), least=LEAST)  # imports are counted in `starts`
    communities([Edge("a", "b", 1.0)], {"a": "a", "b": "b"}, lambda _: np.eye(2), least=LEAST)
    asked = min(size, ASKED)
    compared = min(product(some.vectors, asked) for _ in range(3)) * size / asked
    found: dict[str, Any] = {}
    full = seconds(lambda: found.update(full=updated({}, some, least=LEAST)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    lists = found["full"].lists
    picked = np.random.default_rng(1).choice(len(some.ids), CHANGED, replace=False).tolist()
    changed = [some.ids[at] for at in picked]
    again = seconds(lambda: found.update(change=updated(lists, some, least=LEAST, changed=changed)))
    searched = found["change"].searched
    place = {id: at for at, id in enumerate(some.ids)}
    edges = [Edge(*one) for one in mutual(lists)]
    company = dict(zip(some.ids, some.companies, strict=True))

    def likeness(nodes: Any) -> np.ndarray:
        vectors = some.vectors[[place[node] for node in nodes]]
        return np.clip(vectors @ vectors.T, 0, 1)

    groups = seconds(
        lambda: found.update(groups=communities(edges, company, likeness, least=LEAST))
    )
    return {
        "full": full,
        "product": compared,
        "change": again,
        "searched": searched,
        "groups": groups,
        "patterns": len(found["groups"]),
        "recall": recall(some, lists),
        "peak": peak,
        "held": some.vectors.nbytes / 1e9,
    }


def recall(some: Rows, lists: Any, sample: int = ASKED) -> float:
    """The share of what is truly in the lists of some rows that is in them."""
    asked = np.arange(0, len(some.ids), max(1, len(some.ids) // sample))
    ids = {some.ids[at] for at in asked.tolist()}
    known = {id: near for id, near in lists.items() if id not in ids}
    neighbours.EXACT_PRODUCTS = 1 << 60
    exact = updated(known, some, least=LEAST).lists
    wanted = [(id, one) for id in ids for one, _ in exact[id]]
    held = {(id, one) for id in ids for one, _ in lists[id]}
    return sum(pair in held for pair in wanted) / max(1, len(wanted))


def flooded(size: int) -> dict[str, Any]:
    """One company repeats one text of another `size` times, each time a little differently."""
    few = learnings(ASKED)
    alone = set(mutual(updated({}, few, least=LEAST).lists))
    random = np.random.default_rng(3)
    vectors = few.vectors[5] + random.normal(size=(size, WIDTH)) * (0.1 / WIDTH**0.5)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    many = distinct(
        Rows(
            [*few.ids, *(f"flood/{number:07}" for number in range(size))],
            [*few.companies, *["flood"] * size],
            np.concatenate([few.vectors, vectors.astype(np.float32)]),
        )
    )
    found: dict[str, Any] = {}
    full = seconds(lambda: found.update(full=updated({}, many, least=LEAST)))
    pairs = set(mutual(found["full"].lists))
    return {
        "full": full,
        "kept": len(alone & pairs) / len(alone),
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }


def _in_own_process(size: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.patterns", str(size)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    number = int(sys.argv[1])
    print(json.dumps(measured(number) if number > 0 else flooded(-number)))
