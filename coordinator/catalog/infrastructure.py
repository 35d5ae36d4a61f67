"""Components without a manifest: what runs and feeds the services.

Terraform, Kustomize and Kubernetes folders, the configuration of known products (``grafana/``,
``postgresql/``), documentation sites, and shared code beside services. Guesses, so their
confidence is 0.5 to 0.7; none lies inside or around a component that speaks for itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from coordinator.catalog import names as said
from coordinator.catalog.code_files import is_code
from coordinator.catalog.evidence import Candidate
from coordinator.catalog.tree import ROOT, Tree, ancestors, base, inside, parent

_CONFIGURATION = (".yaml", ".yml", ".json", ".conf", ".ini", ".toml", ".sql", ".cfg", ".xml")
_SITE = re.compile(
    r"(mkdocs\.ya?ml|docusaurus\.config\.[jt]s|antora\.yml|book\.toml|_config\.yml)$"
)


def infrastructure(tree: Tree, known: Sequence[Candidate]) -> list[Candidate]:
    """The candidates that only files and names speak for, beside the `known` ones.

    Surer kinds come first and keep weaker ones out of the same folders.
    """
    taken = [each.path for each in known]
    if ROOT in taken:  # in a repository that is one component these files belong to it
        return []
    found: list[Candidate] = []
    beside = {
        parent(each.path) for each in known if any(one.kind != "helm" for one in each.manifests)
    }
    for folders, category, confidence, reason in (
        (_with_file(tree, lambda name: name.endswith(".tf")), "infrastructure", 0.7, "Terraform"),
        (_with_file(tree, lambda name: name.endswith(".bicep")), "infrastructure", 0.7, "Bicep"),
        (
            _with_file(tree, lambda name: bool(_SITE.fullmatch(name))),
            "documentation",
            0.6,
            "the configuration of a documentation site",
        ),
        (_kustomize(tree), "infrastructure", 0.6, "Kustomize files"),
        (_kubernetes(tree), "infrastructure", 0.5, "Kubernetes files"),
        (_products(tree, beside, said.DATASTORES), "datastore", 0.5, "configuration"),
        (_products(tree, beside, said.INFRASTRUCTURE), "infrastructure", 0.5, "configuration"),
        (_shared(tree, taken), "library", 0.5, "shared code"),
    ):
        busy = [*taken, *(each.path for each in found)]
        for folder in _topmost(folders):
            if not any(folder == at or inside(folder, at) or inside(at, folder) for at in busy):
                why = f"{reason} in {folder}/"
                found.append(
                    Candidate(
                        folder, (), (folder,), category=category, reason=why, confidence=confidence
                    )
                )
    return found


def _topmost(folders: Iterable[str]) -> list[str]:
    every = {*folders}
    return sorted(each for each in every if not any(up in every for up in ancestors(each)))


def _with_file(tree: Tree, wanted: Callable[[str], bool]) -> set[str]:
    return {
        parent(path)
        for path in tree.visible
        if "/" in path and wanted(base(path)) and not _is_aside(path)
    }


_OVERLAYS = frozenset(["base", "bases", "overlays", "components", "environments", "envs"])


def _kustomize(tree: Tree) -> set[str]:
    """The folders above base and overlays: they are the versions of one thing."""
    found = set()
    for folder in _with_file(tree, lambda name: name.startswith("kustomization.y")):
        parts = folder.split("/")
        cut = next((place for place, part in enumerate(parts) if part in _OVERLAYS), len(parts))
        found.add("/".join(parts[:cut]) or folder)
    return found


def _is_aside(path: str) -> bool:
    parts = {part.lower() for part in path.split("/")[:-1]}
    return not parts.isdisjoint(said.TEST_FOLDERS | said.EXAMPLES)


def _folders(tree: Tree) -> set[str]:
    return {up for path in tree.visible for up in ancestors(path) if up != ROOT}


def _kubernetes(tree: Tree) -> set[str]:
    found = set()
    for folder in _folders(tree):
        if not said.KUBERNETES.isdisjoint(
            said.words(base(folder).lower().replace("k8s", " kubernetes "))
        ):
            files = tree.under(folder)
            described = sum(path.endswith((".yaml", ".yml")) for path in files)
            if described * 3 >= len(files) and not _is_aside(folder + "/"):
                found.add(folder)
    return found


def _products(tree: Tree, beside: set[str], known: tuple[str, ...]) -> set[str]:
    """Folders named after a product, beside components, that hold configuration and no program."""
    found = set()
    for folder in _folders(tree):
        if parent(folder) in beside and said.product(base(folder), known):
            files = tree.under(folder)
            if any(path.endswith(_CONFIGURATION) for path in files) and not any(
                is_code(path) for path in files
            ):
                found.add(folder)
    return found


def _shared(tree: Tree, taken: Sequence[str]) -> set[str]:
    """Folders called shared or common with code, where at least two components stand beside."""
    found = set()
    siblings = Counter(parent(path) for path in taken)
    for folder in _folders(tree):
        named = siblings[parent(folder)] > 1 and base(folder).lower() in said.LIBRARY
        if named and any(is_code(path) for path in tree.under(folder)):
            found.add(folder)
    return found
