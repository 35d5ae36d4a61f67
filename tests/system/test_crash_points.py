"""Killed at any named point, a command that is run again leaves what an undisturbed one leaves.

The steps are those of a learning that is written, shared, approved, merged with another company's,
seen, taken back and removed; the points stand in `fixtures/crash_points.py`.
"""

from __future__ import annotations

import importlib
import json
import random
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from resources.doctor import Finding, examine
from resources.home import Home

FIXTURES = Path(__file__).with_name("fixtures")
SEED = 20_261_120
INDEXED = {"table_committed"}
"""Events that say which version a table has: a step in two halves makes more of them."""


@cache
def walk() -> ModuleType:
    """The module of the steps, with what stands beside it."""
    sys.path.append(str(FIXTURES))
    return importlib.import_module("crash_walk")


@dataclass(frozen=True)
class Kill:
    """A step that is to be killed, in a home of its own."""

    step: str
    crash: tuple[str, str, int]
    home: Path

    def __str__(self) -> str:
        place, when, call = self.crash
        return f"{self.step}, {when} call {call} of {place.partition(':')[2]}"


@contextmanager
def nursery() -> Iterator[subprocess.Popen[str]]:
    # LanceDB warns of forks; see the fixture
    command = [sys.executable, "-W", "ignore", str(FIXTURES / "crash_walk.py")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def ask(process: subprocess.Popen[str], home: Path, step: str, crash: Any, control: str) -> None:
    asked = {"home": str(home), "step": step, "crash": crash, "control": control}
    print(json.dumps(asked), file=process.stdin, flush=True)


def answer(process: subprocess.Popen[str]) -> tuple[int, str]:
    assert process.stdout is not None
    code, said = json.loads(process.stdout.readline())
    return code, said


@dataclass(frozen=True)
class Stages:
    """The home before each step, the facts after it, and every crash the step can have."""

    before: dict[str, Path]
    after: dict[str, dict[str, Any]]
    crashes: list[tuple[str, tuple[str, str, int]]]


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Stages:
    place = tmp_path_factory.mktemp("stages")
    home = walk().made(place / "home")
    found = Stages({}, {}, [])
    with nursery() as process:
        for step in walk().STEPS:
            found.before[step] = shutil.copytree(home, place / step)
            counted = shutil.copytree(home, place / f"{step}-counted")
            ask(process, counted, step, None, "")
            walk().take(step, home)
            found.after[step] = facts(home)
            code, said = answer(process)
            assert code == 0
            found.crashes.extend((step, tuple(crash)) for crash in json.loads(said))
    return found


def facts(home: Path) -> dict[str, Any]:
    """All that must be the same however a step came about."""
    with walk().opened(home) as opened:
        opened.ledger.verify()
        state = opened.global_memory.state()
        copies = opened.global_tables().read("global_memory", ["id", "superseded_by"])
        return {
            "events": Counter(
                (event.stream, event.event_type)
                for event in opened.ledger.read()
                if event.event_type not in INDEXED
            ),
            "proposals": [
                (one.number, one.kind, one.status, one.content)
                for one in opened.approvals.inbox().proposals
            ],
            "copies": {one.id: (one.superseded_by, one.seen_by) for one in state.copies.values()},
            "retracted": {one.id: one.seen_by for one in state.retracted.values()},
            "table": dict(zip(copies["id"], copies["superseded_by"], strict=True)),
            "ill": [one for one in examine(opened) if one.level != "ok" and not unanchored(one)],
            "bytes": sorted(files_with(home, walk().SIGN[walk().A].encode())),
            **{company: own(opened, company) for company in opened.companies.names()},
        }


def unanchored(finding: Finding) -> bool:
    """What a kill between the last event and its anchor leaves; the next event heals it."""
    return finding.what == "ledger" and finding.heals == "the next event anchors them all"


def own(home: Home, company: str) -> dict[str, Any]:
    tables = home.companies.instance(company).tables()
    return {
        "texts": home.ledger.text_hashes(company),
        "learnings": sorted(tables.ids("learnings")),
        "memory": sorted(tables.ids("private_memory")),
    }


def files_with(folder: Path, words: bytes) -> set[str]:
    """In which parts of the home these bytes stand."""
    return {
        file.relative_to(folder).parts[0]
        for file in folder.rglob("*")
        if file.is_file() and words in file.read_bytes()
    }


def wrong(stages: Stages, kills: list[Kill], control: str = "") -> list[str]:
    """What is not as it should be after each kill and the same step once more."""
    found = []
    with nursery() as process:

        def kill_and_heal(kill: Kill) -> None:
            shutil.copytree(stages.before[kill.step], kill.home)
            ask(process, kill.home, kill.step, kill.crash, control)
            ask(process, kill.home, kill.step, None, control)

        kill_and_heal(kills[0])
        for kill, following in zip_longest(kills, kills[1:]):
            assert [answer(process)[0] for _ in range(2)] == [-signal.SIGKILL, 0], kill
            if following:  # goes on while this one is looked at
                kill_and_heal(following)
            now, wanted = facts(kill.home), stages.after[kill.step]
            found += [
                f"{kill}: {key} {now[key]}, not {wanted[key]}"
                for key in wanted
                if now[key] != wanted[key]
            ]
            shutil.rmtree(kill.home)
    return found


def chosen(stages: Stages, tmp_path: Path, number: int, *steps: str) -> list[Kill]:
    """`number` kills by chance; as many different places as there are."""
    dice = random.Random(SEED)
    possible = [one for one in stages.crashes if not steps or one[0] in steps]
    dice.shuffle(possible)
    met: Counter[str] = Counter()
    ranked = []
    for step, crash in possible:
        met[crash[0]] += 1
        ranked.append((met[crash[0]], step, crash))
    ranked.sort(key=lambda one: one[0])
    return [
        Kill(step, crash, tmp_path / f"kill-{number}")
        for number, (_, step, crash) in enumerate(ranked[:number])
    ]


def test_every_named_point_is_on_the_way(stages: Stages) -> None:
    assert {place for _, (place, _, _) in stages.crashes} == {
        *importlib.import_module("crash_points").PLACES
    }


def test_a_kill_loses_and_doubles_nothing(stages: Stages, tmp_path: Path) -> None:
    assert wrong(stages, chosen(stages, tmp_path, 20)) == []


@pytest.mark.figures
def test_a_kill_at_any_point_loses_and_doubles_nothing(stages: Stages, tmp_path: Path) -> None:
    kills = chosen(stages, tmp_path, len(stages.crashes))
    assert len(kills) >= 200
    assert wrong(stages, kills) == []


@pytest.mark.parametrize(
    ("control", "place"),
    [
        ("marked first", "resources.global_memory.records:GlobalRecords.change"),
        ("published again", "resources.global_memory.index:GlobalIndex.store"),
    ],
)
def test_without_a_guard_a_kill_loses_or_doubles(
    stages: Stages, tmp_path: Path, control: str, place: str
) -> None:
    """Controls: what was approved is marked as done first; nobody looks whether it was done."""
    kill = Kill("publish", (place, "before", 1), tmp_path / "kill")
    assert (kill.step, kill.crash) in stages.crashes
    assert any("learning_published" in problem for problem in wrong(stages, [kill], control))
