"""Making a repository out of a `git fast-import` stream, for samples and tests."""

from __future__ import annotations

import os
from pathlib import Path

from coordinator.errors import GitError
from resources.git.process import Deadline, clean_environment, git_command, run_git
from resources.git.store import make_repository


def fast_import(path: Path, stream: bytes, *, timeout_s: float = 120) -> None:
    """Create a bare repository at `path` and feed it `stream`; more streams may follow.

    HEAD points to `main` when the stream made that branch, else to the first branch it made.
    GitError when git does not understand the stream.
    """
    make_repository(path)
    environment = clean_environment(os.environ, path)
    deadline = Deadline(timeout_s)
    done = run_git(
        git_command("fast-import", "--quiet", "--force", "--date-format=raw"),
        environment=environment,
        deadline=deadline,
        stdin=stream,
    )
    if done.code != 0:
        raise GitError(
            f"git fast-import refused the stream for {path.name}",
            hint="run git fast-import by hand to see the line",
        )
    found = run_git(
        git_command("for-each-ref", "--format=%(refname)", "refs/heads/"),
        environment=environment,
        deadline=deadline,
    )
    branches = found.stdout.decode().split()
    if branches:
        head = "refs/heads/main" if "refs/heads/main" in branches else branches[0]
        run_git(
            git_command("symbolic-ref", "HEAD", head), environment=environment, deadline=deadline
        )
