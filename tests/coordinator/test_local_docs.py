"""A repository's documents as rows: which ones, with what text, changed when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pandas as pd

from coordinator.frames import commits_frame
from coordinator.git import Commit, Snapshot, TreeEntry
from coordinator.local_docs import COLUMNS, documents_in, last_changes, local_docs
from coordinator.settings import LearningSettings

RULES = LearningSettings()


def entry(path: str, *, mode: str = "100644", kind: str = "blob") -> TreeEntry:
    return TreeEntry(path, mode, kind, f"sha of {path}", 10)


def commits(*rows: tuple[int, tuple[str, ...]]) -> pd.DataFrame:
    return commits_frame(
        Commit(
            sha=str(day),
            parents=(),
            author="Ada",
            author_email="",
            authored_at=datetime(2026, 1, day, tzinfo=UTC),
            committed_at=datetime(2026, 1, day, tzinfo=UTC),
            message="",
            paths=paths,
            path_count=len(paths),
        )
        for day, paths in rows
    )


def docs(files: Mapping[str, bytes | None], rules: LearningSettings = RULES) -> pd.DataFrame:
    snapshot = Snapshot("head", "tree", tuple(entry(path) for path in files))
    return local_docs(snapshot, files.get, rules, commits())


def test_markdown_anywhere_is_a_document_and_other_files_are_none() -> None:
    found = docs({"z/y/x.md": b"x", "README.md": b"r", "a.markdown": b"a", "a.py": b"", "md": b""})
    assert list(found["path"]) == ["README.md", "a.markdown", "z/y/x.md"]
    assert list(found.columns) == list(COLUMNS)
    assert set(found["commit"]) == {"head"}
    assert list(found["blob"]) == [f"sha of {path}" for path in found["path"]]


def test_the_settings_say_which_documents_and_which_not() -> None:
    rules = LearningSettings(documents=("docs/**/*.txt", "*.md"), exclude=("docs/old/",))
    files = [entry(path) for path in ("docs/a/b.txt", "docs/old/c.txt", "x.md", "notes.txt")]
    assert [found.path for found in documents_in(files, rules)] == ["docs/a/b.txt", "x.md"]


def test_links_submodules_folders_and_vendored_files_are_no_documents() -> None:
    entries = [
        entry("link.md", mode="120000"),
        entry("sub.md", mode="160000", kind="commit"),
        entry("folder.md", mode="040000", kind="tree"),
        entry("node_modules/x/README.md"),
        entry("run.md", mode="100755"),
    ]
    assert [found.path for found in documents_in(entries, RULES)] == ["run.md"]


def test_what_the_mirror_does_not_hold_and_what_is_no_text_is_left_out() -> None:
    files = {"missing.md": None, "binary.md": b"PNG\0\0", "empty.md": b""}
    assert list(docs(files)["path"]) == ["empty.md"]


def test_text_that_is_not_utf_8_is_read_with_replacement_characters() -> None:
    assert list(docs({"a.md": b"a\xe7\xe3o"})["text"]) == ["a\ufffd\ufffdo"]


def test_hostile_paths_and_texts_stay_data() -> None:
    path = "docs/\x1b[2J|$(x)<b>\u202e.md"
    found = docs({path: b"\x1b]0;title\x07 | {{x}}"})
    assert list(found["id"]) == [path]
    assert found["text"][0] == "\x1b]0;title\x07 | {{x}}"


def test_a_document_knows_when_it_was_last_touched_or_that_this_is_unknown() -> None:
    snapshot = Snapshot("head", "tree", (entry("a.md"), entry("b.md")))
    history = commits((9, ("a.md",)), (3, ("a.md", "x")), (5, ()))
    found = local_docs(snapshot, {"a.md": b"", "b.md": b""}.get, RULES, history)
    assert str(found["changed_at"].dtype) == "datetime64[us, UTC]"
    assert found["changed_at"][0] == pd.Timestamp("2026-01-09", tz="UTC")
    assert pd.isna(found["changed_at"][1])


def test_the_last_change_is_the_latest_whatever_the_order_of_commits() -> None:
    assert last_changes(commits((9, ("a",)), (3, ("a", "b")))) == {
        "a": pd.Timestamp("2026-01-09", tz="UTC"),
        "b": pd.Timestamp("2026-01-03", tz="UTC"),
    }
    assert last_changes(commits()) == {}


def test_a_company_without_documents_has_an_empty_frame_of_the_same_shape() -> None:
    found = docs({})
    assert list(found.columns) == list(COLUMNS)
    assert len(found) == 0
    assert str(found["changed_at"].dtype) == "datetime64[us, UTC]"
