"""What a row of the catalog says of a component besides its kind: who, what, since when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from coordinator.catalog import fingerprints, licences, owners, readme
from coordinator.catalog.code_files import is_code, main_language
from coordinator.catalog.evidence import Candidate, Judgement
from coordinator.catalog.tree import ROOT, Tree, ancestors, base
from coordinator.manifests.record import names, one_line
from coordinator.ports import BlobReader


@dataclass(frozen=True)
class Life:
    """When a component's paths were first and last touched, and by which commit last."""

    first: datetime | None = None
    last: datetime | None = None
    last_commit: str = ""


class Facts:
    """Answers about one company's components, prepared once for the whole repository."""

    def __init__(
        self,
        company: str,
        tree: Tree,
        read: BlobReader,
        commits: pd.DataFrame,
        candidates: Mapping[str, Candidate],
    ) -> None:
        self._company = company
        self._tree = tree
        self._read = read
        self._licence_files = licences.licence_files(tree.visible)
        self._licence_of: dict[str, str] = {}
        place = next((place for place in owners.PLACES if tree.has(place)), None)
        self._owners = owners.parse(read(place)) if place else ()
        self._lives = lives(commits, {path: each.parts for path, each in candidates.items()})

    def row(
        self, candidate: Candidate, judged: Judgement, files: Sequence[str], holes: Sequence[str]
    ) -> dict[str, Any]:
        """One row, all columns but the fingerprint and its shingles."""
        path, packages = candidate.path, candidate.packages
        code = [each for each in files if is_code(each)]
        sizes = [(each, self._tree.entry(each).size or 0) for each in code]
        life = self._lives[path]
        return {
            "id": f"{self._company}/{path}",
            "company": self._company,
            "name": self._name(candidate),
            "path": path,
            "parts": list(candidate.parts),
            "category": judged.category,
            "description": self._description(candidate),
            "language": main_language(sizes) or _first(each.language for each in packages),
            "version": _first(each.version for each in candidate.manifests),
            "licence": self._licence(candidate),
            "owner": self._owner(candidate),
            "dependencies": _dependencies(candidate),
            "tree_hash": self._tree.tree_hash(candidate.parts, holes),
            "fingerprint_version": fingerprints.VERSION,
            "files": len(files),
            "code_bytes": sum(size for _, size in sizes),
            "first_seen_at": life.first,
            "last_changed_at": life.last,
            "last_commit": life.last_commit,
            "confidence": judged.confidence,
            "reason": one_line(judged.reason, 500),
            "manifests": [each.path for each in candidate.manifests],
        }

    def _name(self, candidate: Candidate) -> str:
        if candidate.descriptor is not None and candidate.descriptor.name:
            return candidate.descriptor.name
        if candidate.path != ROOT:
            return candidate.name or one_line(base(candidate.path))
        return candidate.name or _first(each.name for each in candidate.packages) or self._company

    def _description(self, candidate: Candidate) -> str:
        if candidate.descriptor is not None and candidate.descriptor.description:
            return candidate.descriptor.description
        folder = "" if candidate.path == ROOT else candidate.path + "/"
        beside = {
            path[len(folder) :].lower(): path
            for path in self._tree.under(candidate.path)
            if "/" not in path[len(folder) :]
        }
        file = next((beside[name] for name in readme.NAMES if name in beside), None)
        said = readme.first_paragraph(self._read(file)) if file else ""
        return said or _first(each.description for each in candidate.manifests)

    def _licence(self, candidate: Candidate) -> str:
        for manifest in candidate.manifests:
            spdx = licences.from_words(manifest.licence)
            if spdx:
                return spdx
        where = licences.nearest_file(candidate.path, self._licence_files)
        if where not in self._licence_of:
            data = self._read(where) if where else None
            self._licence_of[where] = licences.from_text(data) if data else ""
        return self._licence_of[where]

    def _owner(self, candidate: Candidate) -> str:
        """CODEOWNERS first: it decides who reviews; then the descriptor, then an author."""
        descriptor = candidate.descriptor.owner if candidate.descriptor is not None else ""
        return (
            owners.owner_of(candidate.path, self._owners)
            or descriptor
            or _first(each.owner for each in candidate.manifests)
        )


def _first(values: Iterable[str]) -> str:
    return next((value for value in values if value), "")


def _dependencies(candidate: Candidate) -> list[str]:
    """What the packages declare; for a component of Dockerfiles alone its base images."""
    sources = candidate.packages or candidate.dockerfiles
    declared = [name for each in sources for name in each.dependencies]
    if candidate.descriptor is not None:
        declared += candidate.descriptor.dependencies
    return list(names(declared))


def lives(commits: pd.DataFrame, folders: Mapping[str, Sequence[str]]) -> dict[str, Life]:
    """First and last commit of each component, from the paths the commits touched.

    A path counts for the innermost component around it. Git records no renames: a component
    that was moved is first seen at its new place when it was moved there. A commit lists at most
    500 paths; a component that no listed path touches is taken to be as old as the oldest commit
    with a cut list, since a large import is where it must have come from.
    """
    at = {part: path for path, parts in folders.items() for part in parts}
    owner: dict[str, str | None] = {}
    found = dict.fromkeys(folders, Life())
    cut = Life()
    if commits.empty:
        return found
    columns = ("id", "committed_at", "paths", "path_count")
    for sha, when, paths, count in zip(*(commits[each] for each in columns), strict=True):
        if pd.isna(when):
            continue
        for component in {_owner(path, at, owner) for path in paths}:
            if component is not None:
                found[component] = _lived(found[component], sha, when)
        if count > len(paths):
            cut = _lived(cut, sha, when)
    return {
        path: life if life.first is not None else Life(cut.first, cut.first, cut.last_commit)
        for path, life in found.items()
    }


def _owner(path: str, at: Mapping[str, str], known: dict[str, str | None]) -> str | None:
    """The component of the innermost part around `path`; `known` remembers folders asked for."""
    passed = []
    answer: str | None = None
    for folder in ancestors(path):
        if folder in known:
            answer = known[folder]
            break
        passed.append(folder)
        if folder in at:
            answer = at[folder]
            break
    known.update(dict.fromkeys(passed, answer))
    return answer


def _lived(life: Life, sha: str, when: datetime) -> Life:
    first = when if life.first is None else min(life.first, when)
    if life.last is None or (when, sha) > (life.last, life.last_commit):
        return Life(first, when, sha)
    return Life(first, life.last, life.last_commit)
