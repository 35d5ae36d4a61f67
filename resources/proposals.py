"""Companies and components proposed from the repositories in a folder."""

from __future__ import annotations

import os
import re
import tempfile
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from coordinator.catalog import discover
from coordinator.errors import OrchError
from coordinator.frames import commits_frame
from coordinator.settings import SLUG, CatalogSettings, GitSettings
from resources.git import Mirror

MAX_DEPTH = 4
SKIPPED = frozenset({"node_modules", "vendor", ".venv", "venv", "__pycache__"})


@dataclass(frozen=True)
class ProposedCompany:
    """A repository that could be a company: `problem` says why it could not be read."""

    name: str
    location: Path
    reason: str
    components: tuple[tuple[str, str, str], ...]
    problem: str = ""


def propose(folder: Path, taken: Sequence[str] = ()) -> Iterator[ProposedCompany]:
    """Look at the repositories below `folder` and propose one company for each.

    Nothing is changed, and no git command runs inside a found repository: each is fetched into a
    temporary mirror, which is thrown away.
    """
    names = set(taken)
    for repository in repositories(folder):
        name = _free_slug(repository, names)
        names.add(name)
        yield _look(name, repository)


def repositories(folder: Path) -> list[Path]:
    """Git repositories at or below `folder`, bare ones included, at most four levels down."""
    found: list[Path] = []
    for current, folders, files in os.walk(folder):
        here = Path(current)
        depth = len(here.relative_to(folder).parts)
        bare = "HEAD" in files and {"objects", "refs"} <= set(folders)
        if bare or ".git" in folders or ".git" in files:
            found.append(here)
            folders.clear()
        elif depth >= MAX_DEPTH:
            folders.clear()
        else:
            folders[:] = sorted(name for name in folders if name not in SKIPPED)
    return found


def _look(name: str, repository: Path) -> ProposedCompany:
    settings = GitSettings(url=str(repository.resolve()), protocols=("file",))
    try:
        with (
            tempfile.TemporaryDirectory(prefix="orch-") as scratch,
            Mirror(Path(scratch) / "mirror.git", settings) as mirror,
        ):
            mirror.fetch()
            snapshot = mirror.snapshot()
            commits = commits_frame(mirror.commits(mirror.commit_ids()))
            found = discover(
                name, snapshot, mirror.reader(snapshot), CatalogSettings(), commits, {}
            )
            branch = mirror.branch()
    except OrchError as error:
        return ProposedCompany(name, repository, "a Git repository", (), str(error))
    return ProposedCompany(
        name,
        repository,
        _reason(repository, branch, commits, len(found.components)),
        tuple(
            (str(row["path"]), str(row["category"]), str(row["reason"]))
            for row in found.components.to_dict("records")
        ),
    )


def _reason(repository: Path, branch: str, commits: pd.DataFrame, components: int) -> str:
    if commits.empty:
        return f"the folder '{repository.name}' is an empty Git repository"
    authors = commits["author"].nunique()
    return (
        f"the folder '{repository.name}' is a Git repository: branch {branch}, "
        f"{len(commits)} commits by {authors} people, {components} components"
    )


def _free_slug(repository: Path, taken: set[str]) -> str:
    named = repository.name if repository.name not in ("repo", ".git") else repository.parent.name
    plain = unicodedata.normalize("NFKD", named).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.removesuffix(".git")).strip("-")[:36]
    if not SLUG.fullmatch(slug):
        slug = f"company-{slug}".rstrip("-")[:36]
    number, free = 2, slug
    while free in taken:
        free, number = f"{slug}-{number}", number + 1
    return free
