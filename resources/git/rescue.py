"""Mirroring a local repository that lacks objects: a partial clone, or a damaged one.

`git fetch` refuses such a source as a whole. Here git packs in *our* repository, with the source's
objects folder as a borrowed store for that one process, so that no setting of the source is read;
then every object is checked on its way into the mirror. Nothing borrowed stays: the pack is whole.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from resources.git.process import Deadline, Finished, clean_environment, git_command, run_git
from resources.git.remote import Remote
from resources.git.store import FetchLock, folder_bytes, packs, remove_pack, source_objects

TEMPORARY = "orch-tmp-"


def copy_incomplete(
    path: Path, remote: Remote, sha: str, known: str, *, deadline: Deadline, lock: FetchLock | None
) -> None:
    """Bring what the source holds of the history of `sha` into the mirror at `path`.

    What the mirror knows of the history of `known` (may be empty) is not brought again. GitError
    when the source lacks commits or folders and not only file contents.
    """
    objects = source_objects(Path(remote.address.text))
    borrowed = {"GIT_ALTERNATE_OBJECT_DIRECTORIES": _quoted(objects)}
    tips = [sha, f"^{known}"] if known else [sha]
    repack(path, remote, tips, deadline=deadline, lock=lock, borrowed=borrowed)


def repack(
    path: Path,
    remote: Remote,
    tips: Sequence[str],
    *,
    deadline: Deadline,
    lock: FetchLock | None,
    borrowed: Mapping[str, str],
) -> str:
    """Make one checked pack of all that is reachable from `tips` and there; returns its name.

    The pack is written to a file first and read back by index-pack: its objects may come from a
    store nobody has checked.
    """
    environment = clean_environment(remote.environ, path)
    limit = remote.settings.max_mirror_mb * 1024 * 1024
    with tempfile.NamedTemporaryFile(prefix=TEMPORARY, dir=path) as file:
        packed = run_git(
            git_command("pack-objects", "--revs", "--missing=allow-any", "--stdout",
                        "--delta-base-offset", "--quiet"),
            environment={**environment, **borrowed},
            deadline=deadline,
            stdin="".join(f"{tip}\n" for tip in tips).encode("ascii"),
            stdout=file,
            too_large=lambda: Path(file.name).stat().st_size > limit,
            lock=lock,
        )  # fmt: skip
        remote.checked(packed, deadline)
        indexed = run_git(
            git_command("index-pack", "--stdin", "--fsck-objects"),
            environment=environment,
            deadline=deadline,
            stdin=Path(file.name),
            too_large=lambda: folder_bytes(path / "objects") > limit,
            lock=lock,
        )
        return _pack_name(remote.checked(indexed, deadline))


def missing_objects(path: Path, remote: Remote, sha: str, *, deadline: Deadline) -> int:
    """How many objects the history of `sha` names and the mirror does not hold."""
    with tempfile.TemporaryFile() as listing:
        done = run_git(
            git_command("rev-list", "--objects", "--missing=print", sha, "--"),
            environment=clean_environment(remote.environ, path),
            deadline=deadline,
            stdout=listing,
        )  # fmt: skip
        remote.checked(done, deadline)
        listing.seek(0)
        return sum(line.startswith(b"?") for line in listing)


def merge_packs(
    path: Path, remote: Remote, sha: str, *, deadline: Deadline, lock: FetchLock | None
) -> None:
    """Make one pack of the many that incremental fetches left, and drop what nothing names."""
    old = packs(path)
    name = repack(path, remote, [sha], deadline=deadline, lock=lock, borrowed={})
    for pack in old:
        if pack.stem != name:
            remove_pack(pack)


def _pack_name(done: Finished) -> str:
    # index-pack prints "pack<TAB>id", or "keep<TAB>id"
    return "pack-" + done.stdout.decode("ascii").split()[-1]


def _quoted(objects: Path) -> str:
    # the variable is a list: a ':' or '"' in the path needs git's own quoting
    text = str(objects)
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if ":" in text or text.startswith('"') else text
