"""How long commands take from nothing, in fresh processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.homes import home_of, sync
from benchmarks.measuring import Row, in_turn, shown

BARE = [sys.executable, "-c", "pass"]
ORCH = [str(Path(sys.executable).with_name("orch"))]


def rows() -> Iterator[Row]:
    """Medians of five starts, each against a bare interpreter started in turn with it."""
    with TemporaryDirectory() as folder, home_of(Path(folder), "empresa-a", 1) as home:
        sync(home)
        search = [*ORCH, "memory", "search", "autenticação segura", "--company", "company-00"]
        yield _start("`orch memory search` cold", search, str(home.path))
    yield _start("`orch --help`", [*ORCH, "--help"], "", goal="≤ 0.3 s")
    location = [sys.executable, "-c", "import orch_dagster.definitions"]
    dagster = [sys.executable, "-c", "import dagster"]
    ours, theirs = in_turn(lambda: _run(location, ""), lambda: _run(dagster, ""))
    yield Row(
        "import of the code location",
        f"{shown(ours)} = {ours / theirs:.2f} ×",
        f"`import dagster` alone, {shown(theirs)}",
    )


def _start(what: str, command: list[str], home: str, *, goal: str = "") -> Row:
    ours, bare = in_turn(lambda: _run(command, home), lambda: _run(BARE, home))
    figure = f"{shown(ours)} = {ours / bare:.0f} ×"
    return Row(what, figure, f"an empty Python process, {shown(bare)}", goal)


def _run(command: list[str], home: str) -> None:
    environment = os.environ | {"ORCH_HOME": home, "HF_HUB_OFFLINE": "1"}
    subprocess.run(command, env=environment, check=True, capture_output=True)
