"""The mirror on real repositories: what arrives, and what it reads as."""

from __future__ import annotations

import os
import stat
import time
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coordinator.errors import GitError, GitUnreachable
from resources.git import Fetched, Mirror, RemoteHead
from resources.git import fetch as git_fetch
from resources.git.store import packs, remove_pack


def test_a_first_fetch_brings_the_default_branch_and_nothing_else(source, mirror_of):
    sha = source.commit({b"a.txt": b"one"})
    source.commit({b"b.txt": b"two"}, branch="topic")
    source.git("tag", "v1", sha)
    mirror = mirror_of(source.path)
    assert mirror.fetch() == Fetched("main", sha, "", False, False, 0, ())
    assert (mirror.branch(), mirror.head()) == ("main", sha)
    refs = source.git("--git-dir", str(mirror.path), "for-each-ref", "--format=%(refname)")
    assert refs == "refs/orch/heads/main"


def test_the_mirror_is_for_its_owner_alone(source, mirror_of):
    source.commit({b"a.txt": b"one"})
    mirror = mirror_of(source.path)
    mirror.fetch()
    assert stat.S_IMODE(mirror.path.stat().st_mode) == 0o700


def test_asking_for_the_head_writes_nothing(source, mirror_of):
    sha = source.commit({b"a.txt": b"one"})
    mirror = mirror_of(source.path)
    assert mirror.remote_head() == RemoteHead("main", sha)
    assert not mirror.path.exists()
    assert (mirror.head(), mirror.branch(), mirror.commit_ids()) == ("", "", [])


def test_a_second_fetch_brings_only_what_is_new(source, mirror_of):
    first = source.commit({b"a.txt": b"one"})
    mirror = mirror_of(source.path)
    mirror.fetch()
    second = source.commit({b"a.txt": b"two"})
    third = source.commit({b"a.txt": b"three"})
    fetched = mirror.fetch()
    assert (fetched.previous, fetched.head, fetched.forced) == (first, third, False)
    assert mirror.commit_ids() == [first, second, third]
    assert mirror.fetch() == Fetched("main", third, third, False, False, 0, ())


def test_a_commit_record_holds_what_git_holds(source, mirror_of):
    first = source.commit({b"a.txt": b"one", b"dir/b.txt": b"two"}, "Olá\n\ncorpo\n".encode())
    second = source.commit({b"a.txt": None}, author="Zoë <zoe@example.org>".encode())
    mirror = mirror_of(source.path)
    mirror.fetch()
    one, two = mirror.commits(mirror.commit_ids())
    assert (one.sha, one.parents, one.message) == (first, (), "Olá\n\ncorpo\n")
    assert (one.paths, one.path_count) == (("a.txt", "dir/b.txt"), 2)
    assert one.authored_at == datetime.fromtimestamp(1_700_000_060, UTC)
    assert one.committed_at == datetime.fromtimestamp(1_700_000_061, UTC)
    assert (two.sha, two.parents, two.paths) == (second, (first,), ("a.txt",))
    assert (two.author, two.author_email) == ("Zoë", "zoe@example.org")


def test_parents_come_before_children_and_the_order_asked_for_is_kept(source, mirror_of):
    first = source.commit({b"a": b"1"})
    side = source.commit({b"b": b"1"}, branch="side", start=first)
    second = source.commit({b"a": b"2"})
    merged = source.commit({}, merge=side)
    mirror = mirror_of(source.path)
    mirror.fetch()
    assert mirror.commit_ids() == [first, side, second, merged]
    assert mirror.commit_ids(second) == [first, second]
    assert [c.sha for c in mirror.commits([merged, first, side])] == [merged, first, side]


def test_a_merge_has_parents_and_no_paths(source, mirror_of):
    first = source.commit({b"a": b"1"})
    side = source.commit({b"b": b"1"}, branch="side", start=first)
    second = source.commit({b"a": b"2"})
    merged = source.commit({b"c": b"evil"}, merge=side)
    mirror = mirror_of(source.path)
    mirror.fetch()
    (commit,) = mirror.commits([merged])
    assert (commit.parents, commit.paths, commit.path_count) == ((second, side), (), 0)


def test_an_empty_commit_does_not_shift_the_paths_of_its_neighbours(source, mirror_of):
    ids = [source.commit({b"a": b"1"}), source.commit({}), source.commit({b"c": b"1"})]
    mirror = mirror_of(source.path)
    mirror.fetch()
    assert [c.paths for c in mirror.commits(ids)] == [("a",), (), ("c",)]


