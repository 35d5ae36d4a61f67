"""Companies and components proposed from the repositories in a folder."""

from __future__ import annotations

import os
import re
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from coordinator.catalog import discover
from coordinator.errors import OrchError
from coordinator.frames import commits_frame
from coordinator.settings import SLUG, CatalogSettings, GitSettings
from resources.git import Mirror

MAX_DEPTH = 4
SKIPPED = frozenset({"node_modules", "vendor", ".venv", "venv", "__pycache__"})


@dataclass(frozen=True)
class ProposedCompany:
    """A repository that could be a company, or is one (`exists`).

    `problem` says why it could not be read.
    """

    name: str
    location: Path
    reason: str
    components: tuple[tuple[str, str, str], ...]
    problem: str = ""
    exists: bool = False


def propose(folder: Path, taken: Mapping[str, str] | None = None) -> Iterator[ProposedCompany]:
    """Look at the repositories below `folder` and propose one company for each.

    `taken` are the companies there are, with their repositories' addresses.

    Nothing is changed, and no git command runs inside a found repository: each is fetched into a
    temporary mirror, which is thrown away.
    """
    names = set(taken or ())
    taken_places = {place: name for name, place in (taken or {}).items()}
    for repository in repositories(folder.resolve()):
        company = taken_places.get(str(repository))
        if company is not None:
            yield ProposedCompany(company, repository, "is a company already", (), exists=True)
            continue
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
    try:
        settings = GitSettings(url=str(repository.resolve()), protocols=("file",))
    except ValueError:
        problem = "the folder's path holds characters a repository's address may not have"
        return ProposedCompany(name, repository, "a Git repository", (), problem)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="orch-") as scratch,
            Mirror(Path(scratch) / "mirror.git", settings) as mirror,
        ):
            mirror.fetch()
            return _read(name, repository, mirror)
    except OrchError as error:
        return ProposedCompany(name, repository, "a Git repository", (), str(error))


def _read(name: str, repository: Path, mirror: Mirror) -> ProposedCompany:
    if not mirror.head():
        reason = f"the folder '{repository.name}' is an empty Git repository"
        return ProposedCompany(name, repository, reason, ())
    snapshot = mirror.snapshot()
    commits = commits_frame(mirror.commits(mirror.commit_ids()))
    found = discover(name, snapshot, mirror.reader(snapshot), CatalogSettings(), commits, {})
    return ProposedCompany(
        name,
        repository,
        f"the folder '{repository.name}' is a Git repository: branch {mirror.branch()}, "
        f"{len(commits)} commits by {commits['author'].nunique()} people, "
        f"{len(found.components)} components",
        tuple(
            (str(row["path"]), str(row["category"]), str(row["reason"]))
            for row in found.components.to_dict("records")
        ),
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
