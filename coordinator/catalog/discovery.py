"""The components of one company's repository.

`discover` walks the tree of one commit: `catalog_folders` says which folders are components,
`catalog_evidence` what kind and how sure, `catalog_rows` fills in the rest. Content is read only
where it must be: a component whose tree is known from the last run keeps its fingerprint.

Categories: ``service`` (runs and answers), ``frontend`` (people look at it), ``library`` (others
build with it), ``datastore``, ``infrastructure`` (brokers, proxies, monitoring, deployment files),
``tool`` (load generators, command lines), ``job`` (runs and ends), ``documentation``.
Tests are no components.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from coordinator.catalog import fingerprints
from coordinator.catalog import folders as catalog_folders
from coordinator.catalog import rows as catalog_rows
from coordinator.catalog.code_files import is_code, is_generated
from coordinator.catalog.declared import Declared
from coordinator.catalog.evidence import Candidate, judge
from coordinator.catalog.fingerprints import Fingerprint
from coordinator.catalog.tree import Tree, ancestors, in_any
from coordinator.git import Snapshot
from coordinator.ports import BlobReader
from coordinator.settings import CatalogSettings

MAX_CODE_FILES = 20_000
"""Of a component with more code files the first ones by path are read."""

COLUMNS = (
    *("id", "company", "name", "path", "parts", "category", "description", "language", "version"),
    *("licence", "owner", "dependencies", "tree_hash", "fingerprint", "fingerprint_version"),
    *("shingles", "files", "code_bytes", "first_seen_at", "last_changed_at", "last_commit"),
    *("confidence", "reason", "manifests"),
)


@dataclass(frozen=True)
class KnownFingerprint:
    """What the last run read of a tree: it holds as long as the tree hash is the same."""

    values: tuple[int, ...]
    shingles: int


@dataclass(frozen=True)
class Discovered:
    """The components (`COLUMNS`, one row each, by path), and what was left out for which reason.

    `left_out` counts folders: ``test project``, ``generated code``, ``build of other folders``,
    ``part of another component``, ``below the confidence asked for``... `read` counts the code
    files whose content was read, `known` the components that needed none.
    """

    components: pd.DataFrame
    left_out: dict[str, int]
    read: int
    known: int


def remembered(components: pd.DataFrame) -> dict[str, KnownFingerprint]:
    """The fingerprints of an earlier `discover`, by tree hash, to be handed to the next one.

    Fingerprints of another algorithm version are not taken: they cannot be compared.
    """
    if components.empty or "fingerprint_version" not in components:
        return {}
    same = components[components["fingerprint_version"] == fingerprints.VERSION]
    return {
        tree: KnownFingerprint(tuple(int(value) for value in values), int(count))
        for tree, values, count in zip(
            same["tree_hash"], same["fingerprint"], same["shingles"], strict=True
        )
    }


def discover(
    company: str,
    snapshot: Snapshot,
    read: BlobReader,
    rules: CatalogSettings,
    commits: pd.DataFrame,
    known: Mapping[str, KnownFingerprint],
    declared: Sequence[Declared] = (),
) -> Discovered:
    """The components of `company` in the tree of one commit.

    `read` gives a file's content at a path, None when missing or too large. `commits` needs the
    columns id, committed_at, paths and path_count, in any order. `known` are the fingerprints of
    the last run (`remembered`), `declared` the folders people say are components: those that are
    in the tree are, whatever the settings leave out. Never raises for what stands in the
    repository.

    `tree_hash` is the sha of git's tree object of the component's folder, so equal folders have
    equal hashes in all companies; see `Tree.tree_hash` for components of several folders and for
    folders that contain other components.
    """
    tree = Tree(snapshot)
    found = catalog_folders.find(tree, read, rules, declared)
    words = {each.path: each for each in declared}
    holes = _holes(found.candidates)
    facts = catalog_rows.Facts(company, tree, read, commits, found.candidates)
    rows: list[dict[str, Any]] = []
    reads = reused = 0
    for path, candidate in sorted(found.candidates.items()):
        files = _files(candidate, tree, holes[path])
        judged = judge(candidate, files)
        if judged.confidence < rules.min_confidence:
            found.left_out["below the confidence asked for"] += 1
            continue
        row = facts.row(candidate, judged, files, holes[path]) | _said(words.get(path))
        earlier = known.get(row["tree_hash"])
        if earlier is not None:
            content, reused = Fingerprint(earlier.values, earlier.shingles), reused + 1
        else:
            content, count = _fingerprint(files, read)
            reads += count
        rows.append(row | {"fingerprint": list(content.values), "shingles": content.shingles})
    return Discovered(_frame(rows), dict(sorted(found.left_out.items())), reads, reused)


def _said(declared: Declared | None) -> dict[str, str]:
    """The words of a declaration that take the place of what the folder says."""
    if declared is None:
        return {}
    said = {"name": declared.name, "description": declared.description}
    return {column: words for column, words in said.items() if words}


def _holes(candidates: Mapping[str, Candidate]) -> dict[str, tuple[str, ...]]:
    """For each component the folders inside it that are components of their own."""
    owner = {part: path for path, each in candidates.items() for part in each.parts}
    holes: dict[str, set[str]] = {path: set() for path in candidates}
    for part, path in owner.items():
        for up in ancestors(part):
            if owner.get(up, path) != path:
                holes[owner[up]].add(part)
    return {path: tuple(sorted(found)) for path, found in holes.items()}


def _files(candidate: Candidate, tree: Tree, holes: Sequence[str]) -> list[str]:
    """The visible files of a component, without those of the components inside it."""
    without = {*holes}
    return [
        path
        for part in candidate.parts
        for path in tree.under(part)
        if not without or not in_any(path, without)
    ]


def _fingerprint(files: Sequence[str], read: BlobReader) -> tuple[Fingerprint, int]:
    """The fingerprint of the hand-written code among `files`, and how many files were read."""
    wanted = [path for path in files if is_code(path)][:MAX_CODE_FILES]
    contents = (read(path) for path in wanted)  # one file in memory at a time
    written = (data for data in contents if data is not None and not is_generated(data))
    return fingerprints.fingerprint(written), len(wanted)


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=[*COLUMNS])
    for column in ("first_seen_at", "last_changed_at"):
        frame[column] = pd.to_datetime(frame[column], utc=True).astype("datetime64[us, UTC]")
    return frame.astype(
        {
            "fingerprint_version": "int64",
            "shingles": "int64",
            "files": "int64",
            "code_bytes": "int64",
            "confidence": "float64",
        }
    )