def test_a_file_named_like_the_next_commit_is_a_file(source, mirror_of):
    first = source.commit({b"a": b"1"})
    second = source.commit({first.encode(): b"x", b"z": b"y"})
    mirror = mirror_of(source.path)
    mirror.fetch()
    two, one = mirror.commits([second, first])
    assert (two.paths, one.paths) == ((first, "z"), ("a",))


def test_at_most_500_paths_are_named_and_all_are_counted(source, mirror_of):
    source.commit({b"f%04d" % n: b"" for n in range(700)})
    mirror = mirror_of(source.path)
    mirror.fetch()
    (commit,) = mirror.commits(mirror.commit_ids())
    assert (len(commit.paths), commit.path_count) == (500, 700)


def test_messages_and_paths_in_any_bytes_are_read(source, mirror_of):
    ids = [
        source.commit({b"caf\xe9.txt": b"1"}, b"caf\xe9", encoding=b"ISO-8859-1"),
        source.commit({b"tab\there\x1b[31m": b"1"}, b"caf\xe9 without a word of it"),
        source.commit({"naïve.txt".encode(): b"1"}, b"bell \x07 and \x1b[2J", encoding=b"punycode"),
        source.commit({b"x": b"1"}, "日本".encode("shift_jis"), encoding=b"Shift_JIS"),
    ]
    mirror = mirror_of(source.path)
    mirror.fetch()
    one, two, three, four = mirror.commits(ids)
    assert (one.message, one.paths) == ("café", ("caf\\xe9.txt",))
    assert (two.message, two.paths) == ("café without a word of it", ("tab\there\x1b[31m",))
    assert (three.message, three.paths) == ("bell \x07 and \x1b[2J", ("naïve.txt",))
    assert four.message == "日本"
    assert "caf\\xe9.txt" in [entry.path for entry in mirror.snapshot().entries]


def test_a_snapshot_lists_files_folders_links_and_submodules(source, mirror_of):
    other = "1" * 40
    special = b"M 160000 %s sub\nM 120000 inline link\ndata 8\n/etc/pwd" % other.encode()
    sha = source.commit({b"dir/a.txt": b"hello", b"run.sh": b""}, special=special)
    mirror = mirror_of(source.path)
    mirror.fetch()
    snapshot = mirror.snapshot()
    assert snapshot.commit == sha
    assert snapshot.tree_sha == source.git("rev-parse", f"{sha}^{{tree}}")
    assert [(e.path, e.mode, e.kind, e.size) for e in snapshot.entries] == [
        ("dir", "040000", "tree", None),
        ("dir/a.txt", "100644", "blob", 5),
        ("link", "120000", "blob", 8),
        ("run.sh", "100644", "blob", 0),
        ("sub", "160000", "commit", None),
    ]
    assert snapshot.entries[4].sha == other
    read = mirror.reader(snapshot)
    assert (read("dir/a.txt"), read("run.sh")) == (b"hello", b"")
    assert [read(path) for path in ("link", "sub", "dir", "../run.sh", "none")] == [None] * 5
    (commit,) = mirror.commits([sha])
    assert commit.path_count == 4


def test_an_older_commit_has_its_own_snapshot(source, mirror_of):
    first = source.commit({b"a": b"1"})
    source.commit({b"a": b"22", b"b": b""})
    mirror = mirror_of(source.path)
    mirror.fetch()
    snapshot = mirror.snapshot(first)
    assert [(e.path, e.size) for e in snapshot.entries] == [("a", 1)]
    assert mirror.reader(snapshot)("a") == b"1"


def test_reading_answers_nothing_for_what_is_missing_too_large_or_no_file(source, mirror_of):
    source.commit({b"dir/a": b"12345"})
    mirror = mirror_of(source.path)
    mirror.fetch()
    folder, file = mirror.snapshot().entries
    assert mirror.read(file.sha, max_bytes=5) == b"12345"
    assert mirror.read(file.sha, max_bytes=4) is None
    assert mirror.read(folder.sha, max_bytes=1000) is None
    assert mirror.read("0" * 40, max_bytes=1000) is None
    assert mirror.read("HEAD", max_bytes=1000) is None
    assert mirror.read(file.sha + "\n" + file.sha, max_bytes=1000) is None
    assert mirror.read(file.sha, max_bytes=5) == b"12345"


