"""A repository's Markdown documents as rows."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
from pathspec import GitIgnoreSpec

from coordinator.generated import is_generated
from coordinator.git import Snapshot, TreeEntry
from coordinator.ports import BlobReader
from coordinator.settings import LearningSettings

REGULAR_MODES = ("100644", "100755")
COLUMNS = ("id", "path", "blob", "text", "commit", "changed_at")


def local_docs(
    snapshot: Snapshot, read: BlobReader, rules: LearningSettings, commits: pd.DataFrame
) -> pd.DataFrame:
    """The documents the settings name, one row per path, in the order of paths.

    Symbolic links, generated and vendored files are left out, and so is what the mirror does not
    hold or what is over the size limit. Text that is not UTF-8 is read with replacement characters.
    """
    changed = last_changes(commits)
    rows = []
    for entry in documents_in(snapshot.entries, rules):
        content = read(entry.path)
        if content is None or b"\0" in content[:8_000]:
            continue
        text = content.decode("utf-8", "replace")
        rows.append(
            (entry.path, entry.path, entry.sha, text, snapshot.commit, changed.get(entry.path))
        )
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame["changed_at"] = pd.to_datetime(frame["changed_at"], utc=True).astype(
        "datetime64[us, UTC]"
    )
    return frame


def documents_in(entries: Iterable[TreeEntry], rules: LearningSettings) -> list[TreeEntry]:
    """The entries that are documents by the settings, in the order of paths."""
    wanted = GitIgnoreSpec.from_lines(rules.documents)
    unwanted = GitIgnoreSpec.from_lines(rules.exclude)
    return sorted(
        (
            entry
            for entry in entries
            if entry.mode in REGULAR_MODES
            and wanted.match_file(entry.path)
            and not unwanted.match_file(entry.path)
            and not is_generated(entry.path)
        ),
        key=lambda entry: entry.path,
    )


def last_changes(commits: pd.DataFrame) -> dict[str, pd.Timestamp]:
    """When each path was last touched; merges and what lies past a commit's 500 do not count."""
    changed: dict[str, pd.Timestamp] = {}
    ordered = commits.sort_values("committed_at")
    for moment, paths in zip(ordered["committed_at"], ordered["paths"], strict=True):
        for path in paths:
            changed[path] = moment
    return changed
