"""Copies over all companies: pairs, groups, origins and drift."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator.catalog import fingerprints
from coordinator.catalog.copies import (
    GROUP_COLUMNS,
    PAIR_COLUMNS,
    band_rows,
    compare,
    group_id,
    plain_name,
)


def code(start: int, count: int) -> bytes:
    return b"".join(
        b"int step_%d(int a) { return a * %d; }\n" % (i, i) for i in range(start, start + count)
    )


def component(company: str, path: str, content: bytes = b"", **other: Any) -> dict[str, Any]:
    found = fingerprints.fingerprint([content])
    row = {
        "id": f"{company}/{path}",
        "company": company,
        "name": path.rpartition("/")[2],
        "path": path,
        "version": "",
        "tree_hash": f"{company}{path}",
        "fingerprint": list(found.values),
        "fingerprint_version": fingerprints.VERSION,
        "shingles": found.shingles,
        "files": 1,
        "first_seen_at": pd.NaT,
    }
    return row | other


def seen(day: int) -> pd.Timestamp:
    return pd.Timestamp(f"2024-01-{day:02}", tz="UTC")


def table(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([*rows])


CART = code(0, 60)


def test_a_changed_copy_in_another_company_is_a_pair_with_its_drift() -> None:
    catalog = compare(
        table(
            component("beta", "basket", code(20, 60), first_seen_at=seen(9), version="1.1"),
            component("acme", "cart", CART, first_seen_at=seen(1), version="1.0"),
            component("acme", "user", code(500, 60)),
        ),
        min_similarity=0.15,
    )
    (pair,) = catalog.pairs.to_dict("records")
    assert (pair["left"], pair["right"]) == ("acme/cart", "beta/basket")
    assert 0.3 < pair["similarity"] < 0.7  # truly 0.5
    assert (pair["across"], pair["same_tree"]) == (True, False)
    assert pair["origin"] == "acme/cart"
    assert "of their code in common" in pair["reason"]
    (group,) = catalog.groups.to_dict("records")
    assert group["id"] == group_id("acme/cart")
    assert group["members"] == ["acme/cart", "beta/basket"]
    assert group["companies"] == ["acme", "beta"]
    assert group["versions"] == ["1.0", "1.1"]
    assert group["versions_differ"]
    assert group["drift"] == [0.0, pytest.approx(1 - pair["similarity"])]
    assert group["max_drift"] == group["drift"][1]
    marked = catalog.components.set_index("id")
    assert marked.loc["acme/cart", ["group", "copies", "origin"]].tolist() == [group["id"], 1, True]
    assert marked.loc["beta/basket", ["group", "copies", "origin"]].tolist() == [
        group["id"],
        1,
        False,
    ]
    assert marked.loc["acme/user", ["group", "copies", "origin"]].tolist() == ["", 0, False]
    assert marked.loc["beta/basket", "drift"] == group["max_drift"]


def test_the_same_tree_is_the_same_component_even_without_code() -> None:
    catalog = compare(
        table(
            component("acme", "chart", tree_hash="t1"), component("beta", "helm", tree_hash="t1")
        ),
        min_similarity=0.15,
    )
    (pair,) = catalog.pairs.to_dict("records")
    assert (pair["similarity"], pair["same_tree"]) == (1.0, True)
    assert catalog.groups["max_drift"].tolist() == [0.0]


def test_an_empty_folder_is_nobodys_copy() -> None:
    rows = [component(each, "a", tree_hash="t1", files=0) for each in ("acme", "beta")]
    assert compare(table(*rows), min_similarity=0.15).pairs.empty


def test_tiny_components_never_pair_by_content() -> None:
    tiny = code(0, 8)
    assert 0 < component("acme", "a", tiny)["shingles"] < fingerprints.MIN_SHINGLES
    catalog = compare(
        table(component("acme", "a", tiny), component("beta", "a", tiny)), min_similarity=0.15
    )
    assert catalog.pairs.empty


def test_unrelated_components_of_one_name_are_no_pair() -> None:
    catalog = compare(
        table(component("acme", "cart", CART), component("beta", "cart", code(900, 60))),
        min_similarity=0.15,
    )
    assert catalog.pairs.empty
    assert catalog.groups.empty


def test_half_the_similarity_is_enough_for_the_same_name() -> None:
    drifted = code(0, 20) + code(300, 80)  # truly 1 in 7 of the code
    low = fingerprints.similarity(
        component("a", "b", CART)["fingerprint"], component("a", "b", drifted)["fingerprint"]
    )
    least = low * 1.5
    named = table(component("acme", "cart", CART), component("beta", "CartService", drifted))
    other = table(component("acme", "cart", CART), component("beta", "wishes", drifted))
    assert len(compare(named, min_similarity=least).pairs) == 1
    assert compare(named, min_similarity=least).pairs["reason"][0].endswith("the same name")
    assert compare(other, min_similarity=least).pairs.empty


def test_copies_inside_one_company_are_flagged_and_make_no_group() -> None:
    catalog = compare(
        table(component("acme", "cart", CART), component("acme", "cart-2", CART)),
        min_similarity=0.15,
    )
    assert catalog.pairs["across"].tolist() == [False]
    assert catalog.groups.empty


def test_a_shared_package_does_not_make_a_copy() -> None:
    """checkout was copied; frontend only shares a package with the copy."""
    package = code(0, 40)
    catalog = compare(
        table(
            component("acme", "checkout", package + code(100, 60)),
            component("acme", "frontend", package + code(400, 120)),
            component("beta", "checkout", package + code(100, 50) + code(700, 20)),
        ),
        min_similarity=0.05,
    )
    across = catalog.pairs[catalog.pairs["across"]]
    assert across[["left", "right"]].to_numpy().tolist() == [["acme/checkout", "beta/checkout"]]
    assert ("acme/checkout", "acme/frontend") in set(
        zip(catalog.pairs["left"], catalog.pairs["right"], strict=True)
    )
    assert catalog.groups["members"].tolist() == [["acme/checkout", "beta/checkout"]]
    alone = compare(
        table(
            component("acme", "frontend", package + code(400, 120)),
            component("beta", "checkout", package + code(100, 50) + code(700, 20)),
        ),
        min_similarity=0.05,
    )
    assert len(alone.pairs) == 1  # without the better match it is the best there is


def spring(package: str, name: str) -> bytes:
    """A service that is no more than its framework's main class and a test."""
    boot = "org.springframework.boot"
    return f"""package {package};
import {boot}.SpringApplication;
import {boot}.autoconfigure.SpringBootApplication;
import {boot}.test.context.SpringBootTest;
import org.springframework.cloud.client.discovery.EnableDiscoveryClient;
import org.springframework.cloud.netflix.eureka.server.EnableEurekaServer;
import org.springframework.test.context.ActiveProfiles;
import org.junit.jupiter.api.Test;
@SpringBootApplication @EnableDiscoveryClient @EnableEurekaServer
public class {name} {{
    public static void main(String[] args) {{
        SpringApplication.run({name}.class, args);
    }}
}}
@SpringBootTest @ActiveProfiles("test")
class {name}Tests {{
    @Test
    void contextLoads() {{
    }}
}}
""".encode()


