"""Which services of two companies are the same, on the measured numbers of eight real ones.

`same_services.csv` holds what the catalog read of the repositories that docs/quality.md names: no
code, one line for each component with its fingerprint. tests/system/test_same_services.py reads
the repositories again.
"""

from __future__ import annotations

import base64
import csv
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from coordinator.catalog import fingerprints
from coordinator.catalog.copies import SAME_NAME_SHARE, ComponentCatalog, compare
from coordinator.settings import CoordinatorSettings

MEASURED = Path(__file__).with_name("same_services.csv")
MIN_SIMILARITY = CoordinatorSettings().copies.min_similarity

# By hand: the eleven services one company took over from the other, each kept its folder's name.
SERVICES = (
    *("adservice", "cartservice", "checkoutservice", "currencyservice", "emailservice"),
    *("frontend", "loadgenerator", "paymentservice", "productcatalogservice"),
    *("recommendationservice", "shippingservice"),
)
SAME = {(f"microservices-demo/src/{name}", f"opentelemetry-demo/src/{name}") for name in SERVICES}
REWRITTEN = {"currencyservice", "emailservice", "frontend", "shippingservice"}
"""In another language at 1.4.0: nothing of the code is left to compare."""


def components(state: str) -> pd.DataFrame:
    """The components of the eight companies, opentelemetry-demo's at `state`."""
    with MEASURED.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["state"] in ("both", state)]
    frame = pd.DataFrame(rows).assign(id=lambda rows: rows["company"] + "/" + rows["path"])
    for column in ("files", "shingles", "fingerprint_version"):
        frame[column] = frame[column].astype("int64")
    frame["fingerprint"] = [
        np.frombuffer(base64.b64decode(text), dtype="<u4").tolist() for text in frame["fingerprint"]
    ]
    frame["first_seen_at"] = pd.to_datetime(frame["first_seen_at"], utc=True)
    return frame


def found(catalog: ComponentCatalog) -> set[tuple[str, str]]:
    """The pairs over two companies."""
    across = catalog.pairs[catalog.pairs["across"]]
    return {*zip(across["left"], across["right"], strict=True)}


def named(pairs: set[tuple[str, str]]) -> set[str]:
    return {left.rpartition("/")[2] for left, _ in pairs}


@pytest.fixture(scope="module")
def at_import() -> pd.DataFrame:
    return components("import")


@pytest.fixture(scope="module")
def later() -> pd.DataFrame:
    return components("1.4.0")


def test_the_numbers_are_of_the_fingerprints_there_are(at_import: pd.DataFrame) -> None:
    # after a new VERSION: read the repositories again, see tests/system/test_same_services.py
    assert set(at_import["fingerprint_version"]) == {fingerprints.VERSION}
    assert at_import["company"].nunique() == 8


def test_on_the_day_of_the_copy_all_eleven_are_found_and_nothing_else(
    at_import: pd.DataFrame,
) -> None:
    catalog = compare(at_import, min_similarity=MIN_SIMILARITY)
    assert found(catalog) == SAME
    assert {tuple(members) for members in catalog.groups["members"]} == SAME
    assert set(catalog.groups["origin"]) == {left for left, _ in SAME}


def test_they_are_found_by_their_code_whatever_they_are_called(at_import: pd.DataFrame) -> None:
    nameless = at_import.assign(name=[f"component-{n}" for n in range(len(at_import))])
    assert found(compare(nameless, min_similarity=MIN_SIMILARITY)) == SAME


def test_after_eleven_months_those_still_in_their_language_are_found_and_nothing_else(
    later: pd.DataFrame,
) -> None:
    catalog = compare(later, min_similarity=MIN_SIMILARITY)
    assert found(catalog) <= SAME
    assert named(found(catalog)) >= {*SERVICES} - REWRITTEN
    assert {tuple(members) for members in catalog.groups["members"]} == found(catalog)


def test_a_rewritten_service_has_no_code_in_common_that_could_be_found(later: pd.DataFrame) -> None:
    prints = later.set_index("id")["fingerprint"]
    for left, right in SAME:
        if named({(left, right)}) <= REWRITTEN:
            assert fingerprints.similarity(prints[left], prints[right]) < 0.01


@pytest.mark.parametrize("state", ["import", "1.4.0"])
def test_no_two_components_that_share_nothing_come_near_a_pair_even_of_one_name(state: str) -> None:
    rows = components(state).to_dict("records")
    relatives = {"microservices-demo", "opentelemetry-demo"}
    closest = max(
        similarity
        for one, other in combinations(rows, 2)
        if one["company"] != other["company"] and {one["company"], other["company"]} != relatives
        if min(one["shingles"], other["shingles"]) >= fingerprints.MIN_SHINGLES
        for similarity in [fingerprints.similarity(one["fingerprint"], other["fingerprint"])]
    )
    assert 0 < closest < MIN_SIMILARITY * SAME_NAME_SHARE
