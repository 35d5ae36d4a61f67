"""The environment and the arguments git is started with."""

from __future__ import annotations

import base64
import shlex
from pathlib import Path

import pytest

from coordinator.errors import GitUnauthorized
from coordinator.git.address import git_address
from coordinator.settings import GitSettings
from resources.git.process import clean_environment, git_command, remote_environment

CALLER = {
    "PATH": "/bin",
    "HOME": "/home/ada",
    "https_proxy": "http://proxy",
    "GIT_DIR": "/elsewhere",
    "GIT_ASKPASS": "/bin/ask",
    "SSH_ASKPASS": "/bin/ask",
    "SSH_AUTH_SOCK": "/run/agent",
    "LD_PRELOAD": "/evil.so",
    "KEY": "/keys/it's one",
    "TOKEN": "abc",
}


def environment_for(url: str, **settings: str) -> dict[str, str]:
    values = GitSettings(url=url, protocols=("https", "ssh", "file"), **settings)
    return remote_environment(values, git_address(url, values.protocols), CALLER)


def test_only_the_path_of_the_caller_reaches_git():
    clean = clean_environment(CALLER, Path("/mirror.git"))
    shared = {name for name in CALLER if clean.get(name) == CALLER[name]}
    assert shared == {"PATH"}
    assert clean["GIT_DIR"] == "/mirror.git"
    # newer git asks the source of a partial clone only where this does not stand
    assert clean["GIT_NO_LAZY_FETCH"] == "1"
    assert clean["GIT_CONFIG_GLOBAL"] == clean["HOME"] == "/dev/null"


def test_a_private_authority_reaches_git():
    clean = clean_environment({"GIT_SSL_CAINFO": "/ca.pem"})
    assert (clean["GIT_SSL_CAINFO"], clean["GIT_DIR"]) == ("/ca.pem", "/dev/null")


def test_ssh_asks_nobody_and_believes_known_hosts_only():
    extra = environment_for("git@host:repo.git")
    words = shlex.split(extra["GIT_SSH_COMMAND"])
    assert words[:3] == ["ssh", "-F", "none"]
    assert {"BatchMode=yes", "StrictHostKeyChecking=yes"} <= set(words)
    assert extra["SSH_AUTH_SOCK"] == "/run/agent"
    assert "TOKEN" not in str(extra)


def test_an_ssh_key_is_quoted_and_the_only_one_offered():
    extra = environment_for("ssh://git@host/repo.git", ssh_key_env="KEY")
    words = shlex.split(extra["GIT_SSH_COMMAND"])
    assert words[-2:] == ["-i", "/keys/it's one"]
    assert "IdentitiesOnly=yes" in words
    assert "SSH_AUTH_SOCK" not in extra


def test_an_unset_key_variable_is_named():
    with pytest.raises(GitUnauthorized, match=r"NO_KEY, named by git\.ssh_key_env"):
        environment_for("git@host:repo.git", ssh_key_env="NO_KEY")


def test_a_token_is_bound_to_its_host():
    extra = environment_for("https://host:8443/repo.git", token_env="TOKEN")
    coded = base64.b64encode(b"x-access-token:abc").decode()
    assert extra == {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "http.https://host:8443/.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {coded}",
    }


@pytest.mark.parametrize("url", ["/repo", "file:///repo", "git@host:repo"])
def test_a_token_goes_to_https_alone(url):
    assert "GIT_CONFIG_VALUE_0" not in environment_for(url, token_env="TOKEN")


def test_one_protocol_is_allowed_at_most():
    assert [word for word in git_command("fetch", protocol="ssh") if "protocol." in word] == [
        "protocol.allow=never",
        "protocol.ssh.allow=always",
    ]
    assert [word for word in git_command("log") if "protocol." in word] == ["protocol.allow=never"]
