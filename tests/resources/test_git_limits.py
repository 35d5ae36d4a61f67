"""What a fetch may cost, and what is left when it is stopped or killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest

from coordinator.errors import CompanyBusy, GitError, GitLimit
from resources.git import objects as git_objects
from resources.git.process import Deadline, clean_environment, git_command, run_git
from resources.git.store import LOCK, folder_bytes, locked, packs


@pytest.fixture
def silent_host():
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}/repo.git"


def running(needle: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        # the gate of run_git names the command too, and does not run it yet
        if needle in line and "pytest" not in line and not line.startswith("sh -c read"):
            found.append(line)
    return found


def test_a_host_that_never_answers_costs_the_time_limit_and_leaves_no_process(
    silent_host, mirror_of
):
    mirror = mirror_of(silent_host, timeout_s=0.6)
    started = time.monotonic()
    with pytest.raises(GitLimit, match=r"longer than 0\.6 s"):
        mirror.fetch()
    assert time.monotonic() - started < 3
    assert running(silent_host) == []


def test_asking_for_the_head_has_its_own_time_limit(silent_host, mirror_of):
    with pytest.raises(GitLimit, match=r"longer than 0\.4 s"):
        mirror_of(silent_host, timeout_s=60).remote_head(timeout_s=0.4)


def test_a_command_that_closes_its_output_and_stays_is_stopped(tmp_path):
    started = time.monotonic()
    done = run_git(
        ["sh", "-c", "exec >&- 2>&-; sleep 30"],
        environment=clean_environment(os.environ),
        deadline=Deadline(0.3),
    )
    assert done.stopped == "time"
    assert time.monotonic() - started < 3


def test_children_of_a_stopped_command_are_stopped_too():
    started = time.monotonic()
    done = run_git(
        ["sh", "-c", "sleep 31.4159 & sleep 31.4159"],
        environment=clean_environment(os.environ),
        deadline=Deadline(0.3),
    )
    assert done.stopped == "time"
    assert time.monotonic() - started < 5
    end = time.monotonic() + 3
    while running("sleep 31.4159") and time.monotonic() < end:
        time.sleep(0.02)
    assert running("sleep 31.4159") == []


def test_endless_output_is_stopped(monkeypatch):
    monkeypatch.setattr("resources.git.process.MAX_STDOUT", 1_000_000)
    done = run_git(
        ["sh", "-c", "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done"],
        environment=clean_environment(os.environ),
        deadline=Deadline(20),
    )
    assert done.stopped == "size"


@pytest.mark.parametrize("tick", [0.1, 60.0], ids=["while it grows", "only afterwards"])
def test_a_repository_over_the_size_limit_leaves_the_mirror_as_it_was(
    source, mirror_of, monkeypatch, tick
):
    monkeypatch.setattr("resources.git.process.TICK_S", tick)
    first = source.commit({b"a": b"1"})
    mirror = mirror_of(source.path, max_mirror_mb=1)
    mirror.fetch()
    before = folder_bytes(mirror.path / "objects")
    for _ in range(2):  # the limit must not wear off
        source.commit({b"noise": os.urandom(3 * 1024 * 1024)})
        with pytest.raises(GitLimit, match="grew past 1 MB") as raised:
            mirror.fetch()
        assert "max_mirror_mb" in raised.value.hint
        assert mirror.head() == first
        assert folder_bytes(mirror.path / "objects") == before
    second = source.commit({b"b": b"1"}, start=first)
    assert mirror.fetch().head == second


def test_growth_is_noticed_while_it_happens(tmp_path):
    """Not only afterwards: a hostile host could fill the disk before it ever ends."""
    grown = tmp_path / "grown"
    done = run_git(
        ["sh", "-c", f"while :; do head -c 100000 /dev/zero >> '{grown}'; done"],
        environment=clean_environment(os.environ),
        deadline=Deadline(20),
        too_large=lambda: folder_bytes(tmp_path) > 1_000_000,
    )
    assert done.stopped == "size"


FETCHER = """
import sys
from pathlib import Path
from coordinator.settings import GitSettings
from resources.git import Mirror
Mirror(Path(sys.argv[1]), GitSettings(url=sys.argv[2], protocols=("file", "https"))).fetch()
"""


def start_fetch(mirror: Path, url: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", FETCHER, str(mirror), url])


def until(condition, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.005)


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.05, 0.1])
def test_a_fetch_killed_at_any_time_leaves_a_mirror_that_reads_and_fetches_on(
    source, mirror_of, delay
):
    first = source.commit({b"a": b"1"})
    mirror = mirror_of(source.path)
    mirror.fetch()
    second = source.commit({b"noise%d" % n: os.urandom(200_000) for n in range(20)})
    with start_fetch(mirror.path, str(source.path)) as fetching:
        until(lambda: (mirror.path / LOCK).read_bytes().split()[:1] == [b"%d" % fetching.pid])
        time.sleep(delay)
        fetching.kill()
    assert mirror.head() in (first, second)
    assert len(list(mirror.commits(mirror.commit_ids()))) in (1, 2)
    assert mirror.fetch().head == second
    assert mirror.commit_ids() == [first, second]
    pack = mirror.path / "objects" / "pack"
    assert [p.name for p in pack.iterdir() if not p.name.startswith("pack-")] == []


def test_the_git_of_a_killed_fetch_is_stopped_before_the_next_one(source, mirror_of, silent_host):
    sha = source.commit({b"a": b"1"})
    mirror = mirror_of(source.path)
    mirror.fetch()
    child = """
