"""`orch up`: start the Dagster UI with its sensors and schedules."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import click

from coordinator.errors import UsageError
from orch_dagster.cli.door import note, open_home

LOCK = ".up.lock"
# `dagster dev` prints a warning about its own name at each start
SUPERSEDED = "ignore:Function `dev_command` is superseded"


@click.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=3000,
    show_default=True,
    help="Where to listen.",
)
def up(port: int) -> None:
    """Start the Dagster UI, its sensors and schedules, on this machine only. Ctrl-C stops it.

    The UI has no login: it listens on 127.0.0.1 and nowhere else.

    Example:  orch up --port 3000
    """
    home = open_home()
    dagster = Path(sys.executable).with_name("dagster")
    if not dagster.exists():
        raise UsageError("dagster is not installed beside orch", hint="run `make install`")
    home.verify_ledger()
    _hold(home.dagster_folder, port)
    if _taken(port):
        raise UsageError(f"port {port} is in use", hint="choose another one with --port")
    environment = os.environ | {
        "ORCH_HOME": str(home.path),
        "DAGSTER_HOME": str(home.dagster_folder),
        "PATH": f"{dagster.parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONWARNINGS": ",".join(filter(None, [os.environ.get("PYTHONWARNINGS"), SUPERSEDED])),
    }
    if home.i_know:
        environment["ORCH_I_KNOW"] = "1"
    home.close()
    note(f"the UI opens at http://127.0.0.1:{port} in a few seconds; Ctrl-C stops it")
    command = [
        *(str(dagster), "dev", "-h", "127.0.0.1", "-p", str(port)),
        *("-m", "orch_dagster.definitions", "--log-level", "warning"),
    ]
    # a script's `orch up &` ignores SIGINT, and Dagster would then ignore SIGTERM as well
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execve(dagster, command, environment)  # noqa: S606 (an argument list, no shell wanted)


def _hold(folder: Path, port: int) -> None:
    """Lock the home for this process and what it becomes: two daemons would run all twice.

    The lock is the kernel's and goes with the process, however that ends; Dagster's children do
    not inherit it.
    """
    import fcntl

    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        where = os.read(lock, 100).decode("ascii", "replace") or "somewhere else"
        raise UsageError(
            f"the UI of this home runs already: {where}",
            hint="use that one, or stop it first",
        ) from None
    os.ftruncate(lock, 0)
    os.write(lock, f"http://127.0.0.1:{port} (process {os.getpid()})".encode())
    os.set_inheritable(lock, True)


def _taken(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
