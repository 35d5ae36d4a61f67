"""Fingerprints of code: what changes them, what does not, and how well they estimate."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator.catalog import fingerprints
from coordinator.catalog.code_files import (
    is_code,
    is_generated,
    is_test,
    language_of,
    main_language,
)


def program(start: int, count: int) -> bytes:
    """`count` distinct small functions, numbered from `start`."""
    return b"".join(
        b"def step_%d(left, right):\n    return left * %d + right - %d\n\n" % (i, i, i * 7)
        for i in range(start, start + count)
    )


def test_comments_and_white_space_change_nothing() -> None:
    plain = b'int add(int a, int b) { return a + b; }\nchar *s = "a // b";\n' * 3
    noisy = (
        b"/* Copyright Ada */\n"
        + plain.replace(b" ", b"\n\t ").replace(b"a\n\t //\n\t b", b"a // b")
        + b"// the end\n"
    )
    assert fingerprints.fingerprint([noisy]) == fingerprints.fingerprint([plain])


def test_python_and_shell_comments_change_nothing() -> None:
    assert fingerprints.tokens(b"# why\nx = 1  # because\n") == [b"x", b"=", b"1"]
    assert fingerprints.tokens(b"#define N 3\n")[:2] == [b"#", b"define"]


def test_the_quotes_of_a_string_change_nothing() -> None:
    single, double = b"f('a', '', \"it's\") + '", b'f("a", "", "it\'s") + \''
    assert fingerprints.tokens(single) == fingerprints.tokens(double)
    assert fingerprints.tokens(b"f('a')") != fingerprints.tokens(b"f(a)")


def test_the_order_of_files_changes_nothing() -> None:
    one, two = program(0, 30), program(100, 30)
    assert fingerprints.fingerprint([one, two]) == fingerprints.fingerprint([two, one])


def test_a_fingerprint_never_changes_between_runs_and_machines() -> None:
    found = fingerprints.fingerprint([program(0, 5)])
    assert (found.values[:3], found.shingles) == (PINNED, 59)
    assert len(found.values) == fingerprints.PERMUTATIONS


PINNED = (26160447, 1741381, 29342010)


def test_too_little_code_has_no_fingerprint() -> None:
    assert fingerprints.fingerprint([]) == fingerprints.Fingerprint((), 0)
    assert fingerprints.fingerprint([b"", b"a b c", b"// only a comment"]).values == ()


def test_unlike_code_shares_nothing_and_equal_code_everything() -> None:
    one = fingerprints.fingerprint([program(0, 60)])
    other = fingerprints.fingerprint([b"SELECT name FROM t%d WHERE id = 3;" % i for i in range(99)])
    assert fingerprints.similarity(one.values, one.values) == 1.0
    assert fingerprints.similarity(one.values, other.values) == 0.0
    assert fingerprints.similarity(one.values, ()) == 0.0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 100), st.integers(1, 60), st.integers(1, 60))
def test_the_estimate_stays_near_the_true_jaccard_similarity(
    shift: int, first: int, second: int
) -> None:
    one, other = program(0, first), program(shift, second)
    left, right = (set(fingerprints.shingles(each).tolist()) for each in (one, other))
    true = len(left & right) / len(left | right)
    estimate = fingerprints.similarity(
        fingerprints.fingerprint([one]).values, fingerprints.fingerprint([other]).values
    )
    assert estimate == pytest.approx(true, abs=0.25)  # 5.6 standard errors


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 1), st.integers(0, 10_000), st.integers(0, 10_000))
def test_containment_is_a_share(jaccard: float, left: int, right: int) -> None:
    assert 0.0 <= fingerprints.containment(jaccard, left, right) <= 1.0


def test_a_small_part_of_a_large_component_is_contained_though_hardly_similar() -> None:
    assert fingerprints.containment(0.1, 100, 1_000) == pytest.approx(1.0)
    assert fingerprints.containment(1.0, 50, 50) == 1.0


@pytest.mark.parametrize(
    "piece",
    [b"/*", b"<!--", b'"', b"'", b'\\"', b"a", b" ", b"\n", b"[", b"{a", b"-- ", b"#", b"\x80"],
)
def test_no_file_takes_time_that_grows_with_its_square(piece: bytes) -> None:
    start = time.process_time()
    fingerprints.fingerprint([piece * (600_000 // len(piece))])
    assert time.process_time() - start < 8  # a second where measured, minutes when quadratic


def test_an_open_comment_does_not_swallow_the_rest_of_a_script() -> None:
    assert b"after" in fingerprints.tokens(b"rm -rf /tmp/*\nafter\n")
    assert b"inside" not in fingerprints.tokens(b"/* inside */ after")


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_have_sorted_distinct_shingles(data: bytes) -> None:
    found = fingerprints.shingles(data)
    assert np.array_equal(found, np.unique(found))


# --- which files are code ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["cart/server.js", "src/Main.java", "a/b_test.go", "main.tf", "x.vue", "lib/vendored.py"],
)
def test_code_is_code(path: str) -> None:
    assert is_code(path)


@pytest.mark.parametrize(
    "path",
    [
        *["package-lock.json", "go.sum", "README.md", "data.csv", "logo.png", "jquery.min.js"],
        *["genproto/demo.go", "demo.pb.go", "demo_pb2.py", "demo_pb2_grpc.py", "demo_grpc_pb.js"],
        *["node_modules/x/index.js", "vendor/a/a.go", "wwwroot/lib/a.js", "Data.Designer.cs"],
        *["demo.proto", "schema.sql", "index.html", "gradlew.bat", "values.yaml", "dist/app.js"],
    ],
)
def test_lock_files_generated_vendored_and_data_are_not(path: str) -> None:
    assert not is_code(path)


def test_generated_and_minified_files_are_known_by_their_content() -> None:
    assert is_generated(b"// Code generated by protoc-gen-go. DO NOT EDIT.\npackage x\n")
    assert is_generated(b"# Generated by the protocol buffer compiler.  DO NOT EDIT!\n")
    assert is_generated(b"var a=1;" * 1_000)
    assert not is_generated(program(0, 300))


def test_test_code_is_known_by_folder_and_name() -> None:
    for path in (
        "tests/a.py",
        "a_test.go",
        "web/a.spec.ts",
        "src/test/java/A.java",
        "CartTests.cs",
    ):
        assert is_test(path), path
    for path in ("src/contest.py", "latest/a.go", "attest.js"):
        assert not is_test(path), path


def test_the_language_is_that_of_most_bytes_and_scripts_come_last() -> None:
    assert main_language([("a.go", 10), ("b.sh", 500), ("c.py", 9)]) == "Go"
    assert main_language([("b.sh", 5), ("x.md", 900)]) == "Shell"
    assert main_language([("a.py", 5), ("a.go", 5)]) == "Go"
    assert main_language([]) == ""
    assert language_of("a/b.TSX") == "TypeScript"
