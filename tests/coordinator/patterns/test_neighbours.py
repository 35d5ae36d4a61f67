"""The nearest rows of other companies, and that little by little gives the same as at once."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator.patterns import neighbours
from coordinator.patterns.neighbours import mutual, nearest, updated
from coordinator.patterns.rows import Rows, distinct
from coordinator.patterns.searching import MOST, PER_COMPANY, Hits, trimmed


def rows_of(vectors: dict[str, tuple[float, ...]]) -> Rows:
    ids = sorted(vectors)
    width = len(next(iter(vectors.values()))) if vectors else 0
    matrix = np.array([vectors[id] for id in ids], dtype=np.float32).reshape(len(ids), width)
    return distinct(Rows(ids, [id.partition("/")[0] for id in ids], matrix))


def at(degrees: float, height: float = 0.0) -> tuple[float, float, float]:
    """A unit vector at that angle."""
    flat = math.sqrt(1 - height**2)
    turned = math.radians(degrees)
    return flat * math.cos(turned), flat * math.sin(turned), height


def drawn(count: int, companies: int, *, seed: int = 3, groups: int = 40) -> Rows:
    """Rows in groups of which each is about as alike as texts on one subject."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(groups, 32))
    vectors = centres[random.integers(0, groups, count)] + random.normal(size=(count, 32)) * 0.5
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    owners = [f"c{number}" for number in random.integers(0, companies, count)]
    ids = [f"{owner}/{number:06}" for number, owner in enumerate(owners)]
    return distinct(Rows(ids, owners, vectors.astype(np.float32)))


# -- what stands in a list ----------------------------------------------------------------------


def test_neighbours_are_rows_of_other_companies_the_nearest_first() -> None:
    found = updated(
        {}, rows_of({"a/1": at(0), "b/1": at(20), "c/1": at(10), "a/2": at(1)}), least=0.9
    )
    assert [one for one, _ in found.lists["a/1"]] == ["c/1", "b/1"]
    assert dict(found.lists["a/1"])["c/1"] == pytest.approx(math.cos(math.radians(10)), abs=1e-3)
    assert found.searched == 4


def test_a_list_holds_few_rows_of_one_company_and_few_in_all() -> None:
    crowd = {f"{company}/{n}": at(n) for company in "bcdefgh" for n in range(9)}
    found = updated({}, rows_of({"a/1": at(0), **crowd}), least=0.5).lists["a/1"]
    owners = [one.partition("/")[0] for one, _ in found]
    assert len(found) == MOST
    assert max(owners.count(one) for one in owners) == PER_COMPANY


def test_of_equally_near_rows_the_first_by_id_is_kept() -> None:
    ring = {f"b/{n}": at(36 * n, 0.9) for n in range(10)}
    found = updated({}, rows_of({"a/1": (0.0, 0.0, 1.0), **ring}), least=0.5).lists["a/1"]
    assert [one for one, _ in found] == ["b/0", "b/1", "b/2"]


@pytest.mark.parametrize(
    "vectors",
    [
        {},
        {"a/1": at(0)},
        {"a/1": at(0), "a/2": at(0), "a/3": at(1)},
        {"a/1": (0.0, 0.0, 0.0), "b/1": (0.0, 0.0, 0.0)},
        {"a/1": (math.nan,) * 3, "b/1": (math.nan,) * 3},
    ],
    ids=["nobody", "one row", "one company", "zero", "not a number"],
)
def test_where_nothing_can_be_compared_there_are_no_pairs(
    vectors: dict[str, tuple[float, ...]],
) -> None:
    found = updated({}, rows_of(vectors), least=0.5)
    assert not list(mutual(found.lists))


def test_pairs_are_mutual_and_come_once() -> None:
    lists = {
        "a/1": (("b/1", 0.9), ("c/1", 0.8)),
        "b/1": (("a/1", 0.9),),
        "c/1": (("b/1", 0.7),),
    }
    assert list(mutual(lists)) == [("a/1", "b/1", 0.9)]


def test_a_pair_with_a_row_that_is_gone_is_none() -> None:
    assert list(mutual({"a/1": (("b/1", 0.9),)})) == []


def test_trimming_again_with_more_equals_trimming_at_once() -> None:
    random = np.random.default_rng(1)
    codes = np.sort(random.integers(0, 8, 120))
    pairs = random.integers(0, 120, (4_000, 2))
    pairs = pairs[codes[pairs[:, 0]] != codes[pairs[:, 1]]]
    cosines = ((pairs.sum(axis=1) * 7) % 50) / 50  # many of them equal
    hits = Hits(pairs[:, 0], pairs[:, 1], cosines)
    half = len(cosines) // 2
    first = trimmed(hits.picked(np.arange(half)), codes)
    then = trimmed(Hits.joined([hits.picked(np.arange(half, len(cosines))), first]), codes)
    once = trimmed(hits, codes)
    for one, other in zip(vars(then).values(), vars(once).values(), strict=True):
        assert (one == other).all()