def test_a_file_of_100_mb_is_never_loaded(source, mirror_of):
    size = 100 * 1024 * 1024
    source.commit({b"big.bin": bytes(size), b"small.txt": b"s"})
    mirror = mirror_of(source.path)
    mirror.fetch()
    tracemalloc.start()
    try:
        snapshot = mirror.snapshot()
        read = mirror.reader(snapshot)
        assert [e.size for e in snapshot.entries] == [size, 1]
        assert (read("big.bin"), read("small.txt")) == (None, b"s")
        assert mirror.read(snapshot.entries[0].sha, max_bytes=1000) is None
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_an_empty_repository_has_no_head_until_it_gets_one(source, mirror_of, plain_git):
    plain_git("init", "-q", "--bare", source.path)
    mirror = mirror_of(source.path)
    assert mirror.remote_head() == RemoteHead("", "")
    fetched = mirror.fetch()
    assert (fetched.head, fetched.previous) == ("", "")
    assert "empty" in fetched.notes[0]
    assert (mirror.head(), mirror.branch(), mirror.commit_ids()) == ("", "", [])
    assert list(mirror.commits([])) == []
    with pytest.raises(GitError, match="no commit yet"):
        mirror.snapshot()
    sha = source.commit({b"a": b"1"})
    assert mirror.fetch().head == sha


def test_a_repository_that_turns_up_empty_is_an_error_and_the_mirror_stays(
    source, mirror_of, plain_git
):
    sha = source.commit({b"a": b"1"})
    mirror = mirror_of(source.path)
    mirror.fetch()
    source.path.rename(source.path.with_name("gone"))
    plain_git("init", "-q", "--bare", source.path)
    with pytest.raises(GitError, match="empty now"):
        mirror.fetch()
    assert mirror.head() == sha


@pytest.mark.parametrize(("old", "new"), [("main", "trunk"), ("a", "a/b"), ("a/b", "a")])
def test_a_renamed_default_branch_is_followed_and_said(source, mirror_of, old, new):
    first = source.commit({b"a": b"1"}, branch=old)
    source.git("symbolic-ref", "HEAD", f"refs/heads/{old}")
    mirror = mirror_of(source.path)
    mirror.fetch()
    source.git("branch", "-m", old, "interim")
    source.git("branch", "-m", "interim", new)
    source.tips = {new: True}
    second = source.commit({b"a": b"2"}, branch=new)
    source.git("symbolic-ref", "HEAD", f"refs/heads/{new}")
    fetched = mirror.fetch()
    assert (fetched.branch, fetched.branch_changed, fetched.forced) == (new, True, False)
    assert (fetched.previous, fetched.head, mirror.branch()) == (first, second, new)
    assert f"now '{new}', was '{old}'" in fetched.notes[0]
    refs = source.git("--git-dir", str(mirror.path), "for-each-ref", "--format=%(refname)")
    assert len(refs.split()) == 1


def test_a_rewritten_history_is_followed_and_said(source, mirror_of):
    first = source.commit({b"a": b"1"})
    old = source.commit({b"a": b"2"})
    mirror = mirror_of(source.path)
    mirror.fetch()
    new = source.commit({b"a": b"3"}, start=first)
    fetched = mirror.fetch()
    assert (fetched.previous, fetched.head, fetched.forced) == (old, new, True)
    assert "rewritten" in fetched.notes[0]
    assert mirror.commit_ids() == [first, new]


def test_the_branch_in_the_settings_is_watched(source, mirror_of):
    source.commit({b"a": b"1"})
    sha = source.commit({b"b": b"1"}, branch="release/1.0")
    mirror = mirror_of(source.path, branch="release/1.0")
    assert mirror.remote_head() == RemoteHead("release/1.0", sha)
    assert (mirror.fetch().head, mirror.branch()) == (sha, "release/1.0")


def test_a_missing_branch_says_which_and_what_there_is(source, mirror_of):
    source.commit({b"a": b"1"})
    source.commit({b"a": b"1"}, branch="develop")
    with pytest.raises(GitError, match=r"no branch 'mian'; it has develop, main"):
        mirror_of(source.path, branch="mian").fetch()


