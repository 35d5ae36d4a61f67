"""Local repositories that lack objects of their own history, as partial clones do."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from coordinator.errors import GitError, GitLimit
from resources.git.store import folder_bytes


def lose(repository: Path, sha: str) -> None:
    (repository / "objects" / sha[:2] / sha[2:]).unlink()


def lose_file(source, path: str, commit: str = "main") -> str:
    sha = source.git("rev-parse", f"{commit}:{path}")
    lose(source.path, sha)
    return sha


@pytest.fixture
def incomplete(source):
    """Two commits; the file big.bin of the second is gone."""
    source.commit({b"a.txt": b"one", b"dir/b.txt": b"two"})
    source.commit({b"big.bin": b"large"})
    lose_file(source, "big.bin")
    return source


def test_what_is_there_is_mirrored_and_what_is_not_is_counted(incomplete, mirror_of):
    mirror = mirror_of(incomplete.path)
    fetched = mirror.fetch()
    assert fetched.head == incomplete.git("rev-parse", "main")
    assert fetched.missing_objects == 1
    assert "lacks 1 objects" in fetched.notes[0]
    snapshot = mirror.snapshot()
    assert [(e.path, e.size) for e in snapshot.entries if e.kind == "blob"] == [
        ("a.txt", 3),
        ("big.bin", None),
        ("dir/b.txt", 3),
    ]
    read = mirror.reader(snapshot)
    assert (read("a.txt"), read("big.bin"), read("dir/b.txt")) == (b"one", None, b"two")
    assert mirror.read(snapshot.entries[1].sha, max_bytes=100) is None
    assert [c.paths for c in mirror.commits(mirror.commit_ids())] == [
        ("a.txt", "dir/b.txt"),
        ("big.bin",),
    ]


def test_later_commits_arrive_and_the_count_stays(incomplete, mirror_of):
    mirror = mirror_of(incomplete.path)
    first = mirror.fetch()
    new = incomplete.commit({b"a.txt": b"three"})
    fetched = mirror.fetch()
    assert (fetched.head, fetched.previous, fetched.forced) == (new, first.head, False)
    assert fetched.missing_objects == 1
    assert mirror.commit_ids()[-1] == new
    assert mirror.reader(mirror.snapshot())("a.txt") == b"three"
    assert mirror.fetch().missing_objects == 1


def test_later_commits_do_not_bring_everything_again(incomplete, mirror_of):
    incomplete.commit({b"noise": os.urandom(700 * 1024)})
    mirror = mirror_of(incomplete.path, max_mirror_mb=1)
    mirror.fetch()
    incomplete.commit({b"a.txt": b"three"})
    mirror.fetch()
    assert folder_bytes(mirror.path) < 900 * 1024


def test_a_later_commit_that_lacks_a_file_arrives_too(incomplete, mirror_of):
    mirror = mirror_of(incomplete.path)
    mirror.fetch()
    new = incomplete.commit({b"c.bin": b"large too", b"d.txt": b"d"})
    lose_file(incomplete, "c.bin")
    fetched = mirror.fetch()
    assert (fetched.head, fetched.missing_objects) == (new, 2)
    read = mirror.reader(mirror.snapshot())
    assert (read("c.bin"), read("d.txt")) == (None, b"d")


def test_the_mirror_stands_without_the_source(incomplete, mirror_of, plain_git):
    mirror = mirror_of(incomplete.path)
    mirror.fetch()
    shutil.rmtree(incomplete.path)
    assert not (mirror.path / "objects" / "info" / "alternates").exists()
    assert mirror.reader(mirror.snapshot())("a.txt") == b"one"
    listed = plain_git(
        *("--git-dir", mirror.path, "rev-list", "--objects", "--missing=print", "HEAD")
    )
    assert listed.count(b"\n?") + listed.startswith(b"?") == 1
    assert not list(mirror.path.glob("orch-tmp*"))


def test_a_partial_clone_is_read_without_asking_where_it_came_from(
    source, tmp_path, mirror_of, plain_git
):
    source.commit({b"a.txt": b"one", b"b.txt": b"two"})
    source.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    plain_git("clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{source.path}", clone)
    canary = tmp_path / "canary"
    plain_git("-C", clone, "config", "remote.origin.uploadpack", f"touch {canary}; false")
    mirror = mirror_of(clone)
    fetched = mirror.fetch()
    assert fetched.missing_objects == 2
    assert len(mirror.snapshot().entries) == 2
    assert mirror.reader(mirror.snapshot())("a.txt") is None
    assert not canary.exists()
    # the control: git itself does ask, in the clone
    plain_git("-C", clone, "cat-file", "-p", "HEAD:a.txt", check=False)
    assert canary.exists()


@pytest.mark.parametrize("name", ["with blank", "with:colon", 'with"quote', "back\\slash:é"])
def test_odd_paths_of_the_source_are_quoted(source, tmp_path, mirror_of, name):
    source.commit({b"a.txt": b"one", b"b.txt": b"two"})
    lose_file(source, "a.txt")
    odd = tmp_path / name
    source.path.rename(odd)
    mirror = mirror_of(odd)
    assert mirror.fetch().missing_objects == 1
    assert mirror.reader(mirror.snapshot())("b.txt") == b"two"


@pytest.mark.parametrize("which", ["file", "folder", "objects"])
def test_a_link_among_the_objects_is_not_followed(incomplete, tmp_path, mirror_of, which):
    objects = incomplete.path / "objects"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if which == "file":
        (elsewhere / "x").write_text("x")
        (objects / "pack" / "pack-x.idx").symlink_to(elsewhere / "x")
    elif which == "folder":
        name = next(f"{n:02x}" for n in range(256) if not (objects / f"{n:02x}").exists())
        (objects / name).symlink_to(elsewhere)
    else:
        objects.rename(elsewhere / "objects")
        objects.symlink_to(elsewhere / "objects")
    mirror = mirror_of(incomplete.path)
    with pytest.raises(GitError, match="symbolic link"):
        mirror.fetch()
    assert mirror.head() == ""


def test_borrowed_objects_are_not_followed(incomplete, tmp_path, mirror_of):
    other = type(incomplete)(tmp_path / "other.git")
    other.commit({b"private": b"of another company"})
    (incomplete.path / "objects" / "info" / "alternates").write_text(f"{other.path}/objects\n")
    with pytest.raises(GitError, match="borrows from another"):
        mirror_of(incomplete.path).fetch()


def test_a_source_that_lacks_folders_is_refused_and_the_mirror_stays(source, mirror_of):
    good = source.commit({b"dir/a.txt": b"one"})
    mirror = mirror_of(source.path)
    mirror.fetch()
    source.commit({b"other/b.txt": b"two"})
    lose(source.path, source.git("rev-parse", "main:other"))
    with pytest.raises(GitError, match="does not hold all"):
        mirror.fetch()
    assert mirror.head() == good
    assert mirror.commit_ids() == [good]


def test_a_source_that_lacks_commits_is_refused(source, mirror_of):
    first = source.commit({b"a.txt": b"one"})
    source.commit({b"a.txt": b"two"})
    lose(source.path, first)
    mirror = mirror_of(source.path)
    with pytest.raises(GitError):
        mirror.fetch()
    assert mirror.head() == ""


def test_objects_are_checked_on_this_way_too(incomplete, mirror_of):
    blob = incomplete.git("hash-object", "-w", "--stdin", stdin=b"x")
    inner = incomplete.git("mktree", stdin=f"100644 blob {blob}\tconfig\n".encode())
    lost = incomplete.git("rev-parse", "main:big.bin")
    entries = f"040000 tree {inner}\t.git\n100644 blob {lost}\tbig.bin\n"
    tree = incomplete.git("mktree", "--missing", stdin=entries.encode())
    incomplete.git("update-ref", "refs/heads/main", incomplete.git("commit-tree", "-m", "x", tree))
    mirror = mirror_of(incomplete.path)
    with pytest.raises(GitError, match="check refuses"):
        mirror.fetch()
    assert mirror.head() == ""
    assert not list((mirror.path / "objects" / "pack").glob("*"))


def test_the_size_limit_holds_on_this_way_too(incomplete, mirror_of):
    incomplete.commit({b"noise": os.urandom(3 * 1024 * 1024)})
    mirror = mirror_of(incomplete.path, max_mirror_mb=1)
    with pytest.raises(GitLimit, match="grew past 1 MB"):
        mirror.fetch()
    assert mirror.head() == ""
    assert not list((mirror.path / "objects" / "pack").glob("*"))
    assert not list(mirror.path.glob("orch-tmp*"))
