"""What git prints, as records: commits, tree entries, changed paths. Bytes in, text out.

Written against git's own formats: `git cat-file commit`, `git ls-tree -r -t -z -l` and
`git diff-tree --stdin -r -z --always --no-renames --root`. The bytes are untrusted: any of them
may be missing, doubled, huge or in no known encoding, and none of that may raise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from coordinator.git.records import Commit, TreeEntry

MAX_PATHS = 500
LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z, the last one a datetime holds

# Only names a commit honestly carries: Python also knows codecs that are slow on purpose-made
# input (punycode, idna) or are no text at all (zip, hex).
ENCODINGS = re.compile(
    r"(utf-?8|us-ascii|ascii|latin-?1|iso-?8859-\d{1,2}|windows-\d{3,4}|cp-?\d{3,4}"
    r"|koi8-[ru]|shift[_-]jis|sjis|euc-?(jp|kr|cn)|gbk|gb2312|gb18030|big5|iso-2022-(jp|kr))"
)
PERSON = re.compile(rb"(?P<name>[^<]*)<(?P<email>[^>]*)>[^0-9-]*(?P<time>-?\d{1,18})?", re.DOTALL)
OBJECT_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


class ChangedPaths(NamedTuple):
    """The paths one commit changed: at most MAX_PATHS of them, and how many there were."""

    sha: str
    paths: tuple[str, ...]
    total: int


def is_object_id(text: str) -> bool:
    """Whether `text` is a full lower-case object id (SHA-1 or SHA-256)."""
    return OBJECT_ID.fullmatch(text) is not None


def path_text(raw: bytes) -> str:
    """A path as text: UTF-8, other bytes as ``\\xNN``."""
    return raw.decode("utf-8", "backslashreplace")


def message_text(raw: bytes, encoding: str = "") -> str:
    """`raw` in the encoding the commit names, else UTF-8, else Latin-1, which never fails."""
    names = [encoding.lower()] if ENCODINGS.fullmatch(encoding.lower()) else []
    for name in [*names, "utf-8"]:
        try:
            return raw.decode(name)
        except (UnicodeError, LookupError):
            continue
    return raw.decode("latin-1")


def parse_commit(sha: str, raw: bytes, paths: tuple[str, ...] = (), path_count: int = 0) -> Commit:
    """The commit object `raw` (as `git cat-file commit` prints it) as a record.

    A missing or broken author, time or encoding becomes an empty text or the year 1970: one odd
    commit must not hide the others. The first of doubled headers counts, as it does for git.
    """
    head, _, body = raw.partition(b"\n\n")
    parents: list[str] = []
    headers: dict[bytes, bytes] = {}
    for line in head.split(b"\n"):
        key, _, value = line.partition(b" ")
        if key == b"parent":
            parents.append(value.decode("ascii", "replace"))
        elif key:  # continuation lines (signatures) start with a blank
            headers.setdefault(key, value)
    encoding = headers.get(b"encoding", b"").decode("ascii", "replace").strip()
    author, email, authored_at = _person(headers.get(b"author", b""), encoding)
    committed_at = _person(headers.get(b"committer", b""), encoding)[2]
    return Commit(
        sha=sha,
        parents=tuple(parents),
        author=author,
        author_email=email,
        authored_at=authored_at,
        committed_at=committed_at,
        message=message_text(body, encoding),
        paths=paths,
        path_count=path_count,
    )


def _person(raw: bytes, encoding: str) -> tuple[str, str, datetime]:
    found = PERSON.match(raw)
    if found is None:
        return message_text(raw, encoding).strip(), "", datetime.fromtimestamp(0, UTC)
    seconds = min(max(int(found["time"] or 0), 0), LAST_SECOND)
    return (
        message_text(found["name"], encoding).strip(),
        message_text(found["email"], encoding).strip(),
        datetime.fromtimestamp(seconds, UTC),
    )


def parse_tree_entry(record: bytes) -> TreeEntry:
    """One NUL-less record of `git ls-tree -r -t -z -l`: ``mode kind sha size<TAB>path``.

    git prints ``-`` as the size of what is no blob and ``BAD`` for a blob it does not hold.
    """
    meta, _, path = record.partition(b"\t")
    mode, kind, sha, size = meta.decode("ascii").split()
    return TreeEntry(
        path=path_text(path),
        mode=mode,
        kind=kind,
        sha=sha,
        size=int(size) if size.isdigit() else None,
    )


def parse_changed_paths(ids: Iterable[str], tokens: Iterator[bytes]) -> Iterator[ChangedPaths]:
    """Group the NUL-separated `tokens` of diff-tree by the commits in `ids`, in their order.

    A token that starts with ':' describes a change and is followed by its path; any other is the
    id of the next commit, so that no file name can pass for one.
    """
    expected = iter(ids)
    sha = ""
    paths: list[str] = []
    count = 0
    for token in tokens:
        if token.startswith(b":"):
            path = next(tokens, b"")
            count += 1
            if len(paths) < MAX_PATHS:
                paths.append(path_text(path))
            continue
        if sha:
            yield ChangedPaths(sha, tuple(paths), count)
        sha = token.decode("ascii", "replace")
        if sha != next(expected, ""):
            return  # out of step: the caller sees that commits are missing
        paths, count = [], 0
    if sha:
        yield ChangedPaths(sha, tuple(paths), count)
