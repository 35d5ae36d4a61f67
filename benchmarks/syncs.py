"""What a sync costs: nothing new, one commit, everything; and with more and more companies."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.homes import home_of, sync
from benchmarks.measuring import Row, seconds, shown
from orch_dagster.samples.build import add_commit

SAMPLE = "empresa-a"
COMPANIES = (1, 4, 16, 64)


def rows() -> Iterator[Row]:
    """Seconds in a warm process: imports and the model's loading are counted in `starts`."""
    _warm_up()
    yield from _nothing_one_all()
    per_company: dict[int, float] = {}
    for count in COMPANIES:
        with TemporaryDirectory() as folder, home_of(Path(folder), "empresa-c", count) as home:
            per_company[count] = seconds(lambda home=home: sync(home)) / count
        yield Row(
            f"full sync of {count} companies, per company",
            f"{shown(per_company[count])} = {per_company[count] / per_company[1]:.2f} ×",
            "the sync of one company",
            "flat" if count > 1 else "",
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    yield Row("peak memory of all that, one process", f"{peak:.2f} GB", "–")


def _nothing_one_all() -> Iterator[Row]:
    with TemporaryDirectory() as folder, home_of(Path(folder), SAMPLE, 1) as home:
        everything = seconds(lambda: sync(home))
        nothing = min(seconds(lambda: sync(home)) for _ in range(3))
        add_commit(Path(folder) / f"{SAMPLE}.git", SAMPLE)
        one = seconds(lambda: sync(home))
    yield Row(f"full sync of {SAMPLE} (61 commits)", shown(everything), "–")
    yield Row(
        "sync without changes", f"{shown(nothing)} = {nothing / everything:.3f} ×", "the full sync"
    )
    yield Row("sync after one commit", f"{shown(one)} = {one / everything:.2f} ×", "the full sync")


def _warm_up() -> None:
    with TemporaryDirectory() as folder, home_of(Path(folder), SAMPLE, 1) as home:
        sync(home)
