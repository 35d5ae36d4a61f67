"""Which folders of a repository are components.

The walk, each step a function of candidates:

1. every folder with a manifest is a candidate, but for tests, examples and generated code;
2. what only builds other folders goes (Maven aggregators, npm workspaces, umbrella packages);
3. .NET layers of one service become one candidate;
4. a candidate inside another one belongs to it, unless it stands on its own feet;
5. ``cart/src`` with its tests beside it is the component ``cart``;
6. infrastructure without manifests: Terraform, Kustomize, Kubernetes files, known products;
7. settings: named folders are components for certain, excluded ones never;
8. folders declared by hand are, whatever was said before.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from coordinator.catalog import names as said
from coordinator.catalog.declared import DECLARED, Declared
from coordinator.catalog.evidence import Candidate
from coordinator.catalog.infrastructure import infrastructure
from coordinator.catalog.tree import ROOT, Tree, ancestors, base, in_any, inside, parent
from coordinator.manifests import descriptors
from coordinator.manifests import parsing as manifests
from coordinator.manifests.record import Manifest
from coordinator.ports import BlobReader
from coordinator.settings import CatalogSettings

MAX_MANIFESTS = 5_000

_ORDER = (
    *("backstage", "npm", "maven", "gradle", "dotnet", "go", "cargo", "python", "composer", "mix"),
    *("gem", "cmake", "requirements", "helm", "dockerfile"),
)


@dataclass
class Found:
    """The candidates so far, and how many folders were left out for which reason."""

    candidates: dict[str, Candidate]
    left_out: Counter[str]

    def drop(self, path: str, reason: str) -> None:
        del self.candidates[path]
        self.left_out[reason] += 1

    def inside(self, folder: str) -> list[Candidate]:
        return [each for path, each in self.candidates.items() if inside(path, folder)]


def find(
    tree: Tree, read: BlobReader, rules: CatalogSettings, declared: Sequence[Declared] = ()
) -> Found:
    """The candidates of a repository after all rules, by folder."""
    found = _from_manifests(tree, read)
    _drop_builds_of_others(found, tree)
    _join_layers(found)
    _resolve_nesting(found, tree)
    _lift_source_folders(found)
    for candidate in infrastructure(tree, [*found.candidates.values()]):
        found.candidates[candidate.path] = candidate
    _apply_settings(found, tree, rules)
    _apply_declared(found, tree, declared)
    return found


# --- 1. manifests --------------------------------------------------------------------------------


def _from_manifests(tree: Tree, read: BlobReader) -> Found:
    by_folder: dict[str, list[Manifest]] = {}
    left_out: Counter[str] = Counter()
    dropped: dict[str, str] = {}
    for path in [path for path in tree.visible if manifests.kind_of(path)][:MAX_MANIFESTS]:
        folder = parent(path)
        reason = _why_not(folder)
        if reason:
            dropped[folder] = reason
            continue
        by_folder.setdefault(folder, []).append(manifests.parse(path, read(path)))
    for folder in [*by_folder]:
        if _is_test_project(folder, by_folder[folder]):
            dropped[folder] = "test project"
            del by_folder[folder]
    left_out.update(dropped.values())
    _descriptors_of_all(by_folder, read)
    return Found(
        {
            folder: Candidate(
                folder,
                tuple(sorted(each, key=lambda found: (_ORDER.index(found.kind), found.path))),
                (folder,),
            )
            for folder, each in sorted(by_folder.items())
        },
        left_out,
    )


def _why_not(folder: str) -> str:
    """Why no manifest in `folder` speaks for a component; '' when it may."""
    parts = {part.lower() for part in folder.split("/")}
    if not parts.isdisjoint(said.TEST_FOLDERS):
        return "test project"
    if not parts.isdisjoint(said.EXAMPLES):
        return "example or template"
    if not parts.isdisjoint(said.GENERATED):
        return "generated code"
    return ""


def _is_test_project(folder: str, found: Sequence[Manifest]) -> bool:
    if any(each.tests for each in found):
        return True
    return said.is_test(base(folder)) and not any(each.kind == "dockerfile" for each in found)


def _descriptors_of_all(by_folder: dict[str, list[Manifest]], read: BlobReader) -> None:
    """Give each Component of a descriptor with several to the folder of its name."""
    for folder in [*by_folder]:
        for manifest in [each for each in by_folder[folder] if each.kind == "backstage"]:
            entities = descriptors.components(manifest.path, read(manifest.path))
            for entity in entities if len(entities) > 1 else ():
                for other, described in by_folder.items():
                    if other != folder and base(other) == entity.name:
                        described.append(entity)
            if len(entities) != 1:  # none of its documents speaks of this folder itself
                by_folder[folder].remove(manifest)
        if not by_folder[folder]:
            del by_folder[folder]


# --- 2. builds of other folders ------------------------------------------------------------------


def _drop_builds_of_others(found: Found, tree: Tree) -> None:
    roofs = {up for path in found.candidates for up in ancestors(path)}
    for path, candidate in [*found.candidates.items()]:
        kept = tuple(each for each in candidate.manifests if not each.aggregates)
        if len(kept) == len(candidate.manifests) or candidate.descriptor is not None:
            continue
        if kept:
            found.candidates[path] = replace(candidate, manifests=kept)
        elif path in roofs or not tree.code_bytes(tree.under(path)):
            found.drop(path, "build of other folders")
    for path, candidate in [*found.candidates.items()]:
        only_docker = not candidate.packages and candidate.descriptor is None
        named_so = only_docker and base(path).lower() in said.BUILD_ONLY
        if named_so and not tree.code_bytes(tree.under(path)):
            found.drop(path, "build of other folders")


# --- 3. layers -----------------------------------------------------------------------------------


def _join_layers(found: Found) -> None:
    groups: dict[str, list[tuple[int, Candidate]]] = {}
    for candidate in found.candidates.values():
        project = next((each for each in candidate.packages if each.kind == "dotnet"), None)
        if project is not None and candidate.path != ROOT:
            service, place = said.layer_of(base(project.path).rpartition(".")[0])
            if service:
                groups.setdefault(service, []).append((place, candidate))
    for service, layers in sorted(groups.items()):
        layers.sort(key=lambda each: (each[0], each[1].path))
        programs = [each for _, each in layers if each.deployable]
        rest = [each for _, each in layers if not each.deployable]
        joined: dict[str, list[Candidate]] = {}
        for layer in rest if programs else ():  # without a program they are libraries
            entry = max(programs, key=lambda each: _shared_depth(each.path, layer.path))
            if not (inside(layer.path, entry.path) or inside(entry.path, layer.path)):
                joined.setdefault(entry.path, []).append(layer)
        for path, parts in joined.items():
            _join(found, found.candidates[path], parts, service.rpartition(".")[2])


def _shared_depth(left: str, right: str) -> int:
    """How many folders two paths have in common, from the top."""
    return len({*ancestors(left)} & {*ancestors(right)})


def _join(found: Found, entry: Candidate, layers: list[Candidate], name: str) -> None:
    folders = {each.path for each in layers}
    for layer in layers:
        del found.candidates[layer.path]
    joined = replace(
        entry,
        name=name,
        manifests=entry.manifests + tuple(each for one in layers for each in one.manifests),
        parts=(entry.path, *sorted(each for each in folders if not in_any(each, folders))),
    )
    found.candidates[entry.path] = joined
    _move_to_own_folder(found, joined)


def _move_to_own_folder(found: Found, joined: Candidate) -> None:
    """A service whose layers have a folder to themselves is that folder."""
    home = next(
        (up for up in ancestors(joined.path) if all(inside(part, up) for part in joined.parts)),
        ROOT,
    )
    others = [each for each in found.inside(home) if each.path != joined.path]
    if others or home in found.candidates:
        return
    del found.candidates[joined.path]
    found.candidates[home] = replace(joined, path=home, parts=(home,))


# --- 4. nesting ----------------------------------------------------------------------------------


def _resolve_nesting(found: Found, tree: Tree) -> None:
    below: dict[str, list[str]] = {path: [] for path in found.candidates}
    for path in found.candidates:
        for up in ancestors(path):
            if up in below:
                below[up].append(path)
    for path in sorted(below, key=lambda each: (each != ROOT, each.count("/"), each)):
        if path not in found.candidates:
            continue
        outer = found.candidates[path]
        nested = [found.candidates[each] for each in below[path] if each in found.candidates]
        if not nested:
            continue
        own = [each for each in nested if _stands_alone(each, outer)]
        if _is_umbrella(outer, nested, tree):
            found.drop(path, "build of other folders")
            continue
        parts = [each for each in nested if each not in own]
        for each in parts:
            found.drop(each.path, "part of another component")
        if not outer.packages:  # its Dockerfile builds the package inside it
            packages = tuple(one for each in parts for one in each.packages)
            found.candidates[path] = replace(outer, manifests=packages + outer.manifests)


def _is_umbrella(outer: Candidate, nested: list[Candidate], tree: Tree) -> bool:
    """Whether `outer` is only the shared roof over the components inside it."""
    if outer.descriptor is not None:
        return False
    if not outer.packages:  # a Dockerfile over one package builds it; over several it is a roof
        own = tree.code_bytes(_own_files(outer, nested, tree), tests=False)
        return sum(bool(each.packages) for each in nested) > 1 or (
            not own and sum(bool(each.dockerfiles) for each in nested) > 1
        )
    if outer.dockerfiles:
        return False
    if sum(_ships_code(each, tree) for each in nested) > 1:
        return True
    own = tree.code_bytes(_own_files(outer, nested, tree), tests=False)
    return not own and any(not _is_chart(each) for each in nested)


def _ships_code(candidate: Candidate, tree: Tree) -> bool:
    """Whether it builds an image of code of its own, and not a server for somebody else's."""
    return bool(candidate.dockerfiles) and (
        bool(candidate.packages) or tree.code_bytes(tree.under(candidate.path)) > 0
    )


