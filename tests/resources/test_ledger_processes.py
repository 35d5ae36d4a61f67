"""Several processes on one ledger, some of them killed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

import pytest

from coordinator.errors import LedgerDamaged
from coordinator.ledger.chain import EventRow
from coordinator.ledger.events import Event
from coordinator.ledger.reducers import reducer_of
from resources.ledger import Ledger

WRITERS = Path(__file__).with_name("ledger_writers.py")
GOLDEN = Path(__file__).parents[1] / "golden"
A = "company:empresa-a"
SEED = 20_260_131


def start(*arguments: object, **options: object) -> subprocess.Popen[str]:
    command = [sys.executable, str(WRITERS), *map(str, arguments)]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, **options)


@pytest.mark.parametrize(
    "appends", [12, pytest.param(500, marks=pytest.mark.figures)], ids=lambda n: f"8x{n}"
)
def test_eight_processes_append_to_one_stream_without_gap_or_double(ledger_place, appends):
    # nobody has made the ledger: they race for that as well
    arguments = ("contend", ledger_place.url, ledger_place.folder, A, appends)
    writers = [start(*arguments) for _ in range(8)]
    reports = [writer.communicate(timeout=900)[0] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 8
    # control: they did meet
    assert sum(json.loads(report)["conflicts"] for report in reports) > 0
    with ledger_place.open() as ledger:
        events = ledger.read()
        assert [event.version for event in events] == list(range(1, 8 * appends + 1))
        cursors = sorted(int(event.payload.cursor) for event in events)
        assert cursors == sorted(list(range(appends)) * 8)
        verified = ledger.verify()
        assert (verified.count, verified.anchored_count) == (8 * appends, 8 * appends)


@contextmanager
def nursery(path: Path) -> Iterator[subprocess.Popen[str]]:
    process = start("nursery", path, stdin=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield process
    finally:
        process.stdin.close()
        process.wait(timeout=60)
        process.stdout.close()


def test_what_was_acknowledged_before_a_kill_is_there(tmp_path):
    path = tmp_path / "ledger.db"
    dice = random.Random(SEED)
    acknowledged: set[str] = set()
    with nursery(path) as process, Ledger.open(path) as reader:
        for _ in range(20):
            print(file=process.stdin, flush=True)
            pid = int(process.stdout.readline().removeprefix("pid "))
            for _ in range(dice.randrange(12)):
                acknowledged.update(process.stdout.readline().split()[1:])
            time.sleep(dice.random() * 0.01)
            os.kill(pid, signal.SIGKILL)
            while (line := process.stdout.readline().strip()) != "dead":
                acknowledged.update(line.split()[1:])
            assert reader.verify().count >= len(acknowledged)
    with Ledger.open(path) as ledger:
        recorded = [event.event_id for event in ledger.read()]
        assert len(recorded) == len(set(recorded)) == ledger.verify().count
        assert acknowledged <= set(recorded)
        # a batch was being written at each kill at most
        assert len(recorded) - len(acknowledged) <= 20 * 3


@pytest.mark.parametrize("kept", [0, 1])
def test_a_lost_acknowledged_event_would_be_noticed(tmp_path, kept):
    """Control for the test above: a ledger that forgot its tail does not verify."""
    path = tmp_path / "ledger.db"
    writer = start("contend", path, tmp_path, A, 3)
    writer.communicate(timeout=60)
    with Ledger.open(path) as ledger:
        head = ledger.head()
    path.unlink()
    anchors = path.with_name("ledger.anchors")
    content = anchors.read_bytes()
    anchors.unlink()
    writer = start("contend", path, tmp_path, A, kept)
    writer.communicate(timeout=60)
    anchors.write_bytes(content)
    with pytest.raises(LedgerDamaged), Ledger.open(path) as ledger:
        ledger.verify()
    assert head[0] == 3


SURROUNDINGS = [
    {"TZ": "UTC", "LC_ALL": "C", "PYTHONHASHSEED": "0"},
    {"TZ": "America/Sao_Paulo", "LC_ALL": "pt_BR.UTF-8", "PYTHONHASHSEED": "1"},
    {"TZ": "Asia/Kathmandu", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "4242", "PYTHONUTF8": "0"},
]


def test_time_zone_locale_and_hash_seed_change_neither_states_nor_hashes(postgres, tmp_path):
    """Nor does the database."""
    urls = [*(f"sqlite:///{tmp_path}/{number}.db" for number in range(3)), postgres.url()]
    replays = []
    for number, (url, surroundings) in enumerate(zip(urls, cycle(SURROUNDINGS), strict=False)):
        folder = tmp_path / str(number)
        folder.mkdir()
        environment = {**os.environ, **surroundings}
        replays.append(start("replay", url, folder, GOLDEN, env=environment))
    first, *others = [json.loads(replay.communicate(timeout=120)[0]) for replay in replays]
    assert others == [first] * 3
    for log in ("ledger-v1", "ledger-v2", "outboxes", "patterns"):
        rows = [
            EventRow(**json.loads(line))
            for line in (GOLDEN / f"{log}.jsonl").read_text(encoding="utf-8").splitlines()
        ]
        for stream in {row.stream for row in rows}:
            reducer = reducer_of(stream)
            here = reducer.fold(Event.from_row(row) for row in rows if row.stream == stream)
            assert first["states"][f"{log} {stream}"] == reducer.hash(here)