def test_two_tellings_of_one_text_are_never_more_than_the_same() -> None:
    """Rounded to the grid a vector may be a little longer than one."""
    random = np.random.default_rng(4)
    vectors = random.normal(size=(50, 384))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = [f"{company}/{n:02}" for company in "ab" for n in range(50)]
    rows = distinct(Rows(ids, [id[0] for id in ids], np.tile(vectors, (2, 1)).astype("f4")))
    lengths = np.linalg.norm(rows.vectors, axis=1)
    assert float(lengths.max()) > 1.00005
    found = updated({}, rows, least=0.5).lists
    assert max(cosine for near in found.values() for _, cosine in near) == 1
    assert {id: near[0][0] for id, near in found.items()}["a/07"] == "b/07"


# -- little by little ---------------------------------------------------------------------------

IDS = [f"{company}/{n}" for company in "abcdefg" for n in range(5)]
VECTORS = [at(angle, height) for angle in (0, 0.5, 3, 20, 40, 90) for height in (0.0, 0.3)]
CHANGES = st.dictionaries(st.sampled_from(IDS), st.sampled_from([None, *VECTORS]), max_size=12)


@settings(max_examples=150)
@given(st.lists(CHANGES, min_size=1, max_size=8))
def test_little_by_little_gives_exactly_what_is_found_at_once(
    steps: list[dict[str, tuple[float, ...] | None]],
) -> None:
    known: dict[str, tuple[float, ...]] = {}
    lists: dict[str, neighbours.Near] = {}
    for step in steps:
        after = {id: vector for id, vector in {**known, **step}.items() if vector is not None}
        changed = [id for id in after if id in known and known[id] != after[id]]
        rows = rows_of(after)
        lists = dict(updated(lists, rows, least=0.9, changed=changed).lists)
        known = after
        assert lists == updated({}, rows, least=0.9).lists


def test_little_by_little_equals_at_once_with_real_widths_and_full_lists() -> None:
    whole = drawn(1_500, 6)
    random = np.random.default_rng(9)
    lists: dict[str, neighbours.Near] = {}
    for _ in range(6):
        there = np.flatnonzero(random.random(len(whole.ids)) < 0.8)
        rows = Rows(
            [whole.ids[at] for at in there],
            [whole.companies[at] for at in there],
            whole.vectors[there],
        )
        lists = dict(updated(lists, rows, least=0.6).lists)
    assert lists == updated({}, rows, least=0.6).lists
    assert max(map(len, lists.values())) > PER_COMPANY


def test_a_change_costs_its_own_neighbours_only() -> None:
    rows = drawn(2_000, 5)
    known = updated({}, rows, least=0.6)
    assert known.searched == len(rows.ids)
    assert updated(known.lists, rows, least=0.6).searched == 0
    assert updated(known.lists, rows, least=0.6, changed=rows.ids[:3]).searched < 40
    some = Rows(rows.ids[:-10], rows.companies[:-10], rows.vectors[:-10])
    fewer = updated(known.lists, some, least=0.6)
    waiting = {
        id for id, near in known.lists.items() if {one for one, _ in near} & {*rows.ids[-10:]}
    }
    assert fewer.searched <= len(waiting) < 200
    assert updated(fewer.lists, rows, least=0.6).searched == 10


def test_a_list_that_was_not_full_needs_no_search_when_it_loses_a_row() -> None:
    vectors = {"a/1": at(0), "b/1": at(1), "c/1": at(2), "d/1": at(3), "e/1": at(4)}
    known = updated({}, rows_of(vectors), least=0.9)
    del vectors["e/1"]
    assert updated(known.lists, rows_of(vectors), least=0.9).searched == 0


def test_a_list_that_was_full_is_searched_again_when_it_loses_any_row() -> None:
    vectors = {f"{company}/{n}": at(2 * n) for company in "bcdefghij" for n in (1, 2)}
    vectors["a/1"] = at(0)
    known = updated({}, rows_of(vectors), least=0.9)
    assert len(known.lists["a/1"]) == MOST
    del vectors["b/1"]
    fewer = updated(known.lists, rows_of(vectors), least=0.9)
    assert fewer.lists == updated({}, rows_of(vectors), least=0.9).lists
    assert len(fewer.lists["a/1"]) == MOST


# -- one company against all others -------------------------------------------------------------


