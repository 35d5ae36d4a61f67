"""How steady patterns are: a company's real history replayed day by day beside other companies.

ORCH_CLONES names a folder of bare clones, one company each; the history replayed is that of
`REPLAYED`, on each of `DAYS` consecutive days on which something was merged into its main branch
(with ORCH_REPLAYED_EVERY on every so manieth: more happens then from one look to the next).
``python -m benchmarks stability`` prints a line per day and the sums: docs/quality.md.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.homes import sync
from benchmarks.measuring import Row, seconds, shown
from coordinator.patterns.components import component_node
from coordinator.patterns.detection import Pattern
from coordinator.patterns.identity import is_news
from coordinator.settings import CompanySettings, EmbeddingSettings, GitSettings
from resources.home import Home
from resources.patterns import stored

CLONES = "ORCH_CLONES"
REPLAYED = os.environ.get("ORCH_REPLAYED", "opentelemetry-demo")
FROM = os.environ.get("ORCH_REPLAYED_FROM", "2023-04-16")
EVERY = int(os.environ.get("ORCH_REPLAYED_EVERY", "1"))
DAYS = 30
BRANCH = "replayed"

Members = Mapping[str, frozenset[str]]
"""Pattern id → members."""


@dataclass
class Replayed:
    """What happened to the patterns over all days.

    `moved` are ids that changed although more than half of the members before and after are the
    same; `told` the member sets people were asked about, `repeated` those of them that were mostly
    told of before; `stirred` changes of patterns on days that changed none of their rows.
    """

    days: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    moved: list[str] = field(default_factory=list)
    told: dict[str, frozenset[str]] = field(default_factory=dict)
    repeated: list[str] = field(default_factory=list)
    stirred: int = 0
    again: int = 0


def observe(
    seen: Replayed,
    before: Members,
    patterns: Sequence[Pattern],
    counts: Mapping[str, int],
    touched: frozenset[str],
) -> None:
    """Add one day: the patterns before and after, the events, and the rows that changed."""
    after = {one.id: frozenset(one.members) for one in patterns}
    seen.days += 1
    seen.counts.update(counts)
    for id, members in before.items():
        for other, now in after.items():
            if id != other and 2 * len(members & now) > len(members | now):
                seen.moved.append(f"{id} → {other}")
        now = after.get(id, frozenset())
        seen.stirred += members != now and not (members | now) & touched


def announce(home: Home, seen: Replayed, patterns: Sequence[Pattern]) -> int:
    """Tell people of what is news; returns of how many."""
    news = [one for one in patterns if is_news(home.patterns.state(), one.members)]
    for one in news:
        members = frozenset(one.members)
        if any(2 * len(members & told) > len(members) for told in seen.told.values()):
            seen.repeated.append(one.id)
        home.patterns.announce(one)
        seen.told[f"{one.id} on day {seen.days}"] = members
    return len(news)


def rows() -> Iterator[Row]:
    """The replay, day by day, then its sums."""
    what = f"{DAYS} days of {REPLAYED} replayed"
    clones = Path(os.environ.get(CLONES, ""))
    if not os.environ.get(CLONES) or not (clones / f"{REPLAYED}.git").is_dir():
        yield Row(what, "skipped", f"{CLONES} names no folder with {REPLAYED}.git")
        return
    with TemporaryDirectory() as folder:
        source = Path(folder) / f"{REPLAYED}.git"
        shutil.copytree(clones / f"{REPLAYED}.git", source)
        with _home(Path(folder) / "home", clones, source) as home:
            seen = Replayed()
            yield from _replay(home, source, seen)
    told = ", ".join(f"{count} {name}" for name, count in sorted(seen.counts.items()))
    yield Row(f"{what}: events", told, "–")
    yield Row("ids that changed although most members stayed", str(len(seen.moved)), "–", "0")
    yield Row(
        "announcements repeated",
        str(len(seen.repeated)),
        f"{len(seen.told)} announced",
        "0",
    )
    yield Row("patterns changed by rows of others", str(seen.stirred), "–")
    yield Row("events of a second look on the same day", str(seen.again), "–", "0")


def _replay(home: Home, source: Path, seen: Replayed) -> Iterator[Row]:
    before: Members = {}
    texts: dict[str, str] = {}
    for day, commit in _days(source):
        _git(source, "update-ref", f"refs/heads/{BRANCH}", commit)
        synced = seconds(lambda: sync(home))
        found = home.patterns.refresh()
        assert not found.problems, found.problems
        now = _texts(home)
        touched = frozenset(id for id in {*texts, *now} if texts.get(id) != now.get(id))
        counts = {
            name: count for name, count in found.counts.items() if before or "pattern" not in name
        }
        observe(seen, before, found.patterns, counts, touched if before else frozenset())
        news = announce(home, seen, found.patterns)
        seen.again += sum(home.patterns.refresh().counts.values())
        told = ", ".join(f"{count} {name}" for name, count in sorted(found.counts.items()))
        yield Row(
            day,
            f"{len(found.patterns)} patterns, {len(touched)} rows changed: {told or 'nothing'}",
            f"{news} announced; synced in {shown(synced)}, {found.searched} compared",
        )
        before, texts = {one.id: frozenset(one.members) for one in found.patterns}, now


def _texts(home: Home) -> dict[str, str]:
    """What stands of every row and component: its text, or its tree and drift."""
    known = home.global_tables().read(stored.NEIGHBOURS, ["id", "text"])
    found = dict(zip(known["id"], known["text"], strict=True))
    parts = home.global_tables().read("component_catalog", ["id", "tree_hash"])
    for id, tree in zip(parts["id"], parts["tree_hash"], strict=True):
        found[component_node(id)] = str(tree)
    return found


def _home(folder: Path, clones: Path, source: Path) -> Home:
    """A home with a company for each clone; the replayed one reads a branch that will move."""
    home = Home.init(folder, embedding=EmbeddingSettings())
    for clone in sorted(clones.glob("*.git")):
        name = clone.name.removesuffix(".git")
        replayed = name == REPLAYED
        git = GitSettings(
            url=str(source if replayed else clone),
            branch=BRANCH if replayed else _branch(clone),
            protocols=("file",),
        )
        home.companies.create(CompanySettings(name=name, git=git))
    return home


def _branch(clone: Path) -> str | None:
    """The branch `measured` where there is one, else the repository's own."""
    return "measured" if _git(clone, "branch", "--list", "measured") else None


def _days(source: Path) -> list[tuple[str, str]]:
    """Each day with the last commit of the main branch on it, oldest first."""
    log = _git(source, "log", "--first-parent", "--format=%cs %H", "HEAD").splitlines()
    last: dict[str, str] = {}
    for line in reversed(log):
        day, _, commit = line.partition(" ")
        last[day] = commit
    return [one for one in sorted(last.items()) if one[0] >= FROM][: DAYS * EVERY : EVERY]


def _git(source: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(source), *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()
