"""The record of what a manifest says, and how values of strangers become clean text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MAX_BYTES = 512_000
MAX_DEPENDENCIES = 500
MAX_NAME = 200
MAX_DESCRIPTION = 2_000

REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]{0,127})")
"""The name at the start of a Python requirement."""

Runs = bool | None
"""Whether the manifest builds something that runs: None when it does not say."""


@dataclass(frozen=True)
class Manifest:
    """What one manifest says.

    `kind` is the format (``npm``, ``maven``, ``dockerfile``...), `path` the file. Texts are one
    line without control characters, '' when not said. `licence` is as written, not yet SPDX.
    `dependencies` are names without versions (for a Dockerfile: its base images).
    `aggregates` is true for a file that only builds other folders, `tests` for a test project,
    `category` is what the file itself calls the component (Backstage, .NET SDKs).
    """

    kind: str
    path: str
    name: str = ""
    version: str = ""
    description: str = ""
    licence: str = ""
    owner: str = ""
    language: str = ""
    dependencies: tuple[str, ...] = ()
    runs: Runs = None
    aggregates: bool = False
    tests: bool = False
    category: str = ""
    problem: str = ""


def one_line(value: object, limit: int = MAX_NAME) -> str:
    """`value` as one clean line when it is text or a number, else ''.

    Control characters and lone surrogates go: no table or terminal takes them.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    text = " ".join(str(value)[: limit * 4].split())
    return "".join(char for char in text if char.isprintable())[:limit].strip()


def table(value: object) -> Mapping[str, Any]:
    """`value` when it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def items(value: object) -> list[Any]:
    """`value` when it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def names(values: Iterable[object]) -> tuple[str, ...]:
    """The distinct clean names among `values`, in their order, at most `MAX_DEPENDENCIES`."""
    found: dict[str, None] = {}
    for value in values:
        name = one_line(value)
        if name:
            found.setdefault(name)
        if len(found) >= MAX_DEPENDENCIES:
            break
    return tuple(found)


def person(value: object) -> str:
    """A person's name out of ``Name <mail>``, ``{"name": …}`` or a list of either."""
    if isinstance(value, list):
        return next((found for item in value[:20] if (found := person(item))), "")
    if isinstance(value, Mapping):
        return one_line(value.get("name")) or one_line(value.get("email"))
    return one_line(value).split("<")[0].split("(")[0].strip() or one_line(value).strip("<> ")


Parser = Callable[[Manifest, str], Manifest]
"""A reader of one format: takes the blank record and the text; raises ValueError or SettingsError
for a text that is not of its format."""


def unreadable(data: bytes | None) -> str:
    """Why a manifest's bytes cannot be read as text at all; '' when they can."""
    if data is None:
        return "could not be read (missing or too large)"
    if len(data) > MAX_BYTES:
        return f"larger than {MAX_BYTES // 1000} kB"
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "not UTF-8"
    return ""