def flooded(*, copies: bool, count: int = 3_000) -> tuple[Rows, Rows]:
    """Four companies with little in common, with and without one that repeats a text of theirs."""
    few = drawn(400, 4, groups=60)
    random = np.random.default_rng(2)
    noise = np.zeros((count, 32)) if copies else random.normal(size=(count, 32)) * 0.02
    vectors = few.vectors[7] + noise
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    ids = [*few.ids, *(f"flood/{number:06}" for number in range(count))]
    owners = [*few.companies, *["flood"] * count]
    return few, distinct(Rows(ids, owners, np.concatenate([few.vectors, vectors])))


@pytest.mark.parametrize("copies", [True, False], ids=["copies", "near copies"])
@pytest.mark.parametrize("products", [400_000_000, 0], ids=["exact", "inverted"])
def test_a_company_that_repeats_itself_crowds_nobody_out(
    copies: bool, products: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    few, many = flooded(copies=copies)
    alone = set(mutual(updated({}, few, least=0.6).lists))
    monkeypatch.setattr(neighbours, "EXACT_PRODUCTS", products)
    monkeypatch.setattr(neighbours, "EXACT_ROOTS", 1 if products == 0 else 10_000)
    found = updated({}, many, least=0.6)
    pairs = set(mutual(found.lists))
    assert len(alone) > 100
    assert len(alone - pairs) <= len(alone) * (0 if products else 0.01)
    flood = sum("flood" in one + other for one, other, _ in pairs)
    assert flood <= PER_COMPANY * 4 * 20
    assert all(len(near) <= MOST for near in found.lists.values())


def test_two_companies_that_repeat_one_text_still_leave_it_to_others() -> None:
    random = np.random.default_rng(2)
    centre = np.eye(32, dtype=np.float32)[0]

    def near(count: int) -> np.ndarray:
        vectors = centre + random.normal(size=(count, 32)) * 0.02
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    owners = ["flood"] * 400 + ["other-flood"] * 400 + ["small"]
    ids = [f"{owner}/{number:04}" for number, owner in enumerate(owners)]
    rows = distinct(
        Rows(ids, owners, np.concatenate([near(400), near(400), centre[None]]).astype(np.float32))
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "EXACT_PRODUCTS", 0)
        patch.setattr(neighbours, "EXACT_ROOTS", 1)
        lists = updated({}, rows, least=0.6).lists
    without = [id for id, near in lists.items() if "small/0800" not in dict(near)]
    assert len(without) <= 10  # the small company's row is in nearly everybody's list
    owners_near = [one.partition("/")[0] for one, _ in lists["small/0800"]]
    assert sorted({*owners_near}) == ["flood", "other-flood"]


# -- the inverted file --------------------------------------------------------------------------


def test_the_inverted_file_finds_nearly_all_pairs_and_none_of_one_company(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = drawn(6_000, 8, groups=300)
    exact = set(mutual(updated({}, rows, least=0.6).lists))
    monkeypatch.setattr(neighbours, "EXACT_PRODUCTS", 0)
    monkeypatch.setattr(neighbours, "EXACT_ROOTS", 1)
    found = updated({}, rows, least=0.6)
    pairs = set(mutual(found.lists))
    assert len(exact) > 5_000
    assert len(exact & pairs) >= 0.99 * len(exact)
    own = [(id, one) for id, near in found.lists.items() for one, _ in near if id[:2] == one[:2]]
    assert own == []
    cosines = {(one, other): cosine for one, other, cosine in exact}
    assert all(cosines.get((one, other), cosine) == cosine for one, other, cosine in pairs)
    assert capfd.readouterr() == ("", "")  # it would stand in the output of a command


def test_many_new_rows_are_searched_together_and_few_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = drawn(2_000, 4)
    known = updated({}, rows, least=0.6).lists
    monkeypatch.setattr(neighbours, "EXACT_PRODUCTS", 1_000)
    monkeypatch.setattr(neighbours, "EXACT_ROOTS", 5)
    half = {id: known[id] for id in rows.ids[:1_000]}
    assert updated(half, rows, least=0.6).searched == 2_000
    most = {id: known[id] for id in rows.ids[50:]}
    assert updated(most, rows, least=0.6).searched == 50


# -- asked from outside -------------------------------------------------------------------------


def test_the_nearest_of_some_rows_are_all_that_are_alike_enough() -> None:
    rows = rows_of({"a/1": at(0), "a/2": at(170), "b/1": at(10), "b/2": at(11), "c/1": at(60)})
    found = {rows.ids[at]: dict(near) for at, near in nearest(rows, [0, 1], least=0.9)}
    assert {id: [*near] for id, near in found.items()} == {"a/1": ["b/1", "b/2"]}