import os, sys
from pathlib import Path
from resources.git.process import Deadline, clean_environment, run_git
from resources.git.store import locked
with locked(Path(sys.argv[1])) as lock:
    run_git(["sleep", "27.182818"], environment=clean_environment(os.environ),
            deadline=Deadline(60), lock=lock)
"""
    with subprocess.Popen([sys.executable, "-c", child, str(mirror.path)]) as killed:
        until(lambda: running("sleep 27.182818"))
        with pytest.raises(CompanyBusy):
            mirror.fetch()
        killed.kill()
    assert running("sleep 27.182818")
    assert mirror.fetch().head == sha
    until(lambda: not running("sleep 27.182818"))


def test_a_process_killed_before_it_noted_its_git_leaves_a_git_that_never_starts(
    source, tmp_path, mirror_of
):
    source.commit({b"a": b"1"})
    mirror = mirror_of(source.path)
    mirror.fetch()
    child = """
import os, sys
from pathlib import Path
from resources.git.process import Deadline, clean_environment, run_git
from resources.git.store import FetchLock, locked
class Killed(FetchLock):
    def note(self, group):
        os.kill(os.getpid(), 9)
with locked(Path(sys.argv[1])) as lock:
    run_git(["touch", sys.argv[2]], environment=clean_environment(os.environ),
            deadline=Deadline(60), lock=Killed(lock.descriptor))
"""
    marker = tmp_path / "started"
    done = subprocess.run([sys.executable, "-c", child, str(mirror.path), str(marker)], check=False)
    assert done.returncode == -signal.SIGKILL
    with locked(mirror.path):  # nobody holds it any more
        assert not marker.exists()


def test_two_fetches_at_once_are_not_allowed(source, mirror_of):
    source.commit({b"a": b"1"})
    mirror = mirror_of(source.path)
    mirror.fetch()
    with locked(mirror.path), pytest.raises(CompanyBusy, match="another fetch"):
        mirror.fetch()
    mirror.fetch()


def test_what_a_dead_fetch_left_is_swept_away(source, mirror_of):
    source.commit({b"a": b"1"})
    mirror = mirror_of(source.path)
    mirror.fetch()
    (pack,) = packs(mirror.path)
    left = [
        mirror.path / "HEAD.lock",
        mirror.path / "packed-refs.lock",
        mirror.path / "shallow.lock",
        mirror.path / "config.lock",
        mirror.path / "refs/orch/heads/main.lock",
        mirror.path / "objects/pack/tmp_pack_x1",
        mirror.path / "objects/pack/tmp_idx_x1",
        mirror.path / "objects/pack/.tmp-12-pack-x",
        mirror.path / "objects/ab/tmp_obj_x1",
        mirror.path / "objects/tmp_objdir-incoming-x/pack/tmp_pack_y",
        mirror.path / "orch-tmp-x",
        pack.with_suffix(".keep"),
    ]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    sha = source.commit({b"a": b"2"})
    assert mirror.fetch().head == sha
    assert [path.name for path in left if path.exists()] == []


def test_a_tree_that_explodes_when_walked_ends_in_an_error_and_not_in_the_swap(
    source, mirror_of, monkeypatch
):
    monkeypatch.setattr(git_objects, "MAX_WALK_KB", 400_000)
    monkeypatch.setattr("resources.git.mirror.MAX_ENTRIES", 10_000)
    good = source.commit({b"a": b"1"})
    tree = source.git("rev-parse", f"{good}^{{tree}}")
    for _ in range(9):
        entries = "".join(f"040000 tree {tree}\td{n}\n" for n in range(10))
        tree = source.git("mktree", stdin=entries.encode())
    bomb = source.git("commit-tree", "-p", good, "-m", "boom", tree)
    source.git("update-ref", "refs/heads/main", bomb)
    mirror = mirror_of(source.path)
    assert mirror.fetch().head == bomb
    with pytest.raises(GitLimit, match="more than 10000"):
        mirror.snapshot()
    assert [c.paths for c in mirror.commits([good])] == [("a",)]
    with pytest.raises(GitError, match="cannot be read"):
        list(mirror.commits([good, bomb]))


def test_a_commit_message_is_read_up_to_its_limit_and_not_into_memory(source, mirror_of):
    size = 30 * 1024 * 1024
    ids = [source.commit({b"a": b"1"}, b"x" * size), source.commit({b"a": b"2"}, b"short")]
    mirror = mirror_of(source.path)
    mirror.fetch()
    tracemalloc.start()
    try:
        long, short = mirror.commits(ids)
        assert tracemalloc.get_traced_memory()[1] < 10 * 1024 * 1024
    finally:
        tracemalloc.stop()
    assert 0.9 < len(long.message) / git_objects.MAX_COMMIT_BYTES < 1
    assert short.message == "short"


def test_a_signal_to_the_caller_takes_git_with_it(silent_host, tmp_path):
    with start_fetch(tmp_path / "m.git", silent_host) as fetching:
        until(lambda: running("ls-remote --symref -- " + silent_host))
        fetching.send_signal(signal.SIGINT)
        fetching.wait(10)
    until(lambda: not running("ls-remote --symref -- " + silent_host))


def test_git_that_is_not_installed_is_said_so(tmp_path):
    with pytest.raises(GitError, match="not installed"):
        run_git(
            git_command("version"),
            environment=clean_environment({"PATH": str(tmp_path)}),
            deadline=Deadline(5),
        )
