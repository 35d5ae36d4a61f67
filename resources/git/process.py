"""Running git hardened: a clean environment, fixed settings, a deadline, a limit on growth.

Nothing of the caller's environment reaches git but PATH and what `clean_environment` names; no
settings file of the machine or the user is read; no hook, helper, pager, prompt or background job
can start. Every process runs in a session of its own, so that stopping it stops its children.
"""

from __future__ import annotations

import os
import selectors
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal, Protocol, cast

from coordinator.errors import GitError, GitUnauthorized, StorageError
from coordinator.git.address import GitAddress

if TYPE_CHECKING:
    from coordinator.settings import GitSettings

TICK_S = 0.1
GONE_WAIT_S = 1.0
MAX_STDERR = 65_536
MAX_STDOUT = 256 * 1024 * 1024

# Old clients wrote these slips into honest histories; none of them matters to who reads objects
# by id and never checks out. Everything else git's fsck calls an error stays one.
FORGIVEN = (
    "badTimezone",
    "missingNameBeforeEmail",
    "missingSpaceBeforeDate",
    "missingSpaceBeforeEmail",
    "zeroPaddedDate",
    "zeroPaddedFilemode",
)

HARDENED = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.askPass=",
    "core.fsync=all",
    "core.bigFileThreshold=16m",
    "credential.helper=",
    "fetch.writeCommitGraph=false",
    "gc.auto=0",
    "http.followRedirects=false",
    "maintenance.auto=false",
    "protocol.allow=never",
    "submodule.recurse=false",
    "transfer.bundleURI=false",
    "transfer.fsckObjects=true",
    *(f"fetch.fsck.{slip}=ignore" for slip in FORGIVEN),
)

Stopped = Literal["", "time", "size"]


@dataclass(frozen=True)
class Finished:
    """What a process left: `stopped` says which limit ended it, if one did."""

    code: int
    stdout: bytes
    stderr: str
    stopped: Stopped = ""


class Deadline:
    """A point in time shared by the steps of one piece of work."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds until the deadline, 0 when it has passed."""
        return max(0.0, self._end - time.monotonic())


def clean_environment(environ: Mapping[str, str], git_dir: Path | None = None) -> dict[str, str]:
    """The whole environment of a git process; without `git_dir` git sees no repository at all."""
    clean = {
        "PATH": environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "LC_ALL": "C",
        "GIT_DIR": str(git_dir) if git_dir else os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_PAGER": "cat",
    }
    if authority := environ.get("GIT_SSL_CAINFO"):
        clean["GIT_SSL_CAINFO"] = authority
    return clean


def remote_environment(
    settings: GitSettings, address: GitAddress, environ: Mapping[str, str]
) -> dict[str, str]:
    """What git needs besides to reach `address`: the token or the ssh command.

    The token goes in by environment, bound to the host: arguments are seen by everybody on the
    machine. A value with ':' is ``user:password``; GitHub, GitLab and Azure take any user name.
    """
    if address.protocol == "ssh":
        return _ssh_environment(settings, environ)
    if address.protocol != "https" or settings.token_env is None:
        return {}
    token = environ.get(settings.token_env, "").strip()
    if not token:
        raise _unset(settings.token_env, "git.token_env")
    user_password = token if ":" in token else f"x-access-token:{token}"
    header = "Authorization: Basic " + b64encode(user_password.encode()).decode("ascii")
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{address.origin}.extraHeader",
        "GIT_CONFIG_VALUE_0": header,
    }


def _ssh_environment(settings: GitSettings, environ: Mapping[str, str]) -> dict[str, str]:
    # -F none: an alias or ProxyCommand of some user's ssh configuration must not decide where
    # a daemon connects to. known_hosts is still the user's.
    options = [
        "ssh",
        "-F",
        "none",
        *("-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"),
        *("-o", "ClearAllForwardings=yes", "-o", "PermitLocalCommand=no"),
        *("-o", "ConnectTimeout=30", "-o", "ServerAliveInterval=30"),
    ]
    extra = {}
    if settings.ssh_key_env is not None:
        key = environ.get(settings.ssh_key_env, "").strip()
        if not key:
            raise _unset(settings.ssh_key_env, "git.ssh_key_env")
        options += ["-o", "IdentitiesOnly=yes", "-i", key]
    elif agent := environ.get("SSH_AUTH_SOCK"):
        extra["SSH_AUTH_SOCK"] = agent
    return extra | {"GIT_SSH_COMMAND": shlex.join(options), "GIT_SSH_VARIANT": "ssh"}


def _unset(variable: str, key: str) -> GitUnauthorized:
    return GitUnauthorized(
        f"the environment variable {variable}, named by {key}, is not set",
        hint=f"set {variable} where the coordinator runs, or remove {key}",
    )


def git_command(*arguments: str, protocol: str = "") -> list[str]:
    """The argument list of a hardened git; `protocol` is the only one it may speak, if any."""
    settings = [*HARDENED, f"protocol.{protocol}.allow=always"] if protocol else HARDENED
    return ["git", *(part for setting in settings for part in ("-c", setting)), *arguments]