def test_a_branch_elsewhere_in_the_refs_is_not_taken_for_the_watched_one(source, mirror_of):
    sha = source.commit({b"a": b"1"})
    source.git("update-ref", "refs/remotes/x/refs/heads/stable", sha)
    with pytest.raises(GitError, match="no branch 'stable'"):
        mirror_of(source.path, branch="stable").remote_head()


def test_a_detached_head_counts_as_the_branch_that_stands_there(source, mirror_of):
    first = source.commit({b"a": b"1"}, branch="stable")
    second = source.commit({b"a": b"2"}, branch="stable")
    (source.path / "HEAD").write_text(second + "\n")
    assert mirror_of(source.path).remote_head() == RemoteHead("stable", second)
    (source.path / "HEAD").write_text(first + "\n")
    with pytest.raises(GitError, match="names no default branch; it has stable"):
        mirror_of(source.path).remote_head()


def test_a_work_tree_is_read_from_its_commits_not_from_its_files(tmp_path, mirror_of, plain_git):
    work = tmp_path / "work"
    plain_git("init", "-q", "-b", "main", work)
    (work / "a.txt").write_text("committed")
    plain_git("-C", work, "add", "-A")
    plain_git("-C", work, "commit", "-qm", "one")
    (work / "a.txt").write_text("not committed")
    before = {p: p.stat().st_mtime_ns for p in work.rglob("*")}
    mirror = mirror_of(f"file://{work}")
    mirror.fetch()
    assert mirror.reader(mirror.snapshot())("a.txt") == b"committed"
    assert {p: p.stat().st_mtime_ns for p in work.rglob("*")} == before


@pytest.mark.parametrize("make", ["nothing", "folder", "file"])
def test_what_is_no_repository_is_said_so(tmp_path, mirror_of, make):
    place = tmp_path / "place"
    if make == "folder":
        place.mkdir()
    elif make == "file":
        place.write_text("text")
    with pytest.raises(GitUnreachable, match="no repository at"):
        mirror_of(place).fetch()


def test_a_shallow_clone_is_refused_with_the_way_out(source, tmp_path, mirror_of, plain_git):
    source.commit({b"a": b"1"})
    source.commit({b"a": b"2"})
    plain_git("clone", "-q", "--bare", "--depth=1", f"file://{source.path}", tmp_path / "cut.git")
    with pytest.raises(GitError, match="shallow") as raised:
        mirror_of(tmp_path / "cut.git").fetch()
    assert "unshallow" in raised.value.hint


def test_a_source_that_becomes_shallow_is_refused_and_the_mirror_stays(
    source, tmp_path, mirror_of, plain_git
):
    first = source.commit({b"a": b"1"})
    mirror = mirror_of(tmp_path / "copy.git")
    plain_git("clone", "-q", "--bare", source.path, tmp_path / "copy.git")
    mirror.fetch()
    source.commit({b"a": b"2"})
    source.commit({b"a": b"3"})
    (tmp_path / "copy.git").rename(tmp_path / "old.git")
    plain_git("clone", "-q", "--bare", "--depth=1", f"file://{source.path}", tmp_path / "copy.git")
    with pytest.raises(GitError, match="shallow"):
        mirror.fetch()
    assert mirror.commit_ids() == [first]


def test_a_sha256_repository_is_refused_in_words(tmp_path, mirror_of, plain_git):
    plain_git("init", "-q", "--bare", "--object-format=sha256", tmp_path / "s.git")
    tree = plain_git("-C", tmp_path / "s.git", "mktree").decode().strip()
    commit = plain_git("-C", tmp_path / "s.git", "commit-tree", "-m", "x", tree).decode().strip()
    plain_git("-C", tmp_path / "s.git", "update-ref", "HEAD", commit)
    with pytest.raises(GitError, match="SHA-256"):
        mirror_of(tmp_path / "s.git").fetch()


@pytest.mark.skipif(
    os.geteuid() != 0,
    reason="a repository of somebody else can only be made by root, who may change owners",
)
def test_a_repository_of_another_user_is_refused_with_the_way_out(source, mirror_of):
    source.commit({b"a": b"1"})
    for path in (source.path, *source.path.rglob("*")):
        os.chown(path, 12345, 12345)
    with pytest.raises(GitError, match="another user") as raised:
        mirror_of(source.path).fetch()
    assert "owner" in raised.value.hint


def _commit_tree(source, tree: str) -> str:
    commit = source.git("commit-tree", "-m", "odd", tree)
    source.git("update-ref", "refs/heads/main", commit)
    return commit


