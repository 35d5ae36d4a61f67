"""What a manifest says of its folder: name, version, licence, dependencies, and what it builds.

`parse` takes the bytes of one file and never raises: a broken or hostile manifest (huge, nested,
wrong types, not UTF-8) gives a Manifest with what could be known and a `problem` in words.
The formats live by family: `manifests_data` (JSON, TOML), `manifests_text`, `manifests_jvm`,
`manifests_dotnet`, and Backstage descriptors in `descriptors`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import PurePosixPath

from coordinator.errors import OrchError
from coordinator.manifests import data as manifests_data
from coordinator.manifests import descriptors
from coordinator.manifests import dotnet as manifests_dotnet
from coordinator.manifests import jvm as manifests_jvm
from coordinator.manifests import text as manifests_text
from coordinator.manifests.record import Manifest, Parser, one_line, unreadable

_FAMILIES = (manifests_data, manifests_text, manifests_jvm, manifests_dotnet, descriptors)


def _parser(path: str) -> tuple[str, Parser] | None:
    name = PurePosixPath(path).name.lower()
    return next((found for family in _FAMILIES if (found := family.parser(name))), None)


def kind_of(path: str) -> str:
    """The manifest format of the file at `path`; '' when it is no manifest."""
    found = _parser(path)
    return found[0] if found else ""


def parse(path: str, data: bytes | None) -> Manifest:
    """What the manifest at `path` says; never raises, `problem` says what could not be read.

    `data` None means that the file is missing or over the reader's limit.
    """
    found = _parser(path)
    if found is None:
        return Manifest("", path, problem="not a manifest this reader knows")
    kind, read = found
    manifest = Manifest(kind, path)
    problem = unreadable(data)
    if problem or data is None:
        return replace(manifest, problem=problem)
    try:
        return read(manifest, data.decode("utf-8-sig"))
    except RecursionError:
        problem = "nested too deeply"
    except json.JSONDecodeError as error:
        problem = f"not JSON: line {error.lineno}"
    except OrchError as error:
        problem = error.message
    except ValueError as error:
        problem = f"not readable: {type(error).__name__}"
    return replace(manifest, problem=one_line(problem))
