"""Settings from what somebody typed or from what lies in a folder: proposals, nothing more."""

from __future__ import annotations

import os
import re
import tempfile
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from coordinator.catalog import discover
from coordinator.errors import OrchError, UsageError
from coordinator.frames import commits_frame
from coordinator.settings import SLUG, CatalogSettings, CompanySettings, GitSettings, git_protocol
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


def company_settings(name: str, location: str, **given: Any) -> CompanySettings:
    """The settings of a new company whose repository is at `location`.

    A local folder is allowed the protocol ``file`` because somebody typed it; UsageError when the
    location or another value cannot be used.
    """
    url = _absolute(location)
    try:
        git: dict[str, Any] = {"url": url, "protocols": [git_protocol(url)]}
        git |= {key: given.pop(key) for key in ("branch", "token_env") if given.get(key)}
        given = {key: value for key, value in given.items() if value}
        return CompanySettings.model_validate({"name": name, "git": git, **given})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{key}: {first['msg'].removeprefix('Value error, ')}") from None
    except ValueError as error:
        raise UsageError(f"--git: {error}", hint="for a local repository, give its folder") from None


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
        with tempfile.TemporaryDirectory(prefix="orch-") as scratch:
            with Mirror(Path(scratch) / "mirror.git", settings) as mirror:
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


def _absolute(location: str) -> str:
    if "://" in location or re.match(r"[\w.-]+@[\w.-]+:", location):
        return location
    path = Path(location).expanduser()
    return str(path.resolve()) if path.exists() else location
