"""Homes and texts to measure on, made from the sample companies."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from coordinator.settings import CompanySettings, EmbeddingSettings, GitSettings
from orch_dagster.samples.build import SAMPLE_COMPANIES, build_repository
from orch_dagster.syncing import Synced, sync_companies
from resources.home import Home
from resources.progress import Silence


def home_of(folder: Path, sample: str, count: int) -> Home:
    """A new home with `count` companies that all have the repository of one sample."""
    repository = folder / f"{sample}.git"
    build_repository(sample, repository)
    home = Home.init(folder / "home", embedding=EmbeddingSettings())
    for number in range(count):
        git = GitSettings(url=str(repository), protocols=("file",))
        home.companies.create(CompanySettings(name=f"company-{number:02}", git=git))
    return home


def sync(home: Home) -> list[Synced]:
    """Sync everything in this process, without a word."""
    results = sync_companies(home, home.companies.names(), progress=lambda _: Silence())
    failed = [result for result in results if result.outcome == "failed"]
    if failed:
        raise SystemExit(f"{failed[0].company}: {failed[0].error}")
    return results


def sample_learnings() -> pd.DataFrame:
    """All learnings of the three sample companies."""
    frames = []
    for sample in SAMPLE_COMPANIES:
        with TemporaryDirectory() as folder, home_of(Path(folder), sample.slug, 1) as home:
            sync(home)
            frames.append(home.companies.instance("company-00").tables().read("learnings"))
    return pd.concat(frames, ignore_index=True).drop_duplicates("id")
