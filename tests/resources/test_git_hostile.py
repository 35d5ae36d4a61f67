"""Repositories made to run something on whoever reads them. Nothing may run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from coordinator.errors import GitError
from coordinator.settings import GitSettings
from resources.git import Mirror

HOOKS = (
    "post-checkout",
    "post-commit",
    "post-index-change",
    "post-merge",
    "post-update",
    "pre-auto-gc",
    "pre-push",
    "pre-receive",
    "proc-receive",
    "reference-transaction",
    "update",
)

# What the configuration of a source may say; {run} is a command that leaves a canary.
CONFIGS = {
    "core.fsmonitor": "{run}",
    "core.sshCommand": "{run}",
    "core.gitProxy": "{run}",
    "core.pager": "{run}",
    "core.editor": "{run}",
    "core.askPass": "{run}",
    "core.alternateRefsCommand": "{run}",
    "credential.helper": "!{run}",
    "uploadpack.packObjectsHook": "{run}",
    "filter.evil.clean": "{run}",
    "filter.evil.smudge": "{run}",
    "filter.evil.process": "{run}",
    "diff.evil.command": "{run}",
    "diff.evil.textconv": "{run}",
    "diff.external": "{run}",
    "merge.evil.driver": "{run}",
    "alias.upload-pack": "!{run}",
    "alias.ls-tree": "!{run}",
    "trace2.eventTarget": "{canary}",
    "trace2.normalTarget": "{canary}",
    "remote.origin.uploadpack": "{run}",
    "gpg.program": "{run}",
    "interactive.diffFilter": "{run}",
    "sequence.editor": "{run}",
}


@pytest.fixture
def canary(tmp_path):
    return tmp_path / "canary"


@pytest.fixture
def run(tmp_path, canary):
    script = tmp_path / "run.sh"
    script.write_text(f'#!/bin/sh\necho "$0 $*" >> "{canary}"\nexit 0\n')
    script.chmod(0o755)
    return script


@pytest.fixture
def work(tmp_path, plain_git):
    """A work tree with one commit, in which nothing is hostile yet."""
    work = tmp_path / "work"
    plain_git("init", "-q", "-b", "main", work)
    (work / "a.txt").write_text("hello")
    (work / ".gitattributes").write_text("* filter=evil diff=evil merge=evil\n")
    plain_git("-C", work, "add", "-A")
    plain_git("-C", work, "commit", "-qm", "one")
    (work / "a.txt").write_text("changed since")
    return work


def read_everything(mirror: Mirror) -> None:
    mirror.remote_head()
    mirror.fetch()
    ids = mirror.commit_ids()
    assert len(list(mirror.commits(ids))) == len(ids) > 0
    snapshot = mirror.snapshot()
    read = mirror.reader(snapshot)
    assert read("a.txt") == b"hello"
    mirror.fetch()


def configure(repository: Path, key: str, value: str, plain_git) -> None:
    plain_git("-C", repository, "config", key, value)


@pytest.mark.parametrize("form", ["work tree", "bare"])
@pytest.mark.parametrize("key", CONFIGS)
def test_no_setting_of_the_source_runs_anything(
    work, tmp_path, mirror_of, plain_git, run, canary, key, form
):
    place = work
    if form == "bare":
        place = tmp_path / "bare.git"
        plain_git("clone", "-q", "--bare", work, place)
    configure(place, key, CONFIGS[key].format(run=run, canary=canary), plain_git)
    read_everything(mirror_of(place))
    assert not canary.exists()


@pytest.mark.parametrize("lacking", [False, True], ids=["whole", "lacking objects"])
def test_all_settings_and_hooks_together_run_nothing(
    work, tmp_path, mirror_of, plain_git, run, canary, lacking
):
    (work / "lost.bin").write_text("lost")
    plain_git("-C", work, "add", "lost.bin")
    plain_git("-C", work, "commit", "-qm", "two")
    lost = plain_git("-C", work, "rev-parse", "HEAD:lost.bin").decode().strip()
    for name in HOOKS:
        hook = work / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_bytes(run.read_bytes())
        hook.chmod(0o755)
    included = tmp_path / "included"
    included.write_text(f"[core]\n\tfsmonitor = {run}\n\thooksPath = {work / '.git' / 'hooks'}\n")
    for key, value in CONFIGS.items():
        if not key.startswith("trace2"):
            configure(work, key, value.format(run=run, canary=canary), plain_git)
    configure(work, "include.path", str(included), plain_git)
    configure(work, "extensions.partialClone", "origin", plain_git)
    configure(work, "remote.origin.url", f"ext::{run} %S", plain_git)
    configure(work, "remote.origin.promisor", "true", plain_git)
    configure(work, "protocol.ext.allow", "always", plain_git)
    configure(work, f"url.ext::{run} .insteadOf", str(work), plain_git)
    canary.unlink(missing_ok=True)
    if lacking:
        (work / ".git" / "objects" / lost[:2] / lost[2:]).unlink()
    read_everything(mirror_of(work))
    assert not canary.exists()
    # and again with something new to bring
    unhooked = ("-C", work, "-c", "core.hooksPath=/dev/null")
    plain_git(*unhooked, "update-ref", "refs/heads/main", "HEAD^")
    canary.unlink(missing_ok=True)
    mirror = mirror_of(work)
    assert mirror.fetch().forced
    assert not canary.exists()


@pytest.mark.parametrize(
    ("key", "command"),
    [
        ("core.fsmonitor", ("status",)),
        ("filter.evil.clean", ("diff",)),
        ("diff.evil.textconv", ("log", "-p")),
        ("diff.external", ("diff",)),
        ("alias.x", ("x",)),
        ("core.sshCommand", ("ls-remote", "ssh://localhost/x")),
        ("credential.helper", ("credential", "fill")),
    ],
)
def test_the_control_git_itself_does_run_them(work, plain_git, run, canary, key, command):
    value = f"!{run}" if key.startswith(("alias", "credential")) else str(run)
    configure(work, key, value, plain_git)
    canary.unlink(missing_ok=True)
    stdin = b"protocol=https\nhost=localhost\n\n"
    plain_git("-C", work, *command, stdin=stdin, check=False)
    assert canary.exists()


def test_the_control_a_hook_of_the_source_does_run_for_git_itself(work, plain_git, run, canary):
    hook = work / ".git" / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_bytes(run.read_bytes())
    hook.chmod(0o755)
    plain_git("-C", work, "branch", "other")
    assert canary.exists()


def test_a_hook_put_into_the_mirror_does_not_run(work, mirror_of, plain_git, run, canary):
    mirror = mirror_of(work)
    mirror.fetch()
    (mirror.path / "hooks").mkdir()
    for name in HOOKS:
        (mirror.path / "hooks" / name).write_bytes(run.read_bytes())
        (mirror.path / "hooks" / name).chmod(0o755)
    (mirror.path / "config").write_text("[core]\n\tbare = true\n\trepositoryformatversion = 0\n")
    plain_git("-C", work, "commit", "-qam", "two")
    assert mirror.fetch().head
    assert not canary.exists()
    # the control: without our settings the same hook runs
    plain_git("--git-dir", mirror.path, "update-ref", "refs/heads/x", mirror.head())
    assert canary.exists()


def test_settings_of_the_user_and_the_machine_do_not_reach_git(
    source, tmp_path, mirror_of, monkeypatch, run, canary
):
    source.commit({b"a.txt": b"hello"})
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        f'[core]\n\tfsmonitor = {run}\n\thooksPath = {tmp_path}\n[url "ext::{run} "]\n'
        f'\tinsteadOf = {source.path}\n[protocol "ext"]\n\tallow = always\n'
    )
    for name in ("reference-transaction", "post-update"):
        (tmp_path / name).write_bytes(run.read_bytes())
        (tmp_path / name).chmod(0o755)
    for name, value in {
        "HOME": home,
        "XDG_CONFIG_HOME": home,
        "GIT_CONFIG_GLOBAL": home / ".gitconfig",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.fsmonitor",
        "GIT_CONFIG_VALUE_0": run,
        "GIT_CONFIG_PARAMETERS": f"'core.fsmonitor'='{run}'",
        "GIT_SSH_COMMAND": run,
        "GIT_ASKPASS": run,
        "GIT_EXTERNAL_DIFF": run,
        "GIT_PAGER": run,
        "GIT_ALLOW_PROTOCOL": "ext:file",
        "GIT_EXEC_PATH": tmp_path,
        "GIT_TEMPLATE_DIR": tmp_path,
        "LD_PRELOAD": "",
    }.items():
        monkeypatch.setenv(name, str(value))
    read_everything(mirror_of(source.path, environ=os.environ))
    assert not canary.exists()


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c touch% {canary}",
        "ext::{run} %S",
        "fd::17",
        "https::{run}",
        "ssh::{run}",
        "file::{run}",
        "--upload-pack={run}",
        "-u{run}",
        "-oProxyCommand={run}",
        "ssh://-oProxyCommand={run}/x",
        "ssh://user@-oProxyCommand={run}/x",
        "ssh://-l@host/x",
        "git@-oProxyCommand=x:path",
        "-git@host:path",
        "git@host:-upload-pack={run}",
        "git@host:/-x",
        "ssh://host/--upload-pack={run}",
        "ssh://host:22x/repo",
        "https://user:secret@host/repo",
        "https://token@host/repo",
        "https://host/repo?token=secret",
        "https://host/repo%0a-x",
        "https://host/re\npo",
        "https:///repo",
        "https://host",
        "https://ho st/repo",
        "https://host\\@evil/repo",
        "http://host/repo",
        "git://host/repo",
        "ftp://host/repo",
        "file://host/repo",
        "file://relative",
        "relative/path",
        "../up",
        "~/home",
        "C:\\repo",
        "host:path",
        "",
        " /repo",
    ],
)
def test_an_odd_address_is_refused_before_git_runs(tmp_path, run, canary, monkeypatch, url):
    monkeypatch.setattr("resources.git.process.subprocess.Popen", _no_process)
    url = url.format(run=run, canary=canary)
    # past the checks of the settings, which are another line of defence
    settings = GitSettings.model_construct(
        url=url,
        branch=None,
        protocols=("https", "ssh", "file"),
        token_env=None,
        ssh_key_env=None,
        timeout_s=5,
        max_mirror_mb=10,
        max_file_kb=10,
    )
    mirror = Mirror(tmp_path / "m.git", settings)
    for ask in (mirror.remote_head, mirror.fetch):
        with pytest.raises(GitError, match="is refused") as raised:
            ask()
        assert "secret" not in str(raised.value)
        assert "\n" not in str(raised.value)
    assert not canary.exists()
    assert not (tmp_path / "m.git").exists()


def test_addresses_stand_where_git_takes_no_options(source, mirror_of, monkeypatch):
    source.commit({b"a.txt": b"x"})
    started = []
    popen = subprocess.Popen

    def record(command, *arguments, **more):
        started.append(list(command))
        return popen(command, *arguments, **more)

    monkeypatch.setattr("resources.git.process.subprocess.Popen", record)
    mirror_of(source.path).fetch()
    asked = [command for command in started if str(source.path) in command]
    assert len(asked) == 2
    assert all(command[command.index(str(source.path)) - 1] == "--" for command in asked)


def _no_process(*arguments: object, **more: object) -> None:
    raise AssertionError(f"a process was started: {arguments}")


@pytest.mark.parametrize(
    ("url", "protocols"), [("/repo", ("https",)), ("git@host:repo", ("https", "file"))]
)
def test_a_protocol_the_company_does_not_allow_is_refused(tmp_path, url, protocols):
    settings = GitSettings.model_construct(
        **{**GitSettings(url="https://host/repo").model_dump(), "url": url, "protocols": protocols}
    )
    with pytest.raises(GitError, match="does not allow"):
        Mirror(tmp_path / "m.git", settings).fetch()


def test_git_speaks_no_protocol_but_the_one_of_the_address(tmp_path, run, canary):
    """Should an address slip through, git itself still refuses."""
    from resources.git.process import Deadline, clean_environment, git_command, run_git

    for protocol in ("https", "ssh", "file"):
        done = run_git(
            git_command("ls-remote", "--", f"ext::{run} %S", protocol=protocol),
            environment=clean_environment(os.environ),
            deadline=Deadline(10),
        )
        assert "transport 'ext' not allowed" in done.stderr
    assert not canary.exists()


def test_file_names_made_to_escape_stay_names(source, tmp_path, mirror_of):
    names = [b"--output=x", b"-rf", b"$(touch canary)", b"a;b", b"\\..\\x", b"~root", b":(top)x"]
    source.commit(dict.fromkeys(names, b"content"))
    mirror = mirror_of(source.path)
    mirror.fetch()
    read = mirror.reader(mirror.snapshot())
    assert [read(name.decode()) for name in names] == [b"content"] * len(names)
    (commit,) = mirror.commits(mirror.commit_ids())
    assert sorted(commit.paths) == sorted(name.decode() for name in names)


def test_branch_names_made_to_escape_stay_names(source, mirror_of):
    sha = source.commit({b"a.txt": b"x"}, branch="main")
    names = ("$(touch_canary)", "a;b", "%2e%2e", "é", "HEAD", "x" * 150)
    for number, name in enumerate(names):
        source.git("update-ref", f"refs/heads/{name}", sha)
        source.git("symbolic-ref", "HEAD", f"refs/heads/{name}")
        mirror = mirror_of(source.path, name=f"mirror-{number}.git")
        assert mirror.fetch().branch == mirror.branch() == name
        assert mirror.head() == sha


def test_replace_refs_and_grafts_of_the_source_change_nothing(source, mirror_of):
    honest = source.commit({b"a.txt": b"honest"})
    other = source.commit({b"a.txt": b"forged"}, branch="other")
    source.git("update-ref", f"refs/replace/{honest}", other)
    mirror = mirror_of(source.path)
    mirror.fetch()
    assert mirror.reader(mirror.snapshot())("a.txt") == b"honest"
