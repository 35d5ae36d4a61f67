"""Which licence a component is under, as an SPDX expression.

A manifest's own words come first, then the nearest LICENSE or COPYING file up the tree. What
cannot be recognised is '': unknown means that a person looks before anything is copied.
SPDX identifiers and the licence texts: https://spdx.org/licenses/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import PurePosixPath
from typing import Any

MAX_TEXT = 60_000

_NAMES = {
    "mit": "MIT",
    "mit license": "MIT",
    "the mit license": "MIT",
    "expat": "MIT",
    "apache": "Apache-2.0",
    "apache 2": "Apache-2.0",
    "apache2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache-2": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "apache software license 2.0": "Apache-2.0",
    "asl 2.0": "Apache-2.0",
    "bsd 2-clause": "BSD-2-Clause",
    "simplified bsd": "BSD-2-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "new bsd": "BSD-3-Clause",
    "new bsd license": "BSD-3-Clause",
    "modified bsd": "BSD-3-Clause",
    "gplv2": "GPL-2.0-only",
    "gpl-2": "GPL-2.0-only",
    "gpl-2.0": "GPL-2.0-only",
    "gplv2+": "GPL-2.0-or-later",
    "gpl-2.0+": "GPL-2.0-or-later",
    "gplv3": "GPL-3.0-only",
    "gpl-3": "GPL-3.0-only",
    "gpl-3.0": "GPL-3.0-only",
    "gplv3+": "GPL-3.0-or-later",
    "gpl-3.0+": "GPL-3.0-or-later",
    "lgplv2.1": "LGPL-2.1-only",
    "lgpl-2.1": "LGPL-2.1-only",
    "lgplv3": "LGPL-3.0-only",
    "lgpl-3.0": "LGPL-3.0-only",
    "agplv3": "AGPL-3.0-only",
    "agpl-3.0": "AGPL-3.0-only",
    "mpl 2.0": "MPL-2.0",
    "mpl-2": "MPL-2.0",
    "mozilla public license 2.0": "MPL-2.0",
    "epl 2.0": "EPL-2.0",
    "eclipse public license 2.0": "EPL-2.0",
    "eclipse public license - v 2.0": "EPL-2.0",
    "isc license": "ISC",
    "public domain": "",
    "the unlicense": "Unlicense",
}
"""Common words for a licence that are no SPDX identifier, lower case, without commas."""


@cache
def _licensing() -> Any:
    from license_expression import get_spdx_licensing

    return get_spdx_licensing()


def from_words(words: str) -> str:
    """The SPDX expression a manifest's licence field means; '' when it is not clear.

    ``SEE LICENSE IN x`` and ``UNLICENSED`` are not clear: the file or a person answers.
    """
    text = " ".join(words.split())[:200]
    plain = re.sub(r"^the |,|\bversion |\bv\.? ?(?=\d)", "", text.lower()).strip(" .")
    plain = " ".join(plain.split())
    known = _NAMES.get(text.lower(), _NAMES.get(plain))
    if known is not None:
        return known
    if not text or text.upper() == "UNLICENSED":
        return ""
    from license_expression import ExpressionError, ParseError

    # Cargo's old form "MIT/Apache-2.0" means a choice
    expression = text.replace("/", " OR ") if re.fullmatch(r"[\w.+-]+(/[\w.+-]+)+", text) else text
    try:
        parsed = _licensing().parse(expression, validate=True, strict=True)
    except (ExpressionError, ParseError, AttributeError, TypeError, IndexError):
        return ""  # the library fails in all these ways on text that is no expression
    return "" if parsed is None else str(parsed.render())


_Rule = tuple[str, re.Pattern[str]]


def _rules(*pairs: tuple[str, str]) -> tuple[_Rule, ...]:
    return tuple((spdx, re.compile(pattern)) for spdx, pattern in pairs)


# the title at the head of a text; the AGPL and the LGPL come before the GPL they quote
_TITLES = _rules(
    ("Apache-2.0", r"apache license,? version 2\.0|licensed under the apache license, version 2"),
    ("AGPL-3.0-only", r"gnu affero general public license"),
    ("LGPL-3.0-only", r"gnu lesser general public license.{0,40}version 3"),
    ("LGPL-2.1-only", r"gnu lesser general public license.{0,40}version 2\.1"),
    ("GPL-3.0-only", r"gnu general public license.{0,40}version 3"),
    ("GPL-2.0-only", r"gnu general public license.{0,40}version 2"),
    ("MPL-2.0", r"mozilla public license,? (version|v\.?) ?2\.0"),
    ("EPL-2.0", r"eclipse public license -? ?(version|v\.?) ?2\.0"),
)
_TITLE_WITHIN = 300

_BSD = r"redistribution and use in source and binary forms"
_SENTENCES = _rules(
    (
        "MIT",
        r"permission is hereby granted, free of charge, to any person obtaining a copy of this "
        r"software and associated documentation files",
    ),
    (
        "ISC",
        r"permission to use, copy, modify, and(/or)? distribute this software for any purpose "
        r"with or without fee is hereby granted",
    ),
    ("BSD-3-Clause", rf"{_BSD}(?=.*neither the name of)"),
    ("BSD-2-Clause", rf"{_BSD}(?!.*neither the name of)"),
    ("Unlicense", r"this is free and unencumbered software released into the public domain"),
)
_RESTRICTED = ("commons clause", "no commercial use", "non-commercial", "noncommercial")
_IDENTIFIER = re.compile(r"SPDX-License-Identifier:[ \t]*([\w.+() -]{1,100})")


def from_text(data: bytes) -> str:
    """The SPDX identifier of a licence file by its characteristic sentences; '' when unknown.

    Unknown are also texts that hold several licences, and those that add a restriction.
    """
    text = data[:MAX_TEXT].decode("utf-8", "replace")
    plain = " ".join(re.sub(r"[^\w.,()/+-]", " ", text.lower()).split())
    if any(words in plain for words in _RESTRICTED):
        return ""
    if match := _IDENTIFIER.search(text):
        return from_words(match[1])
    head = plain[:_TITLE_WITHIN]
    for spdx, title in _TITLES:
        if title.search(head):
            return spdx
    found = [spdx for spdx, sentence in _SENTENCES if sentence.search(plain)]
    return found[0] if len(found) == 1 else ""


_FILE = re.compile(r"(?i)(un)?licen[cs]e([-_.][\w.-]{1,30})?|copying(\.(txt|md|lesser))?")


def licence_files(paths: Iterable[str]) -> dict[str, str]:
    """The licence file of each folder that has one: ``{'' or folder: path}``.

    Of several in one folder the shortest name, then the first in the alphabet, is taken.
    """
    found: dict[str, str] = {}
    for path in sorted(paths, key=lambda each: (len(each), each)):
        name = PurePosixPath(path).name
        if _FILE.fullmatch(name) and not name.lower().endswith((".json", ".go", ".js", ".py")):
            found.setdefault(path.rpartition("/")[0], path)
    return found


def nearest_file(folder: str, files: Mapping[str, str]) -> str:
    """The licence file that applies to `folder`: its own or the nearest above; '' if none.

    A nearer file counts even when it is not recognised: a component's own unknown licence is
    never overruled by the repository's.
    """
    here = "" if folder == "." else folder
    while here and here not in files:
        here = here.rpartition("/")[0]
    return files.get(here, "")
