"""Backstage's `catalog-info.yaml`: what a team itself says of its components.

Format: the Backstage software catalog, "Descriptor Format of Catalog Entities", kind Component.
A file may hold several documents; other kinds (API, System, Group...) are passed over.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from coordinator import yaml_text
from coordinator.errors import SettingsError
from coordinator.manifests.record import (
    MAX_DESCRIPTION,
    Manifest,
    Parser,
    items,
    names,
    one_line,
    table,
    unreadable,
)

MAX_DOCUMENTS = 200

_CATEGORY = {
    "service": "service",
    "website": "frontend",
    "frontend": "frontend",
    "library": "library",
    "documentation": "documentation",
    "tool": "tool",
    "job": "job",
    "database": "datastore",
}


def components(path: str, data: bytes | None) -> tuple[Manifest, ...]:
    """Every kind-Component document of the descriptor at `path`; never raises.

    A document that cannot be read gives a Manifest with its `problem` and no name.
    """
    blank = Manifest("backstage", path)
    problem = unreadable(data)
    if problem or data is None:
        return (replace(blank, problem=problem),)
    text = data.decode("utf-8-sig")
    found = []
    # a line of --- at its start cannot stand inside a YAML scalar, so cutting there is safe
    for document in re.split(r"(?m)^---(?:[ \t].*)?$", text)[:MAX_DOCUMENTS]:
        try:
            entity, _ = yaml_text.load(document, file=path)
        except SettingsError as error:
            found.append(replace(blank, problem=one_line(error.problem)))
            continue
        if entity.get("kind") == "Component":
            found.append(_component(blank, entity))
    return tuple(found)


def _component(blank: Manifest, entity: dict[str, Any]) -> Manifest:
    metadata, spec = table(entity.get("metadata")), table(entity.get("spec"))
    kind = one_line(spec.get("type")).lower()
    return replace(
        blank,
        name=one_line(metadata.get("name")),
        description=one_line(metadata.get("description"), MAX_DESCRIPTION),
        owner=one_line(spec.get("owner")),
        dependencies=names(items(spec.get("dependsOn"))),
        category=_CATEGORY.get(kind, ""),
    )


def _first(manifest: Manifest, text: str) -> Manifest:
    found = components(manifest.path, text.encode("utf-8", "replace"))
    return found[0] if found else replace(manifest, problem="no document of kind Component")


def parser(name: str) -> tuple[str, Parser] | None:
    """The kind and reader for a file called `name` (lower case), or None."""
    return ("backstage", _first) if name in ("catalog-info.yaml", "catalog-info.yml") else None
