"""Making files survive a power cut.

LanceDB never calls fsync: a simulated power cut after five acknowledged writes lost the table,
while fsync of its folder after each commit kept five of five (about 30 ms).
"""

from __future__ import annotations

import os
from pathlib import Path

Listing = dict[str, tuple[int, int]]


def listing(folder: Path) -> Listing:
    """Path → (size, mtime in ns) of every file below `folder`; empty when it does not exist."""
    found: Listing = {}
    for root, _, names in os.walk(folder):
        for name in names:
            path = f"{root}/{name}"
            try:
                state = os.stat(path)  # noqa: PTH116 - as above
            except FileNotFoundError:
                continue
            found[path] = (state.st_size, state.st_mtime_ns)
    return found


def sync_changes(folder: Path, before: Listing) -> None:
    """Force to disk what changed below `folder` since `before`, files first, then folders.

    A folder is forced when a file in it is new or gone, and so are its parents up to and with the
    parent of `folder`, so that the names themselves last and what was deleted does not come back.
    """
    folders: set[str] = set()
    top = str(folder.parent)
    after = listing(folder)
    for path in after.keys() | before.keys():
        if before.get(path) == after.get(path):
            continue
        _sync(path)
        parent = os.path.dirname(path)  # noqa: PTH120 - thousands of paths: strings stay strings
        while parent not in folders and len(parent) >= len(top):
            folders.add(parent)
            parent = os.path.dirname(parent)  # noqa: PTH120
    for path in sorted(folders, key=len, reverse=True):
        _sync(path)


def make_durable_folder(folder: Path) -> None:
    """Make `folder` and its missing parents, closed to others, so that their names last."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for one in missing:
        _sync(str(one.parent))


def _sync(path: str) -> None:
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return  # a clean-up removed it meanwhile
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
