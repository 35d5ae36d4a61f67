"""`orch up`: start the Dagster UI with its sensors and schedules."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from coordinator.errors import UsageError
from orch_dagster.cli.door import note, open_home


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
    if _taken(port):
        raise UsageError(f"port {port} is in use", hint="choose another one with --port")
    environment = os.environ | {
        "ORCH_HOME": str(home.path),
        "DAGSTER_HOME": str(home.dagster_folder),
        "PATH": f"{dagster.parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    home.close()
    note(f"the UI opens at http://127.0.0.1:{port} in a few seconds; Ctrl-C stops it")
    command = [
        *(str(dagster), "dev", "-h", "127.0.0.1", "-p", str(port)),
        *("-m", "orch_dagster.definitions", "--log-level", "warning"),
    ]
    os.execve(dagster, command, environment)  # noqa: S606 (an argument list, no shell wanted)


def _taken(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