def test_two_services_of_one_framework_that_do_nothing_yet_are_no_pair() -> None:
    """A third of such a file is imports; with them it would be large enough to be compared."""
    rows = [
        component("acme", "registry", spring("com.acme.registry", "RegistryServer")),
        component("beta", "registry", spring("org.beta.discovery", "DiscoveryApplication")),
    ]
    assert fingerprints.similarity(rows[0]["fingerprint"], rows[1]["fingerprint"]) > 0.15
    assert compare(table(*rows), min_similarity=0.15).pairs.empty


def test_a_copy_made_twice_joins_its_group_twice() -> None:
    catalog = compare(
        table(
            component("acme", "cart", CART, first_seen_at=seen(1)),
            component("beta", "one", CART, first_seen_at=seen(2)),
            component("beta", "two", code(5, 60), first_seen_at=seen(3)),
        ),
        min_similarity=0.15,
    )
    assert catalog.groups["members"].tolist() == [["acme/cart", "beta/one", "beta/two"]]


def test_the_first_seen_is_the_origin_and_unknown_dates_come_last() -> None:
    rows = [
        component("acme", "cart", CART),
        component("beta", "cart", CART, first_seen_at=seen(5)),
        component("zeta", "cart", CART, first_seen_at=seen(4)),
    ]
    assert compare(table(*rows), min_similarity=0.15).groups["origin"].tolist() == ["zeta/cart"]


def test_with_equal_dates_the_one_most_like_the_others_is_the_origin() -> None:
    rows = [
        component("acme", "cart", code(0, 60), first_seen_at=seen(1)),
        component("beta", "cart", code(15, 60), first_seen_at=seen(1)),
        component("zeta", "cart", code(30, 60), first_seen_at=seen(1)),
    ]
    assert compare(table(*rows), min_similarity=0.15).groups["origin"].tolist() == ["beta/cart"]


def test_a_group_keeps_its_id_when_a_member_joins() -> None:
    rows = [
        component("acme", "cart", CART, first_seen_at=seen(1)),
        component("beta", "cart", CART, first_seen_at=seen(2)),
    ]
    late = component("alpha", "cart", CART, first_seen_at=seen(3))
    before = compare(table(*rows), min_similarity=0.15).groups
    after = compare(table(*rows, late), min_similarity=0.15).groups
    assert before["id"].tolist() == after["id"].tolist()
    assert after["members"].tolist() == [["acme/cart", "alpha/cart", "beta/cart"]]


