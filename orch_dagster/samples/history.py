"""A sample company's history as it is written down: `content/<company>/history.yaml` and files.

`files/` holds one woven file (`weave`) per path of the repository. Its name ends in ``.weave``, so
that no tool takes sample code, ignore rules or manifests for ours, and ``dot_`` stands for a
leading dot, because packaging leaves hidden files out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from coordinator import yaml_text
from coordinator.errors import UsageError
from orch_dagster.samples import weave

CONTENT = Path(__file__).parent / "content"
SUFFIX = ".weave"


@dataclass(frozen=True)
class SampleCommit:
    """One commit: `parents` are keys, `applied` all commits behind it and itself."""

    key: str
    parents: tuple[str, ...]
    author: str
    at: datetime
    message: str
    applied: frozenset[str]


@dataclass(frozen=True)
class SampleFile:
    """One path: there from the commit `added_by` until `removed_by` (empty: for good)."""

    path: str
    mode: str
    added_by: str
    removed_by: str
    weave: weave.Weave


@dataclass(frozen=True)
class SampleHistory:
    """Everything that happened: `pushes` are further commits on top of the last of `commits`."""

    commits: tuple[SampleCommit, ...]
    pushes: tuple[SampleCommit, ...]
    files: tuple[SampleFile, ...]

    def tree(self, applied: frozenset[str]) -> dict[str, tuple[str, bytes]]:
        """Mode and content of every file by path once the commits `applied` happened."""
        return {
            file.path: (file.mode, file.weave.version(applied).encode())
            for file in self.files
            if file.added_by in applied and file.removed_by not in applied
        }


def load(company: str) -> SampleHistory:
    """The history of a sample company; UsageError when there is no such company."""
    folder = CONTENT / company
    script = folder / "history.yaml"
    if not script.is_file():
        raise UsageError(f"there is no sample company '{company}'")
    data, _lines = yaml_text.load(script.read_text("utf-8"), file=script.name)
    commits = _commits(data["commits"] + data["pushes"], data["authors"])
    split = len(data["commits"])
    files = _files(folder / "files", data)
    return SampleHistory(commits[:split], commits[split:], files)


def _commits(rows: list[dict[str, Any]], authors: dict[str, str]) -> tuple[SampleCommit, ...]:
    """The commits in the order written; a branch starts at main's tip when it is first named."""
    commits: dict[str, SampleCommit] = {}
    tips: dict[str, str] = {}
    for row in rows:
        branch = row.get("branch", "main")
        parents = [tip] if (tip := tips.get(branch, tips.get("main"))) else []
        if "merge" in row:
            parents.append(tips.pop(row["merge"]))
        commits[row["key"]] = SampleCommit(
            key=row["key"],
            parents=tuple(parents),
            author=authors[row["by"]],
            at=datetime.fromisoformat(row["at"]),
            message=row["message"].strip() + "\n",
            applied=frozenset({row["key"]}).union(*(commits[key].applied for key in parents)),
        )
        tips[branch] = row["key"]
    return tuple(commits.values())


def _files(folder: Path, data: dict[str, Any]) -> tuple[SampleFile, ...]:
    executable = set(data.get("executable", ()))
    rows = data["commits"] + data["pushes"]
    found = []
    for source in sorted(folder.rglob(f"*{SUFFIX}")):
        path = _repository_path(source.relative_to(folder))
        found.append(
            SampleFile(
                path=path,
                mode="100755" if path in executable else "100644",
                added_by=_named(path, rows, "add"),
                removed_by=_named(path, rows, "remove"),
                weave=weave.parse(source.read_bytes().decode("utf-8")),
            )
        )
    return tuple(found)


def _repository_path(source: Path) -> str:
    parts = (re.sub(r"^dot_", ".", part) for part in source.parts)
    return "/".join(parts).removesuffix(SUFFIX)


def _named(path: str, rows: list[dict[str, Any]], verb: str) -> str:
    """The commit that names `path` or, failing that, its nearest folder under `verb`."""
    best = ("", "")
    for row in rows:
        for name in row.get(verb, ()):
            inside = path == name or path.startswith(f"{name}/")
            if inside and len(name) > len(best[0]):
                best = (name, row["key"])
    return best[1]
