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
from pathlib import Path

import pytest

from coordinator.errors import LedgerDamaged
from coordinator.ledger.chain import EventRow
from coordinator.ledger.company_state import COMPANY, company_state
from coordinator.ledger.events import Event
from resources.ledger import Ledger

WRITERS = Path(__file__).with_name("ledger_writers.py")
GOLDEN = Path(__file__).parents[1] / "golden" / "ledger-v1.jsonl"
A = "company:empresa-a"
SEED = 20_260_131


def start(*arguments: object, **options: object) -> subprocess.Popen[str]:
    command = [sys.executable, str(WRITERS), *map(str, arguments)]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, **options)


def test_four_processes_append_to_one_stream_without_gap_or_double(tmp_path):
    path = tmp_path / "ledger.db"  # nobody has made it: they race for that as well
    writers = [start("contend", path, A, 100) for _ in range(4)]
    reports = [writer.communicate(timeout=120)[0] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 4
    # control: they did meet
    assert sum(json.loads(report)["conflicts"] for report in reports) > 0
    with Ledger.open(path) as ledger:
        events = ledger.read()
        assert [event.version for event in events] == list(range(1, 401))
        cursors = sorted(int(event.payload.cursor) for event in events)
        assert cursors == sorted(list(range(100)) * 4)
        verified = ledger.verify()
        assert (verified.count, verified.anchored_count) == (400, 400)


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
    writer = start("contend", path, A, 3)
    writer.communicate(timeout=60)
    with Ledger.open(path) as ledger:
        head = ledger.head()
    path.unlink()
    anchors = path.with_name("ledger.anchors")
    content = anchors.read_bytes()
    anchors.unlink()
    writer = start("contend", path, A, kept)
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


def test_time_zone_locale_and_hash_seed_change_neither_states_nor_hashes(tmp_path):
    replays = [
        start("replay", tmp_path / f"{number}.db", GOLDEN, env={**os.environ, **surroundings})
        for number, surroundings in enumerate(SURROUNDINGS)
    ]
    found = [json.loads(replay.communicate(timeout=60)[0]) for replay in replays]
    assert found[0] == found[1] == found[2]
    lines = GOLDEN.read_text(encoding="utf-8").splitlines()
    events = [Event.from_row(EventRow(**json.loads(line))) for line in lines]
    here = company_state(event for event in events if event.company == "empresa-a")
    assert found[0]["states"]["empresa-a"] == COMPANY.hash(here)
    assert found[0]["head"] == "d6d9b0f951d67f9f498ad99c7323304b88e587a2614b05544ed97a90f027c717"
