"""A company's isolated space on disk: its settings, mirror, tables and lock."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from coordinator.errors import CompanyBusy, CompanyError
from coordinator.settings import CompanySettings, company_slug, dump, parse_company
from resources.files import FILE_MODE, read_settings_text, storage_errors, write_text

if TYPE_CHECKING:
    from filelock import FileLock

    from resources.git import Mirror
    from resources.tables import Tables

SETTINGS_FILE = "company.yaml"
BRIEF_S = 60.0
"""How long a sync waits for work that said it would be brief: a first model takes seconds."""
POLL_S = 0.05


class Instance:
    """The space of one company under ``instances/<slug>/``; nothing of another company is in it."""

    def __init__(self, folder: Path, slug: str | None = None) -> None:
        self.slug = company_slug(folder.name if slug is None else slug)
        self.folder = folder

    @property
    def settings_file(self) -> Path:
        return self.folder / SETTINGS_FILE

    @property
    def mirror_folder(self) -> Path:
        return self.folder / "mirror.git"

    @property
    def tables_folder(self) -> Path:
        return self.folder / "tables"

    @cached_property
    def settings(self) -> CompanySettings:
        """The settings in `company.yaml`; SettingsError names file, line and key."""
        if not self.folder.is_dir():
            raise self._missing()
        settings = parse_company(
            read_settings_text(self.settings_file), file=str(self.settings_file)
        )
        if settings.name != self.slug:
            raise CompanyError(
                f"{self.settings_file} names the company '{settings.name}', "
                f"its folder is '{self.slug}'",
                hint="make the two equal",
            )
        return settings

    @property
    def settings_hash(self) -> str:
        """sha256 of the settings' meaning: comments and key order do not change it."""
        return settings_hash(self.settings)

    def write_settings(self, settings: CompanySettings) -> None:
        write_text(self.settings_file, dump(settings))
        self.__dict__.pop("settings", None)

    def mirror(self) -> Mirror:
        """The company's mirror; close it after use (it is a context manager)."""
        from resources.git import Mirror

        return Mirror(self.mirror_folder, self.settings.git)

    def tables(self) -> Tables:
        """The company's LanceDB database."""
        from resources.tables import Tables

        return Tables(self.tables_folder)

    @contextmanager
    def lock(self, *, wait_s: float = 0.0, brief: bool = False) -> Iterator[None]:
        """Hold the company for one sync; CompanyBusy when another process does.

        `wait_s` is how long to wait for a sync to end, `brief` says that this one is done in
        moments: whoever comes meanwhile waits for it, since a run that failed at the door is not
        asked for again. The lock is the kernel's: it goes with the process that holds it, however
        that ends.
        """
        from filelock import FileLock

        folder = _identity(self.folder)
        if folder is None:
            raise self._missing()
        lock = FileLock(self.folder / ".sync.lock", timeout=0, mode=FILE_MODE)
        holder = self.folder / ".sync.holder"
        with storage_errors(f"the lock of '{self.slug}'"):
            self._acquire(lock, holder, wait_s)
        try:
            if _identity(self.folder) != folder:
                self._forget_ghost(Path(lock.lock_file))
                raise self._missing()
            write_text(holder, json.dumps({"pid": os.getpid(), "brief": brief}))
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()

    def _acquire(self, lock: FileLock, holder: Path, wait_s: float) -> None:
        from filelock import Timeout

        began = time.monotonic()
        while True:
            try:
                lock.acquire()
                return
            except Timeout:
                waited = time.monotonic() - began
                if waited >= wait_s and (waited >= BRIEF_S or not _is_brief(holder)):
                    raise CompanyBusy(
                        f"another sync of '{self.slug}' is running{_named(holder)}",
                        hint="wait for it to end, then try again",
                    ) from None
                time.sleep(POLL_S)

    def is_worked_on(self) -> bool:
        """Whether a living process holds the company; never says no while one does."""
        pid = _holder(self.folder / ".sync.holder")
        if pid is None:
            return False
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:  # another user's process
            return True
        return True

    def _forget_ghost(self, lock_file: Path) -> None:
        """Take away the folder that making the lock's file made after the company was removed."""
        if not self.settings_file.exists():
            lock_file.unlink(missing_ok=True)
            with suppress(OSError):
                self.folder.rmdir()

    def _missing(self) -> CompanyError:
        return CompanyError(
            f"there is no company '{self.slug}'",
            hint="`orch company list` shows the companies, `orch company create` makes one",
        )


def settings_hash(settings: CompanySettings) -> str:
    """sha256 of the settings' meaning: comments and key order do not change it."""
    canonical = json.dumps(settings.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        state = folder.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return (state.st_dev, state.st_ino)


def _holder(note: Path) -> int | None:
    """The process that noted itself as the company's holder; None when nobody did."""
    try:
        return int(json.loads(note.read_text())["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_brief(note: Path) -> bool:
    """Whether the holder said that it is done in moments."""
    try:
        return json.loads(note.read_text())["brief"] is True
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _named(note: Path) -> str:
    pid = _holder(note)
    return "" if pid is None else f" (process {pid})"