def _own_files(outer: Candidate, nested: list[Candidate], tree: Tree) -> list[str]:
    theirs = {each.path for each in nested}
    return [path for path in tree.under(outer.path) if not in_any(path, theirs)]


def _is_chart(candidate: Candidate) -> bool:
    return all(each.kind == "helm" for each in candidate.manifests)


def _stands_alone(candidate: Candidate, outer: Candidate) -> bool:
    """Whether a candidate inside another one is a component of its own.

    Inside a folder it needs what it takes to ship alone: a package and a Dockerfile. Inside the
    repository's root a package is enough: ``web/package.json`` beside the root's ``go.mod``.
    """
    if candidate.descriptor is not None:
        return True
    if not outer.packages and outer.descriptor is None:
        return False
    packages = [each for each in candidate.packages if each.kind != "helm"]
    if not packages:
        return False
    if candidate.dockerfiles:
        return True
    listed_only = all(each.kind == "requirements" for each in packages)
    return outer.path == ROOT and not listed_only


# --- 5. source folders ---------------------------------------------------------------------------


def _lift_source_folders(found: Found) -> None:
    for path, candidate in [*found.candidates.items()]:
        if base(path).lower() not in ("src", "source") or len(candidate.parts) > 1:
            continue
        home = parent(path)
        if home in found.candidates or len(found.inside(home)) > 1:
            continue
        if any(inside(other, home) for other in found.candidates if other != path):
            continue
        del found.candidates[path]
        found.candidates[home] = replace(candidate, path=home, parts=(home,))


