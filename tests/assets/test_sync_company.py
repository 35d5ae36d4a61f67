"""The sync job at its edges: nothing to read, and nothing that can be read."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from assets.partitions import company_partitions
from coordinator.settings import EmbeddingSettings
from coordinator.sweeps import due
from coordinator.versions import head_of
from orch_dagster.definitions import definitions_for
from resources.companies import settings_for
from resources.home import Home
from resources.polling import poll_heads

# Dagster's word for a parameter that may still change; the version is pinned
pytestmark = pytest.mark.filterwarnings("ignore:Parameter `data_version` of initializer")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    monkeypatch.setenv("DAGSTER_HOME", "")
    with Home.init(tmp_path / "home", embedding=EmbeddingSettings()) as made:
        repository = tmp_path / "empty.git"
        subprocess.run(["git", "init", "-q", "--bare", str(repository)], check=True)
        made.companies.create(settings_for("acme", str(repository)))
        yield made


def sync(home: Home) -> dg.ExecuteInProcessResult:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(str(company_partitions.name), ["acme"])
        job = definitions_for(str(home.path)).resolve_job_def("sync_company")
        return job.execute_in_process(
            instance=instance,
            partition_key="acme",
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )


def run_key(home: Home) -> str | None:
    """The key of the run a sensor would request now."""
    companies = home.companies
    found = due(
        poll_heads(companies, ["acme"]),
        {"acme": companies.instance("acme").settings_hash},
        {"acme": home.ledger.state("acme")},
    )
    return found[0].run_key if found else None


def test_an_empty_repository_is_synced_and_then_unchanged(home: Home) -> None:
    result = sync(home)
    assert result.success
    assert all(check.passed for check in result.get_asset_check_evaluations())
    assert head_of(home.ledger.state("acme").cursors["git"].cursor) == ""
    assert run_key(home) is None


def test_a_failed_run_is_recorded_so_that_the_next_try_has_another_key(
    home: Home, tmp_path: Path
) -> None:
    before = run_key(home)
    (tmp_path / "empty.git").rename(tmp_path / "gone.git")
    assert not sync(home).success
    failure = home.ledger.state("acme").failures["git"]
    assert (failure.error_kind, failure.stage) == ("GitUnreachable", "git_commits")
    (tmp_path / "gone.git").rename(tmp_path / "empty.git")
    assert run_key(home) not in (None, before)
