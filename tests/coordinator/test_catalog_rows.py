"""What the catalog says of a component: content, licence, owner, life, and what is read again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator.catalog import COLUMNS, discover, fingerprints, remembered
from coordinator.catalog.rows import lives
from coordinator.git import Snapshot, TreeEntry
from coordinator.settings import CatalogSettings

MakeRepository = Callable[[dict[str, str | bytes]], Any]

CODE = "".join(f"function step{i}(a) {{ return a * {i} }}\n" for i in range(40))
SHOP: dict[str, str | bytes] = {
    "LICENSE": "Apache License\nVersion 2.0, January 2004\n",
    "CODEOWNERS": "/cart/ @team-cart\n",
    "cart/README.md": "# Cart\n\n[![ok](a.svg)](b)\n\nKeeps the cart of a visitor.\n",
    "cart/package.json": '{"description": "in npm", "author": "Ada", "version": "1.0.0"}',
    "cart/server.js": CODE,
    "cart/genproto/demo.js": CODE * 3,
    "cart/package-lock.json": "{}" * 999,
    "user/package.json": '{"license": "ISC", "description": "Knows users", "author": "Ada",'
    ' "main": "server.js"}',
    "user/server.js": CODE.replace("step", "walk"),
}


def history(*rows: tuple[str, str, list[str]], cut: int = 0) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": [sha for sha, _, _ in rows],
            "committed_at": pd.to_datetime([when for _, when, _ in rows], utc=True),
            "paths": [paths for _, _, paths in rows],
            "path_count": [len(paths) + cut for _, _, paths in rows],
        }
    )


def test_a_row_says_what_where_whose_and_under_which_licence(repository: MakeRepository) -> None:
    cart, user = (row for _, row in repository(SHOP).discover().components.iterrows())
    assert (cart["description"], user["description"]) == (
        "Keeps the cart of a visitor.",
        "Knows users",
    )
    assert (cart["owner"], user["owner"]) == ("@team-cart", "Ada")
    assert (cart["licence"], user["licence"]) == ("Apache-2.0", "ISC")
    assert (cart["version"], cart["manifests"]) == ("1.0.0", ["cart/package.json"])
    assert cart["files"] == 5
    assert cart["code_bytes"] == len(CODE)  # neither the lock file nor generated code


def test_a_licence_nearby_that_is_unknown_is_not_overruled(repository: MakeRepository) -> None:
    files = SHOP | {"cart/LICENSE": "All rights reserved."}
    assert repository(files).discover().components["licence"][0] == ""


def test_the_table_has_one_shape_whether_empty_or_not(repository: MakeRepository) -> None:
    full = repository(SHOP).discover().components
    empty = repository({"README.md": "# Nothing here"}).discover().components
    assert [*full.columns] == [*empty.columns] == [*COLUMNS]
    for column in ("first_seen_at", "last_changed_at", "confidence", "shingles", "files"):
        assert full[column].dtype == empty[column].dtype
    assert str(full["first_seen_at"].dtype) == "datetime64[us, UTC]"


# --- life ----------------------------------------------------------------------------------------


def test_a_component_lives_from_its_first_to_its_last_commit(repository: MakeRepository) -> None:
    commits = history(
        ("c3", "2024-03-01", ["cart/server.js", "README.md"]),
        ("c1", "2024-01-01", ["cart/gone.js"]),
        ("c2", "2024-02-01", ["user/server.js"]),
        ("c4", "2024-04-01", ["cartography/a.js", "README.md"]),
        ("c5", "2024-05-01", []),
    )
    cart = repository(SHOP).discover(commits=commits).components.iloc[0]
    assert cart["first_seen_at"] == pd.Timestamp("2024-01-01", tz="UTC")
    assert cart["last_changed_at"] == pd.Timestamp("2024-03-01", tz="UTC")
    assert cart["last_commit"] == "c3"


def test_a_path_counts_for_the_innermost_component() -> None:
    commits = history(("c1", "2024-01-01", ["main.go"]), ("c2", "2024-02-01", ["web/a.js"]))
    found = lives(commits, {".": (".",), "web": ("web",)})
    assert (found["."].last_commit, found["web"].last_commit) == ("c1", "c2")


def test_a_component_of_layers_lives_by_all_of_them() -> None:
    commits = history(("c1", "2024-01-01", ["b/x.cs"]), ("c2", "2024-02-01", ["a/y.cs"]))
    found = lives(commits, {"a": ("a", "b")})
    assert (found["a"].first, found["a"].last_commit) == (commits["committed_at"][0], "c2")


def test_a_component_no_listed_path_touches_came_with_the_first_cut_commit() -> None:
    commits = history(("c1", "2024-01-01", ["x/1"]), ("c2", "2024-02-01", ["x/2"]), cut=700)
    found = lives(commits, {"cart": ("cart",)})["cart"]
    assert (found.first, found.last) == (commits["committed_at"][0], commits["committed_at"][0])
    assert lives(history(("c1", "2024-01-01", ["x/1"])), {"cart": ("cart",)})["cart"].first is None


# --- reading again -------------------------------------------------------------------------------


def test_an_unchanged_component_is_not_read_again(repository: MakeRepository) -> None:
    first = repository(SHOP).discover()
    changed = repository(SHOP | {"user/server.js": CODE})
    second = changed.discover(known=remembered(first.components))
    assert (second.known, second.read) == (1, 1)
    assert [path for path in changed.reads if path.endswith(".js")] == ["user/server.js"]
    fresh = repository(SHOP | {"user/server.js": CODE}).discover()
    pd.testing.assert_frame_equal(second.components, fresh.components)


def test_fingerprints_of_another_algorithm_are_not_remembered(repository: MakeRepository) -> None:
    components = repository(SHOP).discover().components
    assert len(remembered(components)) == 2
    components["fingerprint_version"] = fingerprints.VERSION - 1
    assert remembered(components) == {}
    assert remembered(pd.DataFrame()) == {}


def test_the_tree_hash_is_gits_own_and_equal_for_equal_folders(repository: MakeRepository) -> None:
    repo = repository({"a/package.json": '{"main": "x"}', "a/x.js": CODE})
    other = repository({"b/package.json": '{"main": "x"}', "b/x.js": CODE, "README.md": "x"})
    assert repo.only()["tree_hash"] == repo.tree("a") == other.only()["tree_hash"]


def test_generated_code_does_not_enter_the_fingerprint(repository: MakeRepository) -> None:
    plain = repository({"a/package.json": '{"main": "x"}', "a/x.js": CODE}).only()
    noisy = repository(
        {
            "a/package.json": '{"main": "x"}',
            "a/x.js": CODE,
            "a/y.js": "// Code generated by a tool. DO NOT EDIT.\n" + CODE.replace("step", "made"),
            "a/dist/z.js": CODE.replace("step", "built"),
        }
    ).only()
    assert [*noisy["fingerprint"]] == [*plain["fingerprint"]]
    assert plain["shingles"] > fingerprints.MIN_SHINGLES


# --- what strangers commit -----------------------------------------------------------------------


def test_broken_manifests_give_components_that_say_so(repository: MakeRepository) -> None:
    row = repository({"cart/package.json": "{broken", "cart/server.js": CODE}).only()
    assert (row["confidence"], row["version"]) == (0.6, "")
    assert row["reason"].endswith("not all readable")


def test_a_file_that_cannot_be_read_is_passed_over(repository: MakeRepository) -> None:
    repo = repository(SHOP)
    repo.contents.clear()
    found = repo.discover().components
    assert [*found["path"]] == ["cart", "user"]
    assert [*found["shingles"]] == [0, 0]


def test_links_and_submodules_are_not_followed(repository: MakeRepository) -> None:
    repo = repository({"cart/package.json": '{"main": "a"}', "cart/a.js": CODE})
    strange = (
        TreeEntry("evil/package.json", "120000", "blob", "0" * 40, 9),
        TreeEntry("module", "160000", "commit", "1" * 40, None),
    )
    repo.snapshot = Snapshot("c", repo.snapshot.tree_sha, (*repo.snapshot.entries, *strange))
    assert repo.paths() == ["cart"]


def test_names_with_control_characters_do_no_harm(repository: MakeRepository) -> None:
    row = repository(
        {"a\x1b[31m\nb/package.json": '{"main": "a"}', "a\x1b[31m\nb/x.js": CODE}
    ).only()
    assert row["name"].isprintable()
    assert row["reason"].isprintable()


parts = st.sampled_from(["src", "cart", "tests", "Shop.Api", "Shop.Domain", "k8s", "docs", "a b"])
names = st.sampled_from(
    [
        "package.json",
        "Dockerfile",
        "pom.xml",
        "go.mod",
        "main.go",
        "a.js",
        "Shop.Api.csproj",
        "Shop.Domain.csproj",
        "catalog-info.yaml",
        "main.tf",
        "kustomization.yaml",
        "README.md",
    ]
)
folders = st.lists(parts, max_size=3)
paths = st.builds(lambda folder, name: "/".join([*folder, name]), folders, names)


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(paths, st.binary(max_size=40), max_size=14))
def test_any_tree_gives_distinct_components_that_share_no_file(files: dict[str, bytes]) -> None:
    entries = tuple(
        TreeEntry(path, "100644", "blob", f"{index:040x}", len(data))
        for index, (path, data) in enumerate(sorted(files.items()))
    )
    snapshot = Snapshot("c" * 40, "t" * 40, entries)
    empty = history()
    rules = CatalogSettings(min_confidence=0)
    found = discover("shop", snapshot, files.get, rules, empty, {})
    again = discover("shop", snapshot, files.get, rules, empty, remembered(found.components))
    pd.testing.assert_frame_equal(found.components, again.components)
    assert found.components["id"].is_unique
    assert found.components["files"].sum() <= len(files)
    assert found.components["confidence"].between(0, 1).all()
    assert (found.components["reason"] != "").all()


def test_a_large_monorepo_is_walked_in_seconds() -> None:
    entries = [TreeEntry("package.json", "100644", "blob", "9" * 40, 10)]
    for index in range(3_000):
        for name in ("package.json", "server.js", "lib/a.js", "lib/b.js"):
            path = f"services/group{index % 30}/service{index}/{name}"
            entries.append(TreeEntry(path, "100644", "blob", f"{index:040x}", 10))
    snapshot = Snapshot("c" * 40, "t" * 40, tuple(entries))
    start = time.process_time()
    found = discover("shop", snapshot, lambda _: b"{}", CatalogSettings(), history(), {})
    assert len(found.components) == 3_000
    assert time.process_time() - start < 20  # two seconds where measured
