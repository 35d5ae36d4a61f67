"""The context a sync left is read back as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from coordinator.context import InstanceContext
from coordinator.errors import CompanyError
from coordinator.frames import data_version
from resources.contexts import TABLE, as_frame, stored_context
from resources.instances import Instance

CONTEXT = InstanceContext(
    {"company": "acme", "title": "Ação", "statistics": {"commits": 3}, "activity": {"last": None}},
    "# Ação\n\n| a \\| b |\n",
)


@pytest.fixture
def acme(tmp_path: Path) -> Instance:
    (tmp_path / "acme").mkdir()
    return Instance(tmp_path / "acme")


def test_what_was_stored_comes_back(acme: Instance) -> None:
    acme.tables().reconcile(TABLE, as_frame("acme", CONTEXT))
    assert stored_context(acme) == CONTEXT


def test_the_newest_one_counts_and_is_the_only_one(acme: Instance) -> None:
    acme.tables().reconcile(TABLE, as_frame("acme", CONTEXT))
    newer = InstanceContext({"company": "acme"}, "# New\n")
    acme.tables().reconcile(TABLE, as_frame("acme", newer))
    assert stored_context(acme) == newer
    assert acme.tables().rows(TABLE) == 1


def test_the_same_context_has_the_same_version_whatever_the_order_of_its_keys() -> None:
    turned = InstanceContext(dict(reversed(CONTEXT.data.items())), CONTEXT.page)
    assert data_version(as_frame("acme", turned)) == data_version(as_frame("acme", CONTEXT))


def test_a_company_never_synced_says_what_to_run(acme: Instance) -> None:
    with pytest.raises(CompanyError, match="has not been synced yet") as caught:
        stored_context(acme)
    assert "orch sync acme" in caught.value.hint
