"""A home, a company and its syncs in this process, recorded in a Dagster instance of the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from coordinator.ledger.company_state import CompanyState
from coordinator.settings import EmbeddingSettings
from orch_dagster.definitions import definitions_for
from resources.companies import settings_for
from resources.home import Home
from resources.instances import Instance

SILENT = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

FIX_POOL = """Fix the wobblefish pool exhaustion under load

The sessions were not returned to the pool when a request failed, so the service ran out
of connections; close them in a finally block and cap the pool at twenty connections."""
ADD_RETRY = """Add retries with backoff to the zanzibarquokka gateway client

The gateway drops connections under load. Retrying three times with backoff and
jitter keeps the error rate under one percent without overloading it."""
README = """# Payments

## Idempotency

Every request carries an idempotency key, because the kiwiplatypus network repeats deliveries. The
first answer is stored for a day and returned again for the same key.
"""
CODE = {
    "payments/pyproject.toml": '[project]\nname = "payments"\nversion = "1.0"\n',
    "payments/main.py": "def charge(amount: int) -> int:\n    return amount\n",
    "docs/payments.md": README,
}


def two_commits(repository: Any) -> Any:
    repository.commit(CODE, FIX_POOL)
    repository.commit({"payments/retry.py": "TRIES = 3\n"}, ADD_RETRY)
    return repository


@dataclass
class Desk:
    """An operator's view of one home."""

    home: Home
    dagster: dg.DagsterInstance
    definitions: dg.Definitions = field(init=False)

    def __post_init__(self) -> None:
        self.definitions = definitions_for(str(self.home.path))

    def create(self, company: str, source: Path | str, **settings: Any) -> Instance:
        self.dagster.add_dynamic_partitions("company", [company])
        return self.home.companies.create(settings_for(company, str(source), **settings))

    def run(
        self, job: str, company: str | None = None, *, ops: Mapping[str, Any] | None = None
    ) -> dg.ExecuteInProcessResult:
        """Run a job as from the launchpad; `ops` is what stands there for its ops."""
        return self.definitions.resolve_job_def(job).execute_in_process(
            instance=self.dagster,
            partition_key=company,
            run_config={**SILENT, "ops": ops or {}},
            raise_on_error=False,
        )

    def sync(self, company: str) -> dg.ExecuteInProcessResult:
        return self.run("sync_company", company)

    def check(self, check: dg.AssetChecksDefinition, company: str | None) -> bool:
        """Run one check alone."""
        job = dg.define_asset_job("alone", selection=dg.AssetSelection.checks(check))
        run = (
            dg.Definitions.merge(self.definitions, dg.Definitions(jobs=[job]))
            .resolve_job_def("alone")
            .execute_in_process(
                instance=self.dagster,
                run_config=SILENT,
                tags={"dagster/partition": company} if company else {},
            )
        )
        (evaluation,) = run.get_asset_check_evaluations()
        return evaluation.passed

    def state(self, company: str) -> CompanyState:
        return self.home.ledger.state(company)

    def ids(self, company: str, table: str) -> set[str]:
        return set(self.home.companies.instance(company).tables().ids(table))

    def why(self, run: dg.ExecuteInProcessResult) -> list[str]:
        """The innermost errors of a run, for the message of an assertion."""
        found = []
        for event in run.all_events:
            error = getattr(event.event_specific_data, "error", None)
            while error is not None and error.cause is not None:
                error = error.cause
            if error is not None:
                found.append(error.to_string())
        return found

    def log(self, run: dg.ExecuteInProcessResult) -> str:
        """Everything Dagster keeps of a run: its whole event log, errors and metadata."""
        return "\n".join(str(event) for event in self.dagster.all_logs(run.run_id))


@contextmanager
def opened_desk(folder: Path) -> Iterator[Desk]:
    home = Home.init(folder, embedding=EmbeddingSettings())
    with home, dg.DagsterInstance.ephemeral() as dagster:
        yield Desk(home, dagster)


@pytest.fixture
def desk_at() -> Callable[[Path], AbstractContextManager[Desk]]:
    """Opens another home."""
    return opened_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with opened_desk(tmp_path / "home") as desk:
        yield desk


@pytest.fixture(scope="module")
def synced(
    tmp_path_factory: pytest.TempPathFactory, repository: Callable[[str], Any]
) -> Iterator[tuple[Desk, dg.ExecuteInProcessResult]]:
    """A home whose company `acme` was synced once, and that run; only to be looked at."""
    with opened_desk(tmp_path_factory.mktemp("synced") / "home") as desk:
        desk.create("acme", two_commits(repository("acme")).path)
        run = desk.sync("acme")
        assert run.success, desk.why(run)
        yield desk, run


@pytest.fixture
def acme(desk: Desk, repository: Callable[[str], Any]) -> Any:
    """The repository of a company that was created and has two commits."""
    made = two_commits(repository("acme"))
    desk.create("acme", made.path)
    return made
