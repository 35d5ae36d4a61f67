"""What the coordinator knows of a repository: commits and tree entries, already decoded.

Paths and messages are text. Bytes that are not UTF-8 are decoded as Latin-1 in messages and shown
as ``\\xNN`` in paths; control characters stay in the data and are shown escaped by whoever prints.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Commit:
    """One commit of the watched branch.

    `paths` are the paths it changed against its first parent (none for merges), at most 500;
    `path_count` is their full number. Times are UTC.
    """

    sha: str
    parents: tuple[str, ...]
    author: str
    author_email: str
    authored_at: datetime
    committed_at: datetime
    message: str
    paths: tuple[str, ...]
    path_count: int


@dataclass(frozen=True)
class TreeEntry:
    """One entry of a commit's tree, recursively, folders included.

    `kind` is ``blob``, ``tree`` or ``commit`` (a submodule); `mode` the six octal digits git
    prints; `size` in bytes, None for folders and for blobs this mirror does not hold.
    """

    path: str
    mode: str
    kind: str
    sha: str
    size: int | None


@dataclass(frozen=True)
class Snapshot:
    """The tree of one commit: `tree_sha` is the root tree, `entries` in git's order."""

    commit: str
    tree_sha: str
    entries: tuple[TreeEntry, ...]
