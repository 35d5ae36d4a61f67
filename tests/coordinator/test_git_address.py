"""Addresses: which forms git is given (what is refused: tests/resources/test_git_hostile.py)."""

from __future__ import annotations

import pytest

from coordinator.errors import GitError
from coordinator.git.address import git_address, shown_url

ALL = ("https", "ssh", "file")


@pytest.mark.parametrize(
    ("url", "protocol", "text", "origin"),
    [
        ("https://host/a/b.git", "https", "https://host/a/b.git", "https://host/"),
        ("https://Host:8443/a", "https", "https://host:8443/a", "https://host:8443/"),
        ("https://[::1]:1/a", "https", "https://[::1]:1/a", "https://[::1]:1/"),
        ("https://host/a%20b/_git/c", "https", "https://host/a%20b/_git/c", "https://host/"),
        ("ssh://git@host:22/a/b.git", "ssh", "ssh://git@host:22/a/b.git", ""),
        ("ssh://host/~ada/b.git", "ssh", "ssh://host/~ada/b.git", ""),
        ("git@host.example:team/repo.git", "ssh", "git@host.example:team/repo.git", ""),
        ("/srv/git/repo with blank", "file", "/srv/git/repo with blank", ""),
        ("/srv/a:b", "file", "/srv/a:b", ""),
        ("file:///srv/a%20b", "file", "/srv/a b", ""),
        ("file://localhost/srv/a", "file", "/srv/a", ""),
    ],
)
def test_known_forms_are_given_to_git(url, protocol, text, origin):
    address = git_address(url, ALL)
    assert (address.protocol, address.text, address.origin) == (protocol, text, origin)


def test_a_protocol_that_is_not_allowed_is_named():
    with pytest.raises(GitError, match="uses ssh, which this company does not allow") as raised:
        git_address("git@host:repo", ("https",))
    assert "git.protocols" in raised.value.hint


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://ada:secret@host/x", "https://host/x"),
        ("https://a@b@host/x", "https://host/x"),
        ("https://host/x?token=secret#also", "https://host/x"),
        ("/a\x1b[31m\nb", "/a\\x1b[31m\\nb"),
        ("/" + "x" * 500, "/" + "x" * 199),
    ],
)
def test_what_is_shown_holds_no_secret_and_no_control_character(url, shown):
    assert shown_url(url) == shown
