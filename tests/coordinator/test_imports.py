"""What a file takes from elsewhere is cut out, and nothing else."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator.catalog import fingerprints
from coordinator.catalog.imports import without_imports


@pytest.mark.parametrize(
    ("code", "rest"),
    [
        (
            b"package a.b;\nimport java.util.List;\nimport static a.B.*;\nclass X {}\n",
            b"class X {}",
        ),
        (b'package main\nimport "fmt"\nimport (\n\t"os"\n\tpb "a/b"\n)\nvar x = 1\n', b"var x = 1"),
        (
            b"from a.b import c, d\nfrom x import (\n  y,\n  z,\n)\nimport os, sys\nx = 1\n",
            b"x = 1",
        ),
        (
            b"import R, { a,\n  b } from 'r';\nimport './s.css';\nimport * as z from \"z\";\nf();",
            b"f();",
        ),
        (b"const a = require('b');\nconst { c, d } = require('e').f;\nf();", b"f();"),
        (b"using System;\nusing A = B.C<D>;\nnamespace X.Y;\nclass Z {}", b"class Z {}"),
        (b'#include <a.h>\n# include "b.h"\nusing namespace std;\nint x;', b"int x;"),
        (b"use std::{a, b};\npub use q::r;\nuse x::*;\nmod m;", b"mod m;"),
        (b"require 'x'\nrequire_relative \"y\"\nputs 1\n", b"puts 1"),
        (b"namespace A\\B;\nuse C\\D;\nuse function E\\f;\nclass Z {}", b"class Z {}"),
    ],
    ids=["java", "go", "python", "javascript", "node", "csharp", "c", "rust", "ruby", "php"],
)
def test_imports_packages_and_includes_are_gone(code: bytes, rest: bytes) -> None:
    assert without_imports(code).split(b"\n")[-1 if not code.endswith(b"\n") else -2] == rest
    assert fingerprints.tokens(code) == fingerprints.tokens(rest)


@pytest.mark.parametrize(
    "code",
    [
        b"import_rows(1)\nimportant = 3\nfrom_where = 2\npackage_name = 1\n",
        b"users.use(x)\nx = requires\nreturn require\n",
        b"using (var s = new S()) {}\nusing var t = F();\n",
        b"const a = b(c);\nlet { d } = e;\n#define N 3\n",
        b"'use strict';\nfrom = 3\nselect a from b\n",
        b"import(\n  x => { return x }\n",
    ],
)
def test_other_code_stays(code: bytes) -> None:
    assert without_imports(code) == code


@pytest.mark.parametrize(
    "piece",
    [
        *[b"import (", b"import (\n", b"import {\n", b"import x, {\n", b"use a{\n", b"use a::"],
        *[
            b"from a import (\n",
            b"from a.",
            b"const a\n",
            b"const a = require(\n",
            b"using ",
            b"\t",
        ],
        *[b"using a = b\n", b"package a\n", b"# include", b"const a ={", b"pub use a{\n"],
    ],
)
def test_no_file_of_openings_takes_time_that_grows_with_its_square(piece: bytes) -> None:
    start = time.process_time()
    without_imports(piece * (fingerprints.MAX_FILE_BYTES // len(piece)))
    assert time.process_time() - start < 8  # 0.1 s where measured


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_only_get_shorter(data: bytes) -> None:
    assert len(without_imports(data)) <= len(data)
