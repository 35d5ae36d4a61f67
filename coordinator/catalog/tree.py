"""The files of a snapshot as the catalog looks at them: quick answers about folders."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from hashlib import sha1

from coordinator.catalog import names as catalog_names
from coordinator.catalog.code_files import is_code, is_test
from coordinator.git import Snapshot, TreeEntry

ROOT = "."


def parent(path: str) -> str:
    """The folder of a file or folder; '.' at the top."""
    return path.rpartition("/")[0] or ROOT


def base(path: str) -> str:
    """The last part of a path."""
    return path.rpartition("/")[2]


def inside(path: str, folder: str) -> bool:
    """Whether `path` lies below `folder` (a folder is not inside itself)."""
    return path != folder and (folder == ROOT or path.startswith(folder + "/"))


def ancestors(path: str) -> Iterable[str]:
    """The folders above `path`, nearest first, '.' last."""
    while path != ROOT:
        path = parent(path)
        yield path


def in_any(path: str, folders: Collection[str]) -> bool:
    """Whether `path` lies below one of `folders` (a set, for repositories of many components)."""
    return any(up in folders for up in ancestors(path))


class Tree:
    """The regular files of one snapshot, without hidden and foreign folders."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._files = {
            entry.path: entry
            for entry in snapshot.entries
            if entry.kind == "blob" and entry.mode != "120000"  # a link's target is not followed
        }
        self._trees = {entry.path: entry.sha for entry in snapshot.entries if entry.kind == "tree"}
        self._trees[ROOT] = snapshot.tree_sha
        self._all = sorted(self._files)
        self.visible = [path for path in self._all if _is_ours(path)]

    def entry(self, path: str) -> TreeEntry:
        """The entry of a file of this tree."""
        return self._files[path]

    def has(self, path: str) -> bool:
        """Whether there is a regular file at `path`."""
        return path in self._files

    def under(self, folder: str) -> Sequence[str]:
        """The visible files below `folder`, in order."""
        if folder == ROOT:
            return self.visible
        return _below(self.visible, folder)

    def everything_under(self, folder: str) -> Sequence[str]:
        """All regular files below `folder`, hidden ones too, in order."""
        if folder == ROOT:
            return self._all
        return _below(self._all, folder)

    def code_bytes(self, paths: Iterable[str], *, tests: bool = True) -> int:
        """Bytes of code among `paths`; files of unknown size count as none."""
        return sum(
            self._files[path].size or 0
            for path in paths
            if is_code(path) and (tests or not is_test(path))
        )

    def tree_hash(self, parts: Sequence[str], without: Sequence[str]) -> str:
        """What the content of a component is called.

        The sha of git's tree object when the component is exactly one folder. Else (several
        folders, or a folder without the components inside it) the sha1 over mode, sha and path
        of its files, each path relative to its part: equal content gives equal hashes then too.
        """
        if len(parts) == 1 and not without and parts[0] in self._trees:
            return self._trees[parts[0]]
        holes = {*without}
        digest = sha1(usedforsecurity=False)
        for part in sorted(parts, key=base):
            start = 0 if part == ROOT else len(part) + 1
            for path in self.everything_under(part):
                if not in_any(path, holes):
                    entry = self._files[path]
                    line = f"{entry.mode} {entry.sha} {path[start:]}\0"
                    digest.update(line.encode("utf-8", "surrogatepass"))
        return digest.hexdigest()


def _below(paths: list[str], folder: str) -> list[str]:
    first = bisect_left(paths, folder + "/")
    return paths[first : bisect_left(paths, folder + "0", first)]  # '0' is the sign after '/'


def _is_ours(path: str) -> bool:
    parts = path.split("/")
    if any(part.startswith(".") for part in parts[:-1]):
        return False
    return catalog_names.NOT_OURS.isdisjoint(parts[:-1]) and "wwwroot/lib/" not in path