def test_a_tree_made_to_attack_is_refused_and_nothing_of_it_stays(source, mirror_of):
    good = source.commit({b"a": b"1"})
    mirror = mirror_of(source.path)
    mirror.fetch()
    blob = source.git("hash-object", "-w", "--stdin", stdin=b"x")
    inner = source.git("mktree", stdin=f"100644 blob {blob}\tconfig\n".encode())
    _commit_tree(source, source.git("mktree", stdin=f"040000 tree {inner}\t.git\n".encode()))
    with pytest.raises(GitError, match="check refuses"):
        mirror.fetch()
    assert mirror.head() == good
    assert len(packs(mirror.path)) == 1


def test_harmless_slips_of_old_clients_are_forgiven(source, mirror_of, plain_git):
    plain_git("init", "-q", "--bare", "-b", "main", source.path)
    blob = bytes.fromhex(source.git("hash-object", "-w", "--stdin", stdin=b"x"))
    inner = source.git(
        *("hash-object", "-t", "tree", "-w", "--stdin", "--literally"), stdin=b"100644 a\0" + blob
    )
    outer = b"040000 dir\0" + bytes.fromhex(inner)  # git itself writes 40000
    sha = _commit_tree(
        source,
        source.git("hash-object", "-t", "tree", "-w", "--stdin", "--literally", stdin=outer),
    )
    mirror = mirror_of(source.path)
    assert mirror.fetch().head == sha
    assert [e.path for e in mirror.snapshot().entries] == ["dir", "dir/a"]


def test_a_commit_that_is_not_here_is_an_error_not_a_gap(source, mirror_of):
    sha = source.commit({b"a": b"1"})
    mirror = mirror_of(source.path)
    mirror.fetch()
    with pytest.raises(GitError, match="cannot be read"):
        list(mirror.commits([sha, "0" * 40]))
    with pytest.raises(GitError, match="not the id of a commit"):
        list(mirror.commits(["--output=/tmp/x"]))
    with pytest.raises(GitError, match="not the id of a commit"):
        mirror.snapshot("HEAD")


def test_a_tree_that_lost_a_folder_is_an_error_not_a_smaller_tree(source, mirror_of):
    sha = source.commit({b"a": b"1", b"dir/b": b"2"})
    folder = source.git("rev-parse", f"{sha}:dir")
    mirror = mirror_of(source.path)
    mirror.fetch()
    (pack,) = packs(mirror.path)
    content = pack.read_bytes()
    remove_pack(pack)
    source.git("--git-dir", str(mirror.path), "unpack-objects", "-q", stdin=content)
    assert len(mirror.snapshot().entries) == 3
    (mirror.path / "objects" / folder[:2] / folder[2:]).unlink()
    with pytest.raises(GitError, match="cannot be read whole"):
        mirror.snapshot()
    with pytest.raises(GitError, match="cannot be read"):
        list(mirror.commits([sha]))


def test_a_reader_whose_git_died_says_so_and_not_that_the_file_is_missing(source, mirror_of):
    source.commit({b"a": b"1"})
    mirror = mirror_of(source.path)
    mirror.fetch()
    sha = mirror.snapshot().entries[0].sha
    mirror.read(sha, max_bytes=10)
    mirror._objects()._git.cat_file_header.proc.kill()
    mirror._objects()._git.cat_file_header.proc.wait()
    with pytest.raises(GitError, match="ended while"):
        mirror.read(sha, max_bytes=10)
    mirror.close()
    assert mirror.read(sha, max_bytes=10) == b"1"


def test_a_thousand_commits_are_read_in_a_second(source, mirror_of):
    commits = [
        b"commit refs/heads/main\ncommitter A <a@b.c> %d +0000\ndata 6\nchange\n"
        b"M 100644 inline dir%d/f%d\ndata %d\n%d\n" % (n, n % 40, n % 700, len(str(n)), n)
        for n in range(3000)
    ]
    from resources.git import fast_import

    fast_import(source.path, b"".join(commits))
    mirror = mirror_of(source.path)
    mirror.fetch()
    ids = mirror.commit_ids()
    started = time.monotonic()
    assert sum(commit.path_count for commit in mirror.commits(ids)) == 3000
    assert len(ids) / (time.monotonic() - started) > 1000


def _children() -> set[int]:
    me = os.getpid()
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[1]) == me:
            found.add(int(status.parent.name))
    return found


