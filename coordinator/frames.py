"""DataFrames as they travel between rooms: how one is made from records, and its version."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from coordinator.git import Commit

COMMIT_COLUMNS = (
    "id",
    "authored_at",
    "committed_at",
    "author",
    "author_email",
    "message",
    "paths",
    "path_count",
    "parents",
)


@dataclass(frozen=True)
class RowChanges:
    """What to do to a table instead of a whole new content: rows to write, ids to remove."""

    upserts: pd.DataFrame
    removed: tuple[str, ...]


def commits_frame(commits: Iterable[Commit]) -> pd.DataFrame:
    """Commits as rows in the shape of the `git_commits` table; times are UTC, microseconds."""
    rows = [
        (
            commit.sha,
            commit.authored_at,
            commit.committed_at,
            commit.author,
            commit.author_email,
            commit.message,
            list(commit.paths),
            commit.path_count,
            list(commit.parents),
        )
        for commit in commits
    ]
    frame = pd.DataFrame(rows, columns=list(COMMIT_COLUMNS))
    for name in ("authored_at", "committed_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True).astype("datetime64[us, UTC]")
    return frame


def data_version(frame: pd.DataFrame, *, apart_from: Collection[str] = ()) -> str:
    """A digest of the rows: equal for equal content, in any order of rows and columns; 32 hex."""
    ordered = frame.drop(columns=list(apart_from)).sort_values("id").sort_index(axis="columns")
    text = ordered.to_json(orient="split", index=False, date_format="iso", date_unit="us")
    return hashlib.sha256(str(text).encode("utf-8")).hexdigest()[:32]


def combined_version(versions: Mapping[str, str]) -> str:
    """One digest of several named versions."""
    text = "\n".join(f"{name}={version}" for name, version in sorted(versions.items()))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:32]
