"""Atlassian's own schema of ADF, and real texts."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path

import jsonschema_rs
import pytest

ROOT = Path(__file__).parents[3]
SCHEMA = ROOT / "tests/tools/node_modules/@atlaskit/adf-schema/dist/json-schema/v1/full.json"
SHARED = Path(os.environ.get("ORCH_SHARED") or ROOT.parent / "shared")


@pytest.fixture(scope="session")
def refusal() -> Callable[[object], str]:
    """What Atlassian's schema says against a document; empty when nothing."""
    if not SCHEMA.exists():
        pytest.skip("Atlassian's schema of ADF is not there: run `make tools`")
    validator = jsonschema_rs.validator_for(json.loads(SCHEMA.read_text(encoding="utf-8")))
    return lambda document: str(next(validator.iter_errors(document), ""))[:500]


@pytest.fixture(scope="session")
def documents() -> list[str]:
    """The Markdown files of this repository."""
    folders = ("*.md", "docs/**/*.md", "examples/**/*.md", "orch_dagster/**/*.md", "deploy/**/*.md")
    files = sorted(file for folder in folders for file in ROOT.glob(folder))
    return [file.read_text(encoding="utf-8") for file in files]


@pytest.fixture(scope="session")
def issue_texts() -> list[str]:
    """Descriptions of real issues, which lie outside of this repository."""
    files = sorted((SHARED / "data/jira").glob("*.csv"))
    if not files:
        pytest.skip("no issue texts under ORCH_SHARED (default: the folder `shared` beside this)")
    texts: list[str] = []
    for file in files:
        with file.open(encoding="utf-8", newline="") as rows:
            texts += [row["description"] for row in csv.DictReader(rows)][:250]
    return texts