class HeldLock(Protocol):
    """A lock that children inherit by its descriptor; see resources.git.store."""

    @property
    def descriptor(self) -> int:
        """What children inherit."""

    def note(self, group: int) -> None:
        """Write down which process group holds the lock beside us."""


# A child starts its work only when told to, and then its group has been written down: should this
# process end in between, the child reads the end of the pipe instead of a word, and goes.
GATE = 'read -r word && exec "$@" <"$0"'


def run_git(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    deadline: Deadline,
    stdin: bytes | Path = b"",
    stdout: IO[bytes] | None = None,
    too_large: Callable[[], bool] = lambda: False,
    on_stderr: Callable[[bytes], None] = lambda _: None,
    lock: HeldLock | None = None,
) -> Finished:
    """Run `command` to its end, to the deadline, or until `too_large` says so.

    `stdin` is content or the path of a file. Output goes to `stdout` if given, else it is returned
    (at most MAX_STDOUT bytes). The process and all its children are gone when this returns or
    raises; if this process is killed, whoever takes the `lock` next can find and stop them.
    """
    with _named(stdin) as content:
        process = _start(
            ["sh", "-c", GATE, content.name, *command],
            env=dict(environment),
            stdout=stdout if stdout is not None else subprocess.PIPE,
            pass_fds=(lock.descriptor,) if lock is not None else (),
        )
        with process:
            try:
                if lock is not None:
                    lock.note(process.pid)
                _open_gate(process)
                return _follow(process, deadline, too_large, on_stderr)
            finally:
                if process.returncode is None:  # not yet reaped, so the number is still ours
                    _stop(process)


def _named(content: bytes | Path) -> IO[bytes]:
    if isinstance(content, Path):
        return content.open("rb")
    if not content:
        return Path(os.devnull).open("rb")
    file = tempfile.NamedTemporaryFile(prefix="orch-git-")  # noqa: SIM115  (closed by the caller)
    file.write(content)
    file.seek(0)
    return cast(IO[bytes], file)


def _open_gate(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        with suppress(BrokenPipeError), process.stdin as gate:
            gate.write(b"go\n")


def _start(
    command: Sequence[str],
    *,
    env: dict[str, str],
    stdout: IO[bytes] | int,
    pass_fds: Sequence[int],
) -> subprocess.Popen[bytes]:
    git_dir = Path(env["GIT_DIR"])
    if shutil.which("git", path=env["PATH"]) is None:
        raise GitError("git is not installed", hint="install git 2.39 or newer")
    try:
        return subprocess.Popen(  # noqa: S603  (arguments are never part of a script)
            command,
            cwd=git_dir if git_dir.is_dir() else "/",
            env=env,
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=subprocess.PIPE,
            start_new_session=True,
            pass_fds=pass_fds,
        )
    except OSError as error:
        raise StorageError(f"git could not be started: {error.strerror}") from None


def _follow(
    process: subprocess.Popen[bytes],
    deadline: Deadline,
    too_large: Callable[[], bool],
    on_stderr: Callable[[bytes], None],
) -> Finished:
    kept: dict[str, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
    stopped: Stopped = ""
    checked = time.monotonic()
    with selectors.DefaultSelector() as selector:
        for name, pipe in (("stdout", process.stdout), ("stderr", process.stderr)):
            if pipe is not None:
                selector.register(pipe, selectors.EVENT_READ, name)
        while selector.get_map() and not stopped:
            for key, _ in selector.select(min(TICK_S, deadline.left())):
                chunk = os.read(key.fd, 65_536)
                if not chunk:
                    selector.unregister(key.fileobj)
                elif key.data == "stderr":
                    on_stderr(chunk)
                    kept["stderr"] = (kept["stderr"] + chunk)[-MAX_STDERR:]
                else:
                    kept["stdout"] += chunk
            if deadline.left() <= 0:
                stopped = "time"
            elif time.monotonic() - checked >= TICK_S or len(kept["stdout"]) > MAX_STDOUT:
                checked = time.monotonic()
                stopped = "size" if len(kept["stdout"]) > MAX_STDOUT or too_large() else ""
    if not stopped:
        try:
            process.wait(deadline.left())
        except subprocess.TimeoutExpired:
            stopped = "time"
    if stopped:
        _stop(process)
    code = process.wait()
    stderr = kept["stderr"].decode("utf-8", "replace")
    return Finished(code, bytes(kept["stdout"]), stderr, stopped)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop the group and wait until nobody in it can write a file any more."""
    stop_group(process.pid)
    process.wait()
    end = time.monotonic() + GONE_WAIT_S
    with suppress(ProcessLookupError, PermissionError):
        while time.monotonic() < end:  # for ever where nobody reaps orphans
            os.killpg(process.pid, 0)
            time.sleep(0.005)


def stop_group(group: int) -> None:
    """Kill a process group of ours; it may be gone already."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
