"""A site as JSON and back, so that what a demo made is there the next time."""

from __future__ import annotations

import json
import os
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from orch_dagster.samples.atlassian.records import (
    Account,
    Container,
    Issue,
    Later,
    Page,
    Person,
)
from orch_dagster.samples.atlassian.site import Site

KINDS: dict[str, type] = {
    "accounts": Account,
    "people": Person,
    "projects": Container,
    "spaces": Container,
    "issues": Issue,
    "pages": Page,
    "later": Later,
}
FORM = 1


def save(site: Site, path: Path) -> None:
    """Write everything that stands on the site; the old file stays until the new one is whole."""
    held: dict[str, Any] = {"form": FORM, "last_id": site.last_id, "numbers": site.numbers}
    held["keys"] = site.keys
    for name in KINDS:
        rows = getattr(site, name)
        held[name] = [_plain(row) for row in (rows.values() if isinstance(rows, dict) else rows)]
    beside = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(held, file, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def load(path: Path, now: datetime) -> Site:
    """The site that was saved; searches see all of it at once. ValueError for another file."""
    held = json.loads(path.read_text("utf-8"))
    if not isinstance(held, dict) or held.get("form") != FORM:
        raise ValueError(f"{path} holds no saved site of this version")
    rows = {name: [_made(kind, row) for row in held[name]] for name, kind in KINDS.items()}
    site = Site(
        accounts={(row.email, row.token): row for row in rows["accounts"]},
        people={row.account_id: row for row in rows["people"]},
        projects={row.key: row for row in rows["projects"]},
        spaces={row.key: row for row in rows["spaces"]},
        numbers=held["numbers"],
        last_id=held["last_id"],
        later=rows["later"],
    )
    for issue in rows["issues"]:
        site.put_issue(issue, now)
    for page in rows["pages"]:
        site.put_page(page)
    site.keys |= held["keys"]
    return site


def _plain(value: Any) -> Any:
    """A record as JSON has it."""
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _made(kind: Any, value: Any) -> Any:
    """A record, or part of one, from JSON; anything whose kind says no more stays as it is."""
    if value is None:
        return None
    if isinstance(kind, UnionType):
        kind = next(part for part in get_args(kind) if part is not type(None))
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        return kind(**{name: _made(hints[name], part) for name, part in value.items()})
    if kind is datetime:
        return datetime.fromisoformat(value)
    if get_origin(kind) is frozenset:
        return frozenset(value)
    return _tuple(get_args(kind), value) if get_origin(kind) is tuple else value


def _tuple(parts: tuple[Any, ...], value: list[Any]) -> tuple[Any, ...]:
    if parts[-1] is Ellipsis:
        return tuple(_made(parts[0], item) for item in value)
    return tuple(_made(part, item) for part, item in zip(parts, value, strict=True))
