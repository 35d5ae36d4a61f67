"""The numbers behind docs/quality.md, "The same services in two companies", read again.

`ORCH_CLONES` names a folder with clones of the repositories below, bare or not, whose default
branch holds the commits named here (as ``git clone`` from GitHub makes them).
"""

from __future__ import annotations

import base64
import csv
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from coordinator.catalog import discover
from coordinator.frames import commits_frame
from coordinator.settings import CatalogSettings, GitSettings
from resources.git import Mirror

MEASURED = Path(__file__).parents[1] / "coordinator" / "same_services.csv"
COLUMNS = (
    *("state", "company", "commit", "path", "name", "category", "language", "tree_hash", "files"),
    *("first_seen_at", "shingles", "fingerprint_version", "fingerprint"),
)
READ = (  # repository, company, state, commit
    ("microservices-demo", "microservices-demo", "both", "050a59099"),
    ("opentelemetry-demo", "opentelemetry-demo", "import", "b28cb38af"),
    ("opentelemetry-demo", "opentelemetry-demo", "1.4.0", "90d48168f"),
    ("robot-shop", "robot-shop", "both", "55292e219"),
    ("spring-petclinic-microservices", "petclinic", "both", "9a76b4e34"),
    ("piggymetrics", "piggymetrics", "both", "6bb2cf9dd"),
    ("pitstop", "pitstop", "both", "c1991d981"),
    ("ftgo-application", "ftgo", "both", "558dfc53b"),
    ("retail-store-sample-app", "retail-store", "both", "1a28474f2"),
)


@pytest.fixture(scope="session")
def clones() -> Path:
    folder = os.environ.get("ORCH_CLONES")
    if not folder:
        pytest.skip("the repositories are not at hand: name the folder of clones in ORCH_CLONES")
    return Path(folder)


@pytest.mark.figures
def test_the_repositories_still_give_the_numbers_that_are_kept(
    clones: Path, tmp_path: Path
) -> None:
    again = tmp_path / MEASURED.name
    with again.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for repository, company, state, commit in READ:
            source = located(clones, repository)
            mirror = Mirror(
                tmp_path / "mirrors" / f"{repository}.git",
                GitSettings(url=str(source), protocols=("file",)),
            )
            writer.writerows(rows_of(mirror, company, state, commit))
    same = again.read_text(encoding="utf-8") == MEASURED.read_text(encoding="utf-8")
    assert same, f"the catalog reads something else now; if that is meant, keep {again}"


def located(clones: Path, repository: str) -> Path:
    places = [clones / repository, clones / f"{repository}.git"]
    there = [place for place in places if place.is_dir()]
    assert there, f"{clones} has no clone of {repository}"
    return there[0].absolute()


def rows_of(mirror: Mirror, company: str, state: str, commit: str) -> Iterator[dict[str, Any]]:
    """One line for each component of one commit, as they are kept."""
    with mirror:
        mirror.fetch()
        (full,) = [each for each in mirror.commit_ids() if each.startswith(commit)]
        snapshot = mirror.snapshot(full)
        history = commits_frame(mirror.commits(mirror.commit_ids(full)))
        read = mirror.reader(snapshot)
        found = discover(company, snapshot, read, CatalogSettings(), history, {}).components
    for row in found.to_dict("records"):
        values = np.asarray(row["fingerprint"], dtype="<u4")
        yield {column: row[column] for column in COLUMNS if column in row} | {
            "state": state,
            "commit": commit,
            "first_seen_at": row["first_seen_at"].date().isoformat(),
            "fingerprint": base64.b64encode(values.tobytes()).decode("ascii"),
        }
