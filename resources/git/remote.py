"""Asking the other side which branch it has and where it stands. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coordinator.errors import GitError
from coordinator.git.address import GitAddress, git_address
from coordinator.git.failures import git_failure, over_size, over_time
from coordinator.git.text import is_object_id, path_text
from resources.git.process import (
    Deadline,
    Finished,
    clean_environment,
    git_command,
    remote_environment,
    run_git,
)

if TYPE_CHECKING:
    from coordinator.settings import GitSettings

SHOWN_BRANCHES = 10
USUAL_BRANCHES = ("main", "master", "trunk", "develop")


@dataclass(frozen=True)
class RemoteHead:
    """The watched branch on the other side; `sha` is empty for an empty repository."""

    branch: str
    sha: str


@dataclass(frozen=True)
class Remote:
    """A checked address and what git needs to reach it."""

    address: GitAddress
    settings: GitSettings
    environ: Mapping[str, str]

    @classmethod
    def of(cls, settings: GitSettings, environ: Mapping[str, str]) -> Remote:
        """The remote of `settings`; GitError when the address is not of a known form."""
        return cls(git_address(settings.url, settings.protocols), settings, environ)

    def environment(self) -> dict[str, str]:
        """Credentials, by environment: see `remote_environment`."""
        return remote_environment(self.settings, self.address, self.environ)

    def checked(self, done: Finished, deadline: Deadline) -> Finished:
        """`done` when git succeeded, else our error for it."""
        where = self.address.shown
        if done.stopped == "time":
            raise over_time(where, deadline.seconds)
        if done.stopped == "size":
            raise over_size(where, self.settings.max_mirror_mb)
        if done.code != 0:
            raise git_failure(done.stderr, where, self.address.text)
        return done

    def head(self, deadline: Deadline) -> RemoteHead:
        """The watched branch: the one in the settings, else the default branch."""
        if self.settings.branch is not None:
            return self._named(self.settings.branch, deadline)
        symrefs, refs = self._refs(["HEAD"], deadline)
        if "HEAD" in symrefs and "HEAD" in refs:
            branch = symrefs["HEAD"].removeprefix("refs/heads/")
            return RemoteHead(branch, refs["HEAD"])
        heads = self._heads(deadline)
        if not heads and "HEAD" not in refs:
            return RemoteHead("", "")
        return self._guessed(refs.get("HEAD", ""), heads)

    def _named(self, branch: str, deadline: Deadline) -> RemoteHead:
        ref = f"refs/heads/{branch}"
        refs = self._refs([ref], deadline)[1]
        if ref in refs:
            return RemoteHead(branch, refs[ref])
        heads = self._heads(deadline)
        if not heads:
            return RemoteHead(branch, "")
        raise GitError(
            f"{self.address.shown} has no branch {branch!r}; it has {_listed(list(heads))}",
            hint="set git.branch to one of them, or remove it for the default branch",
        )

    def _guessed(self, sha: str, heads: Mapping[str, str]) -> RemoteHead:
        """For a detached HEAD, or a host too old to say which branch HEAD is."""
        there = sorted(name for name, tip in heads.items() if tip == sha)
        for branch in [*(name for name in USUAL_BRANCHES if name in there), *there]:
            return RemoteHead(branch, sha)
        raise GitError(
            f"{self.address.shown} names no default branch; it has {_listed(list(heads))}",
            hint="set git.branch to one of them",
        )

    def _heads(self, deadline: Deadline) -> dict[str, str]:
        refs = self._refs(["refs/heads/*"], deadline)[1]
        return {name.removeprefix("refs/heads/"): sha for name, sha in refs.items()}

    def _refs(
        self, patterns: Sequence[str], deadline: Deadline
    ) -> tuple[dict[str, str], dict[str, str]]:
        """What `ls-remote` says, as (symbolic refs, refs), names decoded and ids checked."""
        done = run_git(
            git_command(
                *("ls-remote", "--symref", "--", self.address.text, *patterns),
                protocol=self.address.protocol,
            ),
            environment=clean_environment(self.environ) | self.environment(),
            deadline=deadline,
        )
        symrefs: dict[str, str] = {}
        refs: dict[str, str] = {}
        for line in self.checked(done, deadline).stdout.split(b"\n"):
            value, tab, name = (path_text(part) for part in line.partition(b"\t"))
            if value.startswith("ref: refs/heads/"):
                symrefs[name] = value.removeprefix("ref: ")
            elif tab and is_object_id(value):
                refs[name] = value
        return symrefs, refs


def _listed(branches: Sequence[str]) -> str:
    shown = ", ".join(name[:60] for name in sorted(branches)[:SHOWN_BRANCHES]) or "none"
    more = len(branches) - SHOWN_BRANCHES
    return f"{shown} and {more} more" if more > 0 else shown