@pytest.mark.skipif(
    not Path("/proc/self/stat").exists(),
    reason="the children of a process are counted in /proc, which only Linux has",
)
def test_a_closed_mirror_leaves_no_process_behind(source, mirror_of):
    source.commit({b"a": b"1"})
    source.commit({b"a": b"2"})
    before = _children()
    with mirror_of(source.path) as mirror:
        mirror.fetch()
        ids = mirror.commit_ids()
        read = mirror.reader(mirror.snapshot())
        assert read("a") == b"2"
        half_read = mirror.commits(ids)
        next(half_read)
        assert _children() - before
        half_read.close()
    assert _children() - before == set()


def test_the_environment_of_the_caller_leads_no_reader_astray(
    source, tmp_path, mirror_of, monkeypatch
):
    sha = source.commit({b"a": b"1"})
    other = type(source)(tmp_path / "other.git")
    other.commit({b"private": b"of another company"})
    private = other.git("rev-parse", "main:private")
    for name, value in {
        "GIT_DIR": other.path,
        "GIT_OBJECT_DIRECTORY": other.path / "objects",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": other.path / "objects",
        "GIT_NAMESPACE": "elsewhere",
        "GIT_CONFIG_COUNT": "nonsense",
        "GIT_WORK_TREE": tmp_path,
        "GIT_TRACE": tmp_path / "trace",
    }.items():
        monkeypatch.setenv(name, str(value))
    mirror = mirror_of(source.path, environ=os.environ)
    assert mirror.fetch().head == sha
    assert [e.path for e in mirror.snapshot().entries] == ["a"]
    assert [c.sha for c in mirror.commits([sha])] == [sha]
    assert mirror.read(private, max_bytes=100) is None
    assert not (tmp_path / "trace").exists()


def test_progress_is_told_in_full_and_ended(source, mirror_of):
    told = []

    class Told:
        def start(self, label: str, total: int | None) -> None:
            told.append([label, total, 0])

        def advance(self, amount: int = 1) -> None:
            told[-1][2] += amount

        def finish(self) -> None:
            told[-1].append("end")

    for n in range(20):
        source.commit({b"f%d" % n: b"%d" % n})
    mirror_of(source.path).fetch(Told())
    assert told[0] == ["Receiving objects", 60, 60, "end"]
    assert all(phase[-1] == "end" for phase in told)


def test_many_small_packs_become_one_and_all_is_still_there(source, mirror_of, monkeypatch):
    monkeypatch.setattr(git_fetch, "MANY_PACKS", 3)
    mirror = mirror_of(source.path)
    ids = []
    most = 0
    for n in range(8):
        ids.append(source.commit({b"f%d" % n: b"%d" % n}))
        assert mirror.fetch().head == ids[-1]
        most = max(most, len(packs(mirror.path)))
    assert most == 3
    assert mirror.commit_ids() == ids
    assert len(list(mirror.commits(ids))) == 8
    read = mirror.reader(mirror.snapshot())
    assert [read(f"f{n}") for n in range(8)] == [b"%d" % n for n in range(8)]


def test_merging_packs_drops_a_rewritten_history(source, mirror_of, monkeypatch):
    first = source.commit({b"a": b"1"})
    source.commit({b"a": b"2"})
    mirror = mirror_of(source.path)
    mirror.fetch()
    monkeypatch.setattr(git_fetch, "MANY_PACKS", 1)
    new = source.commit({b"a": b"3"}, start=first)
    assert mirror.fetch().forced
    assert mirror.commit_ids() == [first, new]


def test_a_mirror_is_not_made_over_other_files(source, tmp_path, mirror_of):
    source.commit({b"a": b"1"})
    (tmp_path / "mirror.git").mkdir()
    (tmp_path / "mirror.git" / "notes.txt").write_text("mine")
    with pytest.raises(Exception, match="could not be made") as raised:
        mirror_of(source.path).fetch()
    assert "empty" in raised.value.hint
    assert [p.name for p in tmp_path.glob(".mirror*")] == []


def test_reading_before_the_first_fetch_is_an_error_with_a_way_out(tmp_path, mirror_of):
    mirror: Mirror = mirror_of(tmp_path / "x")
    with pytest.raises(GitError, match="no mirror") as raised:
        mirror.read("0" * 40, max_bytes=1)
    assert "fetch" in raised.value.hint
