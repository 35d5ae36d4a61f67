"""Licences by a manifest's words and by a file's sentences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.catalog import licences

MIT = (
    "MIT License\n\nCopyright (c) 2024 Ada\n\nPermission is hereby granted, free of charge, to any "
    "person\nobtaining a copy of this software and associated documentation files (the "
    '"Software"), to deal in the Software without restriction'
)
BSD = "Redistribution and use in source and binary forms, with or without modification"


@pytest.mark.parametrize(
    ("words", "spdx"),
    [
        ("MIT", "MIT"),
        ("mit", "MIT"),
        ("The MIT License", "MIT"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("The Apache Software License, Version 2.0", "Apache-2.0"),
        ("MIT/Apache-2.0", "MIT OR Apache-2.0"),
        ("(MIT OR GPL-3.0-or-later)", "MIT OR GPL-3.0-or-later"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"),
        ("GPLv3", "GPL-3.0-only"),
        ("Eclipse Public License - v 2.0", "EPL-2.0"),
        ("New BSD License", "BSD-3-Clause"),
    ],
)
def test_words_become_an_spdx_expression(words: str, spdx: str) -> None:
    assert licences.from_words(words) == spdx


@pytest.mark.parametrize(
    "words",
    [
        *["", "UNLICENSED", "SEE LICENSE IN LICENSE.txt", "Proprietary", "MIT AND ours", "(("],
        *["and or", "Public Domain", "Apache-2.0)", "BSD"],
    ],
)
def test_words_that_are_not_clear_are_unknown(words: str) -> None:
    assert licences.from_words(words) == ""


@pytest.mark.parametrize(
    ("text", "spdx"),
    [
        (MIT, "MIT"),
        ("Apache License\n                 Version 2.0, January 2004", "Apache-2.0"),
        ('Licensed under the Apache License, Version 2.0 (the "License");', "Apache-2.0"),
        (f"{BSD} ... are permitted provided ...", "BSD-2-Clause"),
        (f"{BSD} ...\n* Neither the name of Ada nor", "BSD-3-Clause"),
        ("GNU GENERAL PUBLIC LICENSE\n   Version 3, 29 June 2007", "GPL-3.0-only"),
        ("GNU GENERAL PUBLIC LICENSE\n   Version 2, June 1991", "GPL-2.0-only"),
        (
            "GNU LESSER GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007\n"
            "This version incorporates the GNU General Public License version 3",
            "LGPL-3.0-only",
        ),
        ("GNU LESSER GENERAL PUBLIC LICENSE\nVersion 2.1, February 1999", "LGPL-2.1-only"),
        ("GNU AFFERO GENERAL PUBLIC LICENSE\nVersion 3, 19 November 2007", "AGPL-3.0-only"),
        ("Mozilla Public License Version 2.0\n====", "MPL-2.0"),
        ("Eclipse Public License - v 2.0\n\nTHE ACCOMPANYING PROGRAM", "EPL-2.0"),
        (
            "ISC License\nPermission to use, copy, modify, and/or distribute this software for\n"
            "any purpose with or without fee is hereby granted",
            "ISC",
        ),
        ("This is free and unencumbered software released into the public domain.", "Unlicense"),
        ("// SPDX-License-Identifier: Apache-2.0 OR MIT\n", "Apache-2.0 OR MIT"),
    ],
)
def test_a_text_is_known_by_its_characteristic_sentence(text: str, spdx: str) -> None:
    assert licences.from_text(text.encode()) == spdx


@pytest.mark.parametrize(
    "text",
    [
        "All rights reserved.",
        "x" * 400 + " It includes parts under the Apache License, Version 2.0",
        MIT + "\n\n" + BSD,
        '"Commons Clause" License Condition v1.0\n' + MIT,
        MIT + " for non-commercial purposes",
        "",
    ],
    ids=["own", "mentions", "two", "commons-clause", "restricted", "empty"],
)
def test_a_text_of_more_or_less_than_one_licence_is_unknown(text: str) -> None:
    assert licences.from_text(text.encode()) == ""


def test_the_nearest_file_up_the_tree_applies() -> None:
    files = licences.licence_files(["LICENSE", "cart/LICENSE.txt", "cart/src/license.go", "x/a"])
    assert files == {"": "LICENSE", "cart": "cart/LICENSE.txt"}
    assert licences.nearest_file("cart/src", files) == "cart/LICENSE.txt"
    assert licences.nearest_file("web/app", files) == "LICENSE"
    assert licences.nearest_file(".", files) == "LICENSE"
    assert licences.nearest_file("web", {}) == ""


@given(st.text(max_size=80))
def test_any_words_give_a_text(words: str) -> None:
    assert isinstance(licences.from_words(words), str)


@given(st.binary(max_size=300))
def test_any_bytes_give_a_text(data: bytes) -> None:
    assert isinstance(licences.from_text(data), str)
