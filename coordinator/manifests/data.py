"""Manifests that are JSON or TOML: package.json, composer.json, pyproject.toml, Cargo.toml."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from coordinator.manifests.record import (
    MAX_DESCRIPTION,
    REQUIREMENT,
    Manifest,
    Parser,
    items,
    names,
    one_line,
    person,
    table,
)

# --- package.json, composer.json -----------------------------------------------------------------


def _npm(manifest: Manifest, text: str) -> Manifest:
    data = table(json.loads(text))
    licence = data.get("license")
    if isinstance(licence, Mapping):  # the form npm deprecated in 2014
        licence = licence.get("type")
    runtime = table(data.get("dependencies"))
    scripts = table(data.get("scripts"))
    dependencies = names([*runtime, *table(data.get("peerDependencies"))])
    return replace(
        manifest,
        name=one_line(data.get("name")),
        version=one_line(data.get("version")),
        description=one_line(data.get("description"), MAX_DESCRIPTION),
        licence=one_line(licence),
        owner=person(data.get("author")),
        language="TypeScript"
        if "typescript" in table(data.get("devDependencies")) or "typescript" in runtime
        else "JavaScript",
        dependencies=dependencies,
        runs=True if "start" in scripts else (False if _is_library(data) else None),
        aggregates=bool(data.get("workspaces"))
        or ("devDependencies" in data and not (runtime or scripts or data.get("main"))),
        category="frontend" if BROWSER & {*dependencies} else "",
    )


BROWSER = frozenset(
    [
        "react-dom",
        "vue",
        "@angular/core",
        "svelte",
        "@sveltejs/kit",
        "next",
        "nuxt",
        "preact",
        "solid-js",
        "react-native",
        "expo",
        "ember-source",
        "lit",
        "gatsby",
        "astro",
    ]
)
"""npm packages that only a user interface depends on."""


def _is_library(data: Mapping[str, Any]) -> bool:
    return any(key in data for key in ("exports", "types", "typings", "files", "module"))


def _composer(manifest: Manifest, text: str) -> Manifest:
    data = table(json.loads(text))
    licence = data.get("license")
    alternatives = [one_line(item) for item in items(licence)] or [one_line(licence)]
    kind = one_line(data.get("type"))
    return replace(
        manifest,
        name=one_line(data.get("name")).rpartition("/")[2],
        version=one_line(data.get("version")),
        description=one_line(data.get("description"), MAX_DESCRIPTION),
        licence=" OR ".join(filter(None, alternatives)),
        owner=person(data.get("authors")),
        language="PHP",
        dependencies=names(
            name for name in table(data.get("require")) if "/" in name or name == "php"
        ),
        runs=True if kind == "project" else (False if kind == "library" else None),
    )


# --- pyproject.toml, Cargo.toml ------------------------------------------------------------------


# tomllib takes time quadratic in the parts of one dotted key: 42 s for 500 kB of them
_ENDLESS_KEY = re.compile(r"(?:[\w\"'-]{1,60}[ \t]{0,5}\.[ \t]{0,5}){40}")


def _toml(text: str) -> Mapping[str, Any]:
    if _ENDLESS_KEY.search(text):
        raise ValueError("a dotted key of more than 40 parts")
    return table(tomllib.loads(text))


def _pyproject(manifest: Manifest, text: str) -> Manifest:
    data = _toml(text)
    project, poetry = table(data.get("project")), table(table(data.get("tool")).get("poetry"))
    licence = project.get("license") or poetry.get("license")
    if isinstance(licence, Mapping):
        licence = licence.get("text")
    required = [
        match[1]
        for item in items(project.get("dependencies"))
        if (match := REQUIREMENT.match(one_line(item)))
    ]
    required += [name for name in table(poetry.get("dependencies")) if name != "python"]
    says_scripts = project.get("scripts") or poetry.get("scripts")
    return replace(
        manifest,
        name=one_line(project.get("name")) or one_line(poetry.get("name")),
        version=one_line(project.get("version")) or one_line(poetry.get("version")),
        description=one_line(project.get("description"), MAX_DESCRIPTION)
        or one_line(poetry.get("description"), MAX_DESCRIPTION),
        licence=one_line(licence),
        owner=person(project.get("authors")) or person(poetry.get("authors")),
        language="Python",
        dependencies=names(required),
        runs=True if says_scripts else (False if "build-system" in data else None),
        # a pyproject.toml that only configures ruff or mypy says nothing of a package
        aggregates=not (project or poetry or "build-system" in data),
    )


def _cargo(manifest: Manifest, text: str) -> Manifest:
    data = _toml(text)
    package = table(data.get("package"))
    return replace(
        manifest,
        name=one_line(package.get("name")),
        version=one_line(package.get("version")),
        description=one_line(package.get("description"), MAX_DESCRIPTION),
        licence=one_line(package.get("license")),
        owner=person(package.get("authors")),
        language="Rust",
        dependencies=names(table(data.get("dependencies"))),
        runs=False if "lib" in data and "bin" not in data else None,
        aggregates=not package,
    )


_BY_NAME: dict[str, tuple[str, Parser]] = {
    "package.json": ("npm", _npm),
    "composer.json": ("composer", _composer),
    "pyproject.toml": ("python", _pyproject),
    "cargo.toml": ("cargo", _cargo),
}


def parser(name: str) -> tuple[str, Parser] | None:
    """The kind and reader for a file called `name` (lower case), or None."""
    return _BY_NAME.get(name)
