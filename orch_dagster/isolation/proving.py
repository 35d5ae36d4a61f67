"""The whole proof: a throwaway home, canaries in it, every surface read, everything judged."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from coordinator.errors import CompanyError
from coordinator.ports import Progress
from orch_dagster.isolation import surfaces
from orch_dagster.isolation.judging import Judge, Proof
from orch_dagster.isolation.planting import Planted, plant, settings_of

if TYPE_CHECKING:
    from resources.home import Home

LEDGER_URL = "ORCH_LEDGER_URL"


def prove(home: Home, company: str | None = None, progress: Progress | None = None) -> Proof:
    """Try every read path as each company of `home`, or as `company`, and say what was seen.

    The companies, their owners, leak lists and model are those of `home`; their data is not
    touched and not copied: the words looked for are canaries in a throwaway home, which is deleted
    at the end. CompanyError when there is no such company.
    """
    embedding, companies = settings_of(home)
    names = [one.name for one in companies]
    if company is not None and company not in names:
        raise CompanyError(
            f"there is no company '{company}' to prove it for",
            hint=f"companies: {', '.join(names)}",
        )
    with tempfile.TemporaryDirectory(prefix="orch-isolation-") as folder, _own_ledger():
        readings: list[surfaces.Reading] = []
        home_of_canaries = plant(
            Path(folder), embedding, companies, seed=secrets.token_hex(8), progress=progress
        )
        with surfaces.logged(readings), home_of_canaries as planted:
            judge = Judge(planted)
            viewers = [company] if company is not None else names
            for reading in read_all(planted, viewers, progress):
                judge.hear(reading)
        for reading in readings:
            judge.hear(reading)
        return judge.proof(viewers)


@contextmanager
def _own_ledger() -> Iterator[None]:
    """Keep the throwaway home away from the ledger that ORCH_LEDGER_URL names: the real one."""
    named = os.environ.pop(LEDGER_URL, None)
    try:
        yield
    finally:
        if named is not None:
            os.environ[LEDGER_URL] = named


def read_all(
    planted: Planted, viewers: Sequence[str], progress: Progress | None = None
) -> Iterator[surfaces.Reading]:
    """What every surface says to each of `viewers`, to the world, and what lies on disk."""
    if progress:
        progress.start("asking as each company", len(viewers))
    for viewer in viewers:
        yield from surfaces.of_company(planted, viewer)
        if progress:
            progress.advance()
    if progress:
        progress.finish()
    yield from surfaces.of_sites(planted)
    yield from surfaces.of_world(planted)
    yield from surfaces.of_operator(planted)
    yield from surfaces.at_rest(planted)
