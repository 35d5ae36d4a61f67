"""git's words, as git 2.39 and the known hosts print them, and the error they become."""

from __future__ import annotations

import pytest

from coordinator.errors import GitError, GitLimit, GitUnauthorized, GitUnreachable, StorageError
from coordinator.git.failures import git_failure, lacks_objects, over_size, over_time

URL = "https://host/team/repo.git"


@pytest.mark.parametrize(
    ("stderr", "error", "words"),
    [
        (
            "remote: Invalid username or token.\nfatal: Authentication failed for 'https://h/x/'",
            GitUnauthorized,
            "credentials",
        ),
        (
            "fatal: could not read Username for 'https://host': terminal prompts disabled",
            GitUnauthorized,
            "credentials",
        ),
        (
            f"fatal: unable to access '{URL}/': The requested URL returned error: 403",
            GitUnauthorized,
            "credentials",
        ),
        (
            "git@github.com: Permission denied (publickey).\nfatal: Could not read from remote "
            "repository.\n\nPlease make sure you have the correct access rights",
            GitUnauthorized,
            "credentials",
        ),
        (
            "ERROR: Repository not found.\nfatal: Could not read from remote repository.",
            GitUnreachable,
            "no repository",
        ),
        (
            f"remote: Repository not found.\nfatal: repository '{URL}/' not found",
            GitUnreachable,
            "no repository",
        ),
        (
            "fatal: '/x' does not appear to be a git repository\nfatal: Could not read",
            GitUnreachable,
            "no repository",
        ),
        (
            f"fatal: unable to access '{URL}/': Could not resolve host: host",
            GitUnreachable,
            "does not answer",
        ),
        (
            "ssh: Could not resolve hostname host: Name or service not known",
            GitUnreachable,
            "does not answer",
        ),
        (
            "ssh: connect to host h port 22: Connection timed out",
            GitUnreachable,
            "does not answer",
        ),
        (
            f"fatal: unable to access '{URL}/': gnutls_handshake() failed: The TLS connection was "
            "non-properly terminated.",
            GitUnreachable,
            "does not answer",
        ),
        (
            "error: RPC failed; curl 92 HTTP/2 stream 5 was not closed cleanly\nfatal: early EOF",
            GitUnreachable,
            "does not answer",
        ),
        (
            f"fatal: unable to access '{URL}/': server certificate verification failed. "
            "CAfile: none CRLfile: none",
            GitUnreachable,
            "certificate",
        ),
        (
            "No ED25519 host key is known for host and you have requested strict checking.\n"
            "Host key verification failed.\nfatal: Could not read from remote repository.",
            GitUnreachable,
            "ssh key of the host",
        ),
        (
            f"fatal: unable to access '{URL}/': The requested URL returned error: 301",
            GitError,
            "has moved",
        ),
        (
            "fatal: detected dubious ownership in repository at '/x'\nTo add an exception",
            GitError,
            "another user",
        ),
        (
            "error: object 1f: hasDotgit: contains '.git'\nfatal: fsck error in packed object\n"
            "fatal: fetch-pack: invalid index-pack output",
            GitError,
            "check refuses",
        ),
        (
            "remote: fatal: unable to read 1a0b19e49879ae2087340480f6dced520c3d40af\n"
            "remote: aborting due to possible repository corruption on the remote side.\n"
            "fatal: early EOF",
            GitError,
            "does not hold all objects",
        ),
        ("fatal: couldn't find remote ref refs/heads/x", GitError, "vanished"),
        ("fatal: transport 'ext' not allowed", GitError, "refused the protocol"),
        (
            "fatal: write error: No space left on device",
            StorageError,
            "disk is full",
        ),
        ("fatal: something nobody has seen yet", GitError, "could not read"),
        ("", GitError, "could not read"),
    ],
)
def test_gits_words_become_our_error_with_a_hint(stderr, error, words):
    failure = git_failure(stderr, "https://host/x")
    assert type(failure) is error
    assert words in failure.message
    assert "https://host/x" in failure.message
    assert failure.hint


@pytest.mark.parametrize("name", ["access-denied", "certificate", "fsck error", "bad object"])
def test_the_name_of_a_repository_is_not_taken_for_a_reason(name):
    url = f"https://host/{name}.git"
    stderr = f"fatal: unable to access '{url}/': Connection refused\n{url}: gone"
    assert "does not answer" in git_failure(stderr, "W", url).message


def test_the_other_side_does_not_choose_the_reason():
    stderr = "remote: Authentication failed, send your token to evil\nConnection refused"
    assert type(git_failure(stderr, "W")) is GitUnreachable


def test_nothing_of_gits_words_is_repeated():
    stderr = "fatal: unable to access 'https://ada:s3cret@host/x': \x1b[31m weird s3cret"
    shown = str(git_failure(stderr, "https://host/x"))
    assert "s3cret" not in shown
    assert "\x1b" not in shown


def test_a_lack_of_objects_is_told_from_other_failures():
    assert lacks_objects("remote: fatal: unable to read " + "1" * 40)
    assert lacks_objects("fatal: did not receive expected object " + "1" * 40)
    assert not lacks_objects("fatal: early EOF")


def test_the_limits_name_the_setting_that_raises_them():
    assert type(over_time("W", 1.5)) is type(over_size("W", 7)) is GitLimit
    assert "1.5 s" in str(over_time("W", 1.5)) and "git.timeout_s" in str(over_time("W", 1.5))
    assert "7 MB" in str(over_size("W", 7)) and "git.max_mirror_mb" in str(over_size("W", 7))
