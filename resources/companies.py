"""The companies of a home: created, listed, cloned and removed, each step in the ledger."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from coordinator.errors import (
    CompanyBusy,
    CompanyError,
    OrchError,
    StorageError,
    UsageError,
    VersionConflict,
)
from coordinator.ledger.events import NewEvent
from coordinator.reasons import reason as checked
from coordinator.settings import SLUG, CompanySettings, company_slug, git_protocol
from resources.files import FILE_MODE, make_folder, size_of, storage_errors, sync_folder
from resources.instances import SETTINGS_FILE, Instance, settings_hash
from resources.ledger import Ledger
from resources.tables.durability import sync_changes

EventOf = tuple[str, Mapping[str, object]]

WAIT_S = 60.0
PREPARING = ".creating-"
REMOVING = ".removing-"


@dataclass(frozen=True)
class Health:
    """Whether a company's settings can be used: `problem` is empty when they can."""

    company: str
    problem: str


@dataclass(frozen=True)
class Cloned:
    """What a clone copied: `rows` by table, `mirror_bytes` of Git objects (0 without --data)."""

    source: str
    target: str
    rows: Mapping[str, int]
    mirror_bytes: int


class Companies:
    """All companies of one home: a folder under ``instances/`` named by a slug is a company.

    `forget` takes back what a removed company left outside its folder, and why; it may be called
    twice.
    """

    def __init__(
        self, folder: Path, ledger: Ledger, forget: Callable[[str, str], object] | None = None
    ) -> None:
        self._folder = folder
        self._ledger = ledger
        self._forget = forget

    def names(self) -> list[str]:
        """Slugs in alphabetical order, those with broken settings included."""
        if not self._folder.exists():
            return []
        return sorted(
            path.name
            for path in self._folder.iterdir()
            if SLUG.fullmatch(path.name) and path.is_dir()
        )

    def readable(self) -> list[str]:
        """Slugs of the companies whose settings can be used."""
        return [name for name in self.names() if not self.check(name).problem]

    def instance(self, company: str) -> Instance:
        """The space of `company`; CompanyError when there is none."""
        instance = Instance(self._folder / company_slug(company))
        if not instance.folder.is_dir():
            known = ", ".join(self.names()) or "none yet"
            raise CompanyError(
                f"there is no company '{company}'",
                hint=f"companies: {known}; `orch company create {company}` makes one",
            )
        return instance

    def check(self, company: str) -> Health:
        """Read the settings of `company` and say what is wrong with them."""
        try:
            _ = self.instance(company).settings
        except OrchError as error:
            return Health(company, str(error))
        return Health(company, "")

    def create(self, settings: CompanySettings) -> Instance:
        """Make a company's folder and record it; CompanyError when it exists."""
        self._make(settings, cloned_from="")
        return Instance(self._folder / settings.name)

    def record(self, instance: Instance) -> None:
        """Make the ledger know the company and its settings as they stand on disk.

        A settings file edited by hand, or a folder put back from a backup, is caught up here.
        """
        now = instance.settings_hash
        while True:
            state = self._ledger.state(instance.slug)
            if state.exists and state.settings_hash == now:
                return
            kind = "company_changed" if state.exists else "company_created"
            with suppress(VersionConflict):  # another process was first: look again
                self._append(
                    instance.slug, (kind, {"settings_hash": now}), expected_version=state.version
                )

    def clone(
        self, source: str, target: str, *, git_url: str | None = None, data: bool = False
    ) -> Cloned:
        """Copy settings and policies of `source` to the new company `target`, services left out.

        With `data`, private tables, the mirror and what was written by hand are copied as well,
        while no sync of `source` runs; the target appears when all of it is there. Raises
        CompanyError and CompanyBusy.
        """
        origin = self.instance(source)
        # two companies must neither read one's issues nor publish over each other
        gone = dict.fromkeys(("jira", "confluence", "supabase"))
        settings = origin.settings.model_copy(update={"name": company_slug(target), **gone})
        if git_url is not None:
            settings = _with_url(settings, git_url)
        if not data:
            return self._make(settings, cloned_from=source)
        with origin.lock():
            return self._make(settings, cloned_from=source, data=origin)

    def remove(self, company: str, *, reason: str = "") -> int:
        """Delete a company with all its private data and return the bytes freed.

        The folder leaves the list in one rename; a removal cut off after that is finished by the
        next command that makes or removes a company.
        """
        reason = checked(reason)  # before anything goes
        instance = self.instance(company)
        if instance.folder.is_symlink():
            raise CompanyError(
                f"the folder of '{company}' is a symbolic link, which is not followed",
                hint=f"remove what it names and the link {instance.folder} by hand",
            )
        with instance.lock(), self._alone():
            freed = size_of(instance.folder)
            leaving = self._folder / f"{REMOVING}{company}"
            with storage_errors(f"the removal of '{company}'"):
                instance.folder.rename(leaving)
                sync_folder(self._folder)
            self._finish_removal(leaving, reason)
        return freed

    def _make(
        self, settings: CompanySettings, *, cloned_from: str, data: Instance | None = None
    ) -> Cloned:
        """Prepare the company aside, record it, and let it appear in one rename.

        The ledger comes before the rename: when it cannot be written nothing appears, and a
        company recorded but never seen is recorded as gone by the next creation.
        """
        name = settings.name
        with self._alone():
            self._check_free(name)
            preparing = Instance(self._folder / f"{PREPARING}{name}", name)
            created = {"settings_hash": settings_hash(settings), "cloned_from": cloned_from}
            events = [NewEvent("company_created", created)]
            texts: dict[str, str] = {}
            cloned = Cloned(cloned_from, name, {}, 0)
            try:
                make_folder(preparing.folder)
                preparing.write_settings(settings)
                if data is not None:
                    cloned = _copy_data(data, preparing)
                    copied = {"source": data.slug, "tables": cloned.rows}
                    events.append(NewEvent("data_cloned", copied))
                    written, texts = self._written_by_hand(data.slug)
                    events += written
                self._ledger.append(
                    f"company:{name}", events, expected_version=None, texts=[*texts.values()]
                )
                with storage_errors(f"the company '{name}'"):
                    preparing.folder.rename(self._folder / name)
                    sync_folder(self._folder)
            finally:
                shutil.rmtree(preparing.folder, ignore_errors=True)
        return cloned

    def _written_by_hand(self, company: str) -> tuple[list[NewEvent], dict[str, str]]:
        """What makes a copy hold it too: of a table alone the copy's first sync would drop it."""
        from coordinator import by_hand

        state = self._ledger.state(company)
        texts = self._ledger.texts(company, by_hand.text_hashes(state))
        return by_hand.events_of(state, texts), texts

    def _check_free(self, name: str) -> None:
        if os.path.lexists(self._folder / name):
            raise CompanyError(
                f"the company '{name}' exists already",
                hint=f"edit {self._folder / name / SETTINGS_FILE}, or `orch company remove {name}`",
            )
        if self._ledger.state(name).exists:
            self._record_removal(name, "its folder was gone")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Be the only process that makes or removes companies; what others left is finished."""
        from filelock import FileLock, Timeout

        make_folder(self._folder)
        lock = FileLock(self._folder / ".companies.lock", timeout=WAIT_S, mode=FILE_MODE)
        try:
            with storage_errors("the lock of the companies"):
                lock.acquire()
        except Timeout:
            raise CompanyBusy(
                "another command is making or removing a company", hint="try again in a while"
            ) from None
        try:
            for left in self._folder.glob(f"{PREPARING}*"):
                shutil.rmtree(left, ignore_errors=True)
            for left in sorted(self._folder.glob(f"{REMOVING}*")):
                self._finish_removal(left, "")
            yield
        finally:
            lock.release()

    def _finish_removal(self, left: Path, reason: str) -> None:
        """Empty the folder, record the removal, delete it: on a full disk the first makes room.

        What it left outside goes before the removal is recorded: a crash in between is finished.
        """
        company = left.name.removeprefix(REMOVING)
        with storage_errors(f"the removal of '{company}'"):
            for path in left.iterdir():
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
            if SLUG.fullmatch(company) and self._ledger.state(company).exists:
                self._record_removal(company, reason)
            left.rmdir()

    def _record_removal(self, company: str, reason: str) -> None:
        if self._forget is not None:
            self._forget(company, reason or "its company was removed")
        self._append(company, ("company_removed", {"reason": reason}))

    def _append(self, company: str, *events: EventOf, expected_version: int | None = None) -> None:
        self._ledger.append(
            f"company:{company}",
            [NewEvent(kind, payload, company) for kind, payload in events],
            expected_version=expected_version,
        )


def _copy_data(source: Instance, target: Instance) -> Cloned:
    """Copy tables and mirror, durably; locks stay behind."""
    what = f"the data of '{target.slug}'"

    def copy(one: str, other: str) -> None:
        with storage_errors(what):  # inside: copytree would bury the error in a list
            shutil.copy2(one, other)

    for folder, copied in (
        (source.tables_folder, target.tables_folder),
        (source.mirror_folder, target.mirror_folder),
    ):
        if folder.exists():
            try:
                shutil.copytree(
                    folder,
                    copied,
                    symlinks=True,
                    copy_function=copy,
                    ignore=shutil.ignore_patterns("*.lock"),
                )
            except shutil.Error as error:
                raise StorageError(
                    f"{what} could not be copied ({len(error.args[0])} files)",
                    hint="look at the folder's free space and permissions",
                ) from None
            with storage_errors(what):
                sync_changes(copied, {})
    tables = target.tables()
    rows = {name: tables.rows(name) for name in tables.names()}
    return Cloned(source.slug, target.slug, rows, size_of(target.mirror_folder))


def settings_for(name: str, location: str, **given: Any) -> CompanySettings:
    """The settings of a new company whose repository is at `location`.

    A local folder is allowed the protocol ``file`` because somebody typed it; UsageError when the
    location or another value cannot be used.
    """
    url = _absolute(location)
    try:
        git: dict[str, Any] = {"url": url, "protocols": [git_protocol(url)]}
        git |= {key: given.pop(key) for key in ("branch", "token_env") if given.get(key)}
        given = {key: value for key, value in given.items() if value}
        return CompanySettings.model_validate({"name": name, "git": git, **given})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{key}: {first['msg'].removeprefix('Value error, ')}") from None
    except ValueError as error:
        raise UsageError(
            f"--git: {error}", hint="for a local repository, give its folder"
        ) from None


def _with_url(settings: CompanySettings, url: str) -> CompanySettings:
    given = settings.model_dump(mode="json", exclude={"name", "git"})
    git = settings.git.model_dump(mode="json", exclude={"url", "protocols"})
    if urlsplit(url).netloc != urlsplit(settings.git.url).netloc:
        # another host must not be shown this one's credentials
        git |= {"token_env": None, "ssh_key_env": None}
    moved = settings_for(settings.name, url).git.model_dump(mode="json")
    chosen = {"url": moved["url"], "protocols": moved["protocols"]}
    return CompanySettings.model_validate({"name": settings.name, **given, "git": git | chosen})


def _absolute(location: str) -> str:
    if "://" in location or re.match(r"[\w.-]+@[\w.-]+:", location):
        return location
    try:
        path = Path(location).expanduser()
        # an empty text, such as a variable nobody set, is not the current folder
        return str(path.resolve()) if location and path.exists() else location
    except (OSError, RuntimeError):  # a name too long, a user that does not exist
        return location
