"""What a quick command must not pay for: measured by what is imported, not by the clock."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("dagster", "torch", "pandas", "lancedb", "pyarrow", "sqlalchemy", "pydantic", "git")


def imported_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split("\n")[-2].split())


def test_help_imports_nothing_heavy() -> None:
    names = imported_by("from orch_dagster.cli.main import run\nrun(['--help'])")
    assert names.isdisjoint(HEAVY)


def test_search_imports_no_dagster() -> None:
    names = imported_by("import orch_dagster.cli.memory, resources.memory, resources.home")
    assert "dagster" not in names
    assert "torch" not in names


@pytest.mark.parametrize("floor", ["coordinator", "resources"])
def test_the_lower_floors_do_not_import_dagster(floor: str) -> None:
    code = (
        f"import importlib, pkgutil, {floor}\n"
        f"for found in pkgutil.iter_modules({floor}.__path__):\n"
        "    if found.name != 'dagster_resources':\n"
        f"        importlib.import_module('{floor}.' + found.name)"
    )
    assert "dagster" not in imported_by(code)
