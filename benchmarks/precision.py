"""How many of the best patterns and opportunities are right, over eight real Jira projects.

Each project is a company of its own; the last quarter of its issues counts as open. The projects
have nothing to do with each other, so what is found is what strangers have in common by chance:
the hardest ground there is. The verdicts are those of `judged_pairs.csv`, one reader's, with a
line of reason each; a pair that nobody judged counts as wrong and is named.
"""

from __future__ import annotations

import csv
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.judged import SHARED
from coordinator.learnings import learn
from coordinator.settings import (
    CompanySettings,
    DetectionSettings,
    EmbeddingSettings,
    GitSettings,
    LearningSettings,
    OpportunitySettings,
)
from resources.home import Home
from resources.tables import schemas

BEST = 20
MOST_ISSUES = 1_200
OPEN = 0.25
JUDGED = Path(__file__).with_name("judged_pairs.csv")


def issues_of(file: Path) -> pd.DataFrame:
    """The issues of one project in the shape of the `jira_issues` table, oldest first."""
    read = pd.read_csv(file)
    number = read["issuekey"].str.extract(r"(\d+)$")[0].astype(int)
    read = read.iloc[np.argsort(number.to_numpy(), kind="stable")]
    read = read.iloc[:: max(1, len(read) // MOST_ISSUES)]
    done = np.arange(len(read)) < len(read) * (1 - OPEN)
    when = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(np.arange(len(read)), unit="h")
    over = [moment if closed else pd.NaT for moment, closed in zip(when, done, strict=True)]
    return pd.DataFrame(
        {
            "id": read["issuekey"].to_numpy(),
            "key": read["issuekey"].to_numpy(),
            "title": read["title"].fillna("").to_numpy(),
            "text": read["description"].fillna("").to_numpy(),
            **dict.fromkeys(("comments", "history", "status", "kind"), ""),
            "state": np.where(done, "done", "new"),
            "resolution": np.where(done, "Fixed", ""),
            "labels": [[] for _ in when],
            "people": [[] for _ in when],
            "created_at": when,
            "updated_at": when,
            "resolved_at": over,
        }
    )


def companies(home: Home, folder: Path) -> Iterator[str]:
    """Make a company of each project, its issues learned and embedded; yields their names."""
    for file in sorted((SHARED / "jira").glob("*.csv")):
        repository = folder / f"{file.stem}.git"
        subprocess.run(["git", "init", "--quiet", "--bare", repository], check=True)
        git = GitSettings(url=str(repository), protocols=("file",))
        home.companies.create(CompanySettings(name=file.stem, git=git))
        learned = learn(
            commits=schemas.commits().empty_table().to_pandas(),
            documents=schemas.documents().empty_table().to_pandas(),
            components=schemas.components().empty_table().to_pandas(),
            issues=issues_of(file),
            rules=LearningSettings(),
            count_tokens=home.tokens.count_tokens,
            window=home.tokens.window,
        )
        home.memory(file.stem).store(learned.learnings)
        yield file.stem


def found(home: Home) -> dict[str, list[str]]:
    """The best of each list, named by the keys of their issues, the best first."""
    home.patterns.refresh()
    best = home.opportunities.refresh().opportunities[:BEST]
    return {
        "patterns": [
            " ".join(sorted(member.evidence_path for member in one.members))
            for one in home.patterns.shown(home.patterns.standing()[:BEST])
        ],
        "opportunities": [
            " ".join(told.anchor.removeprefix("jira:") for told in (one.need, one.solution) if told)
            for one in home.opportunities.shown(best)
        ],
    }


def verdicts() -> dict[tuple[str, str], bool]:
    """Whether each judged pair is right, by list and keys."""
    with JUDGED.open(encoding="utf-8", newline="") as file:
        return {(row["list"], row["what"]): row["verdict"] == "yes" for row in csv.DictReader(file)}


def told(lists: dict[str, Sequence[str]]) -> Iterator[str]:
    """Precision of each list, and what nobody judged."""
    judged = verdicts()
    for name, best in lists.items():
        right = sum(judged.get((name, one), False) for one in best)
        yield f"{name}: {right} of the best {len(best)} are right"
        for one in best:
            if (name, one) not in judged:
                yield f"  not judged: {one}"


def main() -> None:
    """Print the precision of both lists; says so where the projects are not."""
    if not (SHARED / "jira").is_dir():
        print("left out: ../shared/data/jira is not here")
        return
    with tempfile.TemporaryDirectory(prefix="orch-precision-") as folder:
        root = Path(folder)
        with Home.init(root / "home", embedding=EmbeddingSettings()) as home:
            quiet = OpportunitySettings(ask=False)
            settings = home.settings.model_copy(
                update={"detection": DetectionSettings(opportunities=quiet)}
            )
            home.__dict__["settings"] = settings
            for name in companies(home, root):
                print(f"{name} embedded", flush=True)
            for line in told(found(home)):
                print(line)


if __name__ == "__main__":
    main()
