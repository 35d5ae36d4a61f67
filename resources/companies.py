"""The companies of a home: created, listed, cloned and removed, each step in the ledger."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from coordinator.errors import CompanyError, OrchError, UsageError
from coordinator.events import NewEvent
from coordinator.settings import CompanySettings, company_slug, git_protocol
from resources.files import make_folder, size_of, storage_errors, sync_folder
from resources.instances import Instance
from resources.ledger import Ledger

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
    """All companies of one home. A folder under ``instances/`` is a company, nothing else is."""

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        self._folder = folder
        self._ledger = ledger

    def names(self) -> list[str]:
        """Slugs in alphabetical order, those with broken settings included."""
        if not self._folder.exists():
            return []
        return sorted(
            path.name
            for path in self._folder.iterdir()
            if path.is_dir() and not path.name.startswith(".")
        )

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

    def create(self, settings: CompanySettings, *, cloned_from: str = "") -> Instance:
        """Make a company's folder and record it; CompanyError when it exists."""
        self.finish_removals()
        target = self._folder / settings.name
        if target.exists():
            raise CompanyError(
                f"the company '{settings.name}' exists already",
                hint=f"edit {target / 'company.yaml'}, or `orch company remove {settings.name}`",
            )
        preparing = self._folder / f"{PREPARING}{settings.name}"
        shutil.rmtree(preparing, ignore_errors=True)
        make_folder(preparing)
        try:
            Instance(preparing, settings.name).write_settings(settings)
            with storage_errors(f"the company '{settings.name}'"):
                preparing.rename(target)
        finally:
            shutil.rmtree(preparing, ignore_errors=True)
        sync_folder(self._folder)
        instance = Instance(target)
        self.record(instance, cloned_from=cloned_from)
        return instance

    def record(self, instance: Instance, *, cloned_from: str = "") -> None:
        """Make the ledger know the company and its settings as they stand on disk.

        A settings file edited by hand, or a creation cut off before its event, is caught up here.
        """
        state = self._ledger.state(instance.slug)
        now = instance.settings_hash
        if not state.exists:
            payload = {"settings_hash": now, "cloned_from": cloned_from}
            self._append(instance.slug, "company_created", payload)
        elif state.settings_hash != now:
            self._append(instance.slug, "company_changed", {"settings_hash": now})

    def clone(
        self, source: str, target: str, *, git_url: str | None = None, data: bool = False
    ) -> Cloned:
        """Copy settings and policies of `source` to the new company `target`.

        With `data`, private tables and the mirror are copied as well, while no sync of `source`
        runs. Raises CompanyError and CompanyBusy.
        """
        origin = self.instance(source)
        settings = origin.settings.model_copy(update={"name": company_slug(target)})
        if git_url is not None:
            settings = _with_url(settings, git_url)
        instance = self.create(settings, cloned_from=source)
        if not data:
            return Cloned(source, target, {}, 0)
        try:
            with origin.lock(), storage_errors(f"the data of '{target}'"):
                for folder in (origin.tables_folder, origin.mirror_folder):
                    if folder.exists():
                        shutil.copytree(folder, instance.folder / folder.name, symlinks=True)
        except BaseException:
            self.remove(target, reason="clone cut off")
            raise
        tables = instance.tables()
        rows = {name: tables.rows(name) for name in tables.names()}
        self._append(target, "data_cloned", {"source": source, "tables": rows})
        return Cloned(source, target, rows, size_of(instance.mirror_folder))

    def remove(self, company: str, *, reason: str = "") -> int:
        """Delete a company with all its private data and return the bytes freed.

        The folder leaves the list in one rename; a removal cut off after that is finished by the
        next one.
        """
        instance = self.instance(company)
        with instance.lock():
            freed = size_of(instance.folder)
            instance.folder.rename(self._folder / f"{REMOVING}{company}")
        self.finish_removals(reason=reason)
        return freed

    def finish_removals(self, *, reason: str = "") -> None:
        """Record and delete what earlier removals left half done."""
        for left in sorted(self._folder.glob(f"{REMOVING}*")):
            company = left.name.removeprefix(REMOVING)
            if self._ledger.state(company).exists:
                self._append(company, "company_removed", {"reason": reason})
            shutil.rmtree(left)

    def _append(self, company: str, event_type: str, payload: Mapping[str, object]) -> None:
        event = NewEvent(event_type=event_type, company=company, payload=dict(payload))
        self._ledger.append(f"company:{company}", [event], expected_version=None)


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
    moved = settings_for(settings.name, url).git.model_dump(mode="json")
    chosen = {"url": moved["url"], "protocols": moved["protocols"]}
    return CompanySettings.model_validate({"name": settings.name, **given, "git": git | chosen})


def _absolute(location: str) -> str:
    if "://" in location or re.match(r"[\w.-]+@[\w.-]+:", location):
        return location
    path = Path(location).expanduser()
    return str(path.resolve()) if path.exists() else location
