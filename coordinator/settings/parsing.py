"""Settings as YAML text: read with the error's file, line and key, and written back."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from coordinator import yaml_text
from coordinator.errors import SettingsError
from coordinator.settings.company import CompanySettings
from coordinator.settings.orch import CoordinatorSettings

Settings = TypeVar("Settings", CompanySettings, CoordinatorSettings)


def parse_company(text: str, *, file: str) -> CompanySettings:
    """The company settings in `text`; SettingsError names file, line and key."""
    return _parse(CompanySettings, text, file)


def parse_coordinator(text: str, *, file: str) -> CoordinatorSettings:
    """The coordinator settings in `text`; SettingsError names file, line and key."""
    return _parse(CoordinatorSettings, text, file)


def _parse(model: type[Settings], text: str, file: str) -> Settings:
    data, lines = yaml_text.load(text, file=file)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        # a misspelt key is also a missing one: name the misspelling
        first = min(
            error.errors(include_url=False, include_input=False),
            key=lambda found: found["type"] != "extra_forbidden",
        )
        path = tuple(first["loc"])
        raise SettingsError(
            _problem(first, model, path),
            file=file,
            line=_line(lines, path),
            key=yaml_text.dotted(path),
            hint="see docs/settings.md",
        ) from None


PROBLEMS = {
    "model_type": "must be a mapping of keys to values",
    "tuple_type": "must be a list",
    "string_type": "must be text: put it in quotes",
}
"""What YAML makes of a slip, said without Python's words."""


def _problem(error: Any, model: type[BaseModel], path: tuple[str | int, ...]) -> str:
    if error["type"] == "extra_forbidden":
        known = _known_keys(model, path[:-1])
        close = get_close_matches(str(path[-1]), known, n=1)
        return f"unknown key, did you mean '{close[0]}'?" if close else "unknown key"
    if error["type"] == "missing":
        return "this key is required"
    return PROBLEMS.get(error["type"]) or str(error["msg"]).removeprefix("Value error, ")


def _known_keys(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    for part in path:
        if isinstance(part, int):
            continue  # an item of a list: the list's own type says what it holds
        annotation = model.model_fields[part].annotation
        inner = [annotation, *get_args(annotation)]
        model = next(one for one in inner if isinstance(one, type) and issubclass(one, BaseModel))
    return [field.alias or name for name, field in model.model_fields.items()]


def _line(lines: yaml_text.Lines, path: tuple[str | int, ...]) -> int:
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def dump(settings: CompanySettings | CoordinatorSettings) -> str:
    """The settings as YAML text that `parse_…` reads back to an equal model."""
    return yaml.safe_dump(
        settings.model_dump(mode="json", exclude_defaults=True, by_alias=True)
        | ({"name": settings.name} if isinstance(settings, CompanySettings) else {}),
        sort_keys=False,
        allow_unicode=True,
    )