def test_fingerprints_of_another_algorithm_are_not_compared() -> None:
    rows = [
        component("acme", "cart", CART),
        component("beta", "cart", CART, fingerprint_version=fingerprints.VERSION - 1),
    ]
    assert compare(table(*rows), min_similarity=0.15).pairs.empty


@pytest.mark.parametrize(
    "rows",
    [
        pd.DataFrame(),
        pd.DataFrame({"id": [], "company": []}),
        table(component("acme", "cart", CART)),
        table(component("acme", "cart", CART), component("acme", "user", code(200, 60))),
    ],
    ids=["nothing", "no-rows", "one", "one-company"],
)
def test_nothing_to_compare_gives_empty_tables_of_the_same_shape(rows: pd.DataFrame) -> None:
    catalog = compare(rows, min_similarity=0.15)
    assert [*catalog.pairs.columns] == [*PAIR_COLUMNS]
    assert [*catalog.groups.columns] == [*GROUP_COLUMNS]
    assert {"group", "copies", "origin", "drift"} <= {*catalog.components.columns}
    assert catalog.pairs["across"].dtype == bool
    assert len(catalog.components) == len(rows)


def test_missing_and_nan_cells_are_no_harm() -> None:
    whole = component("acme", "cart", CART, first_seen_at=seen(1))
    holes = dict.fromkeys(whole, np.nan) | {"id": "beta/x", "company": "beta"}
    nulls = dict.fromkeys(whole, None) | {"id": "zeta/x", "company": "zeta"}
    array = whole | {"id": "eta/cart", "company": "eta", "tree_hash": None}
    array["fingerprint"] = np.array(whole["fingerprint"])
    catalog = compare(table(whole, holes, nulls, array), min_similarity=0.15)
    assert catalog.pairs["similarity"].tolist() == [1.0]
    assert compare(table({"id": "a/b", "company": "a"}), min_similarity=0.15).pairs.empty


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(chance: random.Random) -> None:
    rows = [
        component(company, f"svc{index}", code(index * 20, 50), first_seen_at=seen(1 + index))
        for company in ("acme", "beta", "zeta")
        for index in range(4)
    ]
    first = compare(table(*rows), min_similarity=0.15)
    chance.shuffle(rows)
    second = compare(table(*rows), min_similarity=0.15)
    for one, other in zip(
        (first.pairs, first.groups, first.components),
        (second.pairs, second.groups, second.components),
        strict=True,
    ):
        pd.testing.assert_frame_equal(one, other)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["acme", "beta", "zeta"]), st.integers(0, 80), st.integers(1, 60)
        ),
        max_size=7,
    )
)
def test_pairs_groups_and_marks_agree(shapes: list[tuple[str, int, int]]) -> None:
    rows = [
        component(company, f"c{index}", code(start, count), first_seen_at=seen(1 + index))
        for index, (company, start, count) in enumerate(shapes)
    ]
    catalog = compare(table(*rows), min_similarity=0.2)
    assert (catalog.pairs["left"] < catalog.pairs["right"]).all()
    assert catalog.pairs["similarity"].between(0.1, 1).all()
    assert catalog.groups["id"].is_unique
    grouped = [member for members in catalog.groups["members"] for member in members]
    assert len(grouped) == len({*grouped})
    for group in catalog.groups.to_dict("records"):
        assert group["members"][0] == group["origin"]
        assert len({*group["companies"]}) > 1
        assert all(0 <= drift <= 1 for drift in group["drift"])
    if rows:
        marked = catalog.components
        assert {*marked.loc[marked["group"] != "", "id"]} == {*grouped}
        assert {*marked.loc[marked["origin"], "id"]} == {*catalog.groups["origin"]}


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("ProductCatalogService", "productcatalog"),
        ("product-catalog", "productcatalog"),
        ("cartservice", "cart"),
        ("Ordering.API", "ordering"),
        ("service", ""),
        ("", ""),
        ("pagamento", "pagamento"),
    ],
)
def test_names_lose_the_words_that_only_say_a_service(name: str, plain: str) -> None:
    assert plain_name(name) == (plain or name)


def test_bands_are_as_wide_as_the_recall_allows() -> None:
    assert (band_rows(0.05), band_rows(0.5), band_rows(0.95)) == (1, 2, 16)
    for threshold in (0.075, 0.15, 0.3, 0.5, 0.8):
        rows = band_rows(threshold)
        assert 1 - (1 - threshold**rows) ** (fingerprints.PERMUTATIONS // rows) >= 0.99
