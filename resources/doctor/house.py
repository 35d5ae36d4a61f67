"""The home as a whole: its modes, settings, disk, Dagster's files, and the embedding model."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from coordinator.settings import CoordinatorSettings
from resources.doctor.findings import Finding, failure, ok, warning
from resources.home import SETTINGS_FILE, Home

LITTLE_BYTES = 1_000_000_000
TOO_LITTLE_BYTES = 100_000_000
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def modes(home: Path) -> Iterator[Finding]:
    """Whether anybody but the owner can reach the private data.

    The home's own mode keeps everybody out of what is in it, whatever modes stand there.
    """
    state = home.stat()
    if state.st_mode & OTHERS:
        said = f"other users can look into it (mode {stat.S_IMODE(state.st_mode):04o})"
        yield failure("home", said, f"chmod 700 {home}")
    elif state.st_uid != os.geteuid():
        said = f"it belongs to the user {state.st_uid}, not to the one who runs this"
        yield failure("home", said, f"chown -R {os.geteuid()} {home}")
    else:
        yield ok("home", f"{home}, closed to others")


def settings(home: Home) -> Iterator[Finding]:
    found: CoordinatorSettings = home.settings
    yield ok("settings", f"{SETTINGS_FILE} is valid, the model is {found.embedding.model}")


def disk(home: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(home).free
    said = f"{free / 1e9:.1f} GB free"
    if free < TOO_LITTLE_BYTES:
        yield failure("disk", said, "free some space: the next sync would stop half-way")
    elif free < LITTLE_BYTES:
        yield warning("disk", said, "free some space before it is used up")
    else:
        yield ok("disk", said)


def dagster(folder: Path) -> Iterator[Finding]:
    """Whether the SQLite files of Dagster's own storage are sound; Postgres has none."""
    if not (folder / "dagster.yaml").is_file():
        said = "dagster.yaml is missing: runs of one company would not wait for each other"
        yield failure("dagster", said, f"put {folder / 'dagster.yaml'} back from a backup")
        return
    files = sorted(folder.rglob("*.db"))
    bad = [file for file in files if not _is_sound(file)]
    for file in bad:
        said = f"{file.relative_to(folder)} is damaged"
        yield failure("dagster", said, f"stop `orch up` and move {file} away: it is history only")
    if not bad:
        yield ok("dagster", f"{len(files)} databases are sound")


def _is_sound(file: Path) -> bool:
    try:
        # not immutable: another process may be writing there
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=10)) as opened:
            return bool(opened.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.OperationalError as error:
        return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    except sqlite3.DatabaseError:
        return False


def model(home: Home) -> Iterator[Finding]:
    """Whether the model of the settings turns a text into a vector on this machine."""
    import numpy as np

    from resources.embedding.models import is_here

    name = home.settings.embedding.model
    if not is_here(name):
        said = f"{name} is not on this machine: the next command that needs it downloads it"
        yield warning("model", said, "orch sync --all, with a network")
        return
    vector = home.embedder.embed_query("doctor")
    if not np.isfinite(vector).all():
        yield failure("model", f"{name} gives vectors that are no numbers", "reinstall it")
        return
    yield ok("model", f"{name}, {len(vector)} wide")


def leftovers(home: Home) -> Iterator[Finding]:
    """What killed commands left beside the companies."""
    folder = home.instances_folder
    if _is_busy(folder / ".companies.lock"):
        yield ok("leftovers", "a company is being made or removed just now")
        return
    found = _hidden(folder, ".creating-", ".removing-")
    for path in found:
        verb = "making" if path.name.startswith(".creating-") else "removal"
        company = path.name.partition("-")[2]
        said = f"the {verb} of '{company}' was cut off: its data stands in {path}"
        yield warning("leftovers", said, "the next `orch company create` or `remove` ends it")
    torn = _hidden(home.path, f".{SETTINGS_FILE}.")
    for path in torn:
        yield warning("leftovers", f"{path.name} was never finished", f"rm {path}")
    if not found and not torn:
        yield ok("leftovers", "nothing cut off")


def _hidden(folder: Path, *starts: str) -> list[Path]:
    paths: Iterable[Path] = folder.iterdir() if folder.is_dir() else ()
    return sorted(path for path in paths if path.name.startswith(starts))


def _is_busy(lock_file: Path) -> bool:
    from filelock import FileLock, Timeout

    if not lock_file.exists():
        return False
    try:
        with FileLock(lock_file, timeout=0):
            return False
    except Timeout:
        return True