# --- 7. settings ---------------------------------------------------------------------------------


def folder_pattern(glob: str) -> re.Pattern[str]:
    """The folders a settings glob names: ``*`` within one level, ``**`` any number of levels.

    A glob names folders, not what is in them: ``libs/**`` means the folders in libs, as
    ``libs/*`` does.
    """
    text = re.sub(r"/\*\*/?$", "/*", glob.strip().rstrip("/"))
    pattern = ""
    for piece in re.split(r"(\*\*/|\*\*|\*|\?)", text):
        pattern += {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(
            piece, re.escape(piece)
        )
    return re.compile(pattern, re.DOTALL)


def _named(folder: str, globs: Sequence[re.Pattern[str]]) -> bool:
    return any(glob.fullmatch(folder) for glob in globs)


def _apply_settings(found: Found, tree: Tree, rules: CatalogSettings) -> None:
    globs = [folder_pattern(glob) for glob in rules.globs]
    folders = {up for path in tree.visible for up in ancestors(path)} if globs else set()
    for folder in sorted(each for each in folders if _named(each, globs)):
        known = found.candidates.get(folder) or Candidate(folder, (), (folder,))
        for each in found.inside(folder):
            if not _named(each.path, globs):
                found.drop(each.path, "part of another component")
        found.candidates[folder] = replace(known, certain="named in the settings")
    never = [folder_pattern(glob) for glob in rules.exclude]
    for path in [*found.candidates]:
        if any(_named(each, never) for each in (path, *ancestors(path))):
            found.drop(path, "excluded in the settings")


# --- 8. declared by hand -------------------------------------------------------------------------


def _apply_declared(found: Found, tree: Tree, declared: Sequence[Declared]) -> None:
    for each in declared:
        if each.path != ROOT and not tree.under(each.path):
            found.left_out[f"{DECLARED}, but not there"] += 1
            continue
        known = found.candidates.get(each.path) or Candidate(each.path, (), (each.path,))
        category = each.category or known.category
        found.candidates[each.path] = replace(known, certain=DECLARED, category=category)
