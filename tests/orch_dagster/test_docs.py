"""Everything a user can name stands in the documentation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args, get_origin

import click
import dagster as dg
import pytest
from pydantic import BaseModel

from coordinator.settings import CompanySettings, CoordinatorSettings
from orch_dagster.cli.main import COMMANDS, orch
from orch_dagster.cli.reference import reference

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def settings_keys(model: type[BaseModel], prefix: str = "") -> list[str]:
    keys = []
    for name, field in model.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        inner = (field.annotation, *get_args(field.annotation))
        models = [k for k in inner if isinstance(k, type) and issubclass(k, BaseModel)]
        if not models:
            keys.append(key)
        for found in models:
            is_list = get_origin(field.annotation) is tuple
            keys += settings_keys(found, f"{key}[]." if is_list else f"{key}.")
    return keys


@pytest.mark.parametrize(
    "key", [*settings_keys(CompanySettings), *settings_keys(CoordinatorSettings)]
)
def test_every_setting_is_documented(key: str) -> None:
    assert f"| `{key}` |" in (DOCS / "settings.md").read_text(encoding="utf-8")


def test_the_command_reference_is_what_the_commands_say() -> None:
    assert (DOCS / "commands.md").read_text(encoding="utf-8") == reference(), "run `make docs`"


def commands(group: click.Group, path: tuple[str, ...]) -> list[tuple[str, click.Command]]:
    found = []
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        found.append((" ".join((*path, name)), command))
        if isinstance(command, click.Group):
            found += commands(command, (*path, name))
    return found


@pytest.mark.parametrize(("path", "command"), commands(orch, ("orch",)))
def test_every_command_has_help_and_an_example(path: str, command: click.Command) -> None:
    example = (command.help or "").partition("Example:  ")[2]
    assert example.startswith(path)
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.is_flag:
            assert parameter.help, parameter.name


def test_the_listed_help_matches_the_commands() -> None:
    for name, (_, text) in COMMANDS.items():
        assert text.endswith("."), name


def test_every_asset_check_job_sensor_and_schedule_is_documented() -> None:
    from orch_dagster.definitions import defs

    page = (DOCS / "assets.md").read_text(encoding="utf-8")
    names = [key.to_user_string() for key in defs.resolve_asset_graph().get_all_asset_keys()]
    names += [check.name for check in defs.resolve_asset_graph().asset_check_keys]
    names += [job.name for job in defs.jobs or [] if not isinstance(job, dg.JobDefinition)]
    names += [sensor.name for sensor in defs.sensors or []]
    names += [schedule.name for schedule in defs.schedules or []]
    assert len(names) >= 18
    assert [name for name in names if f"| `{name}` |" not in page] == []


def test_every_link_of_the_readme_leads_somewhere() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
