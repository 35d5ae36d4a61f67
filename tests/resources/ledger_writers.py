"""Writers for the tests of the ledger, each in a process of its own.

contend URL FOLDER STREAM N    append N events with the expected version, retrying after conflicts
nursery PATH                   for each line on stdin, fork a writer that appends until it is killed
replay URL FOLDER GOLDEN       state hashes of the old logs, and the head of one written anew
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from functools import partial
from itertools import count
from pathlib import Path

from coordinator.errors import VersionConflict
from coordinator.ledger.chain import EventRow
from coordinator.ledger.events import Event, NewEvent
from coordinator.ledger.reducers import reducer_of
from resources.ledger import Ledger

STREAM = "company:empresa-a"


def moved(cursor: object) -> NewEvent:
    return NewEvent("cursor_moved", {"source": "git", "cursor": str(cursor)})


def contend(url: str, folder: str, stream: str, number: str) -> None:
    conflicts = 0
    with Ledger.open(url, folder=Path(folder)) as ledger:
        version = position = 0
        for index in range(int(number)):
            while True:
                try:
                    [event] = ledger.append(stream, [moved(index)], expected_version=version)
                    version, position = event.version, event.position
                    break
                except VersionConflict:
                    conflicts += 1
                    newer = ledger.read(stream=stream, after=position)
                    version, position = version + len(newer), newer[-1].position
    print(json.dumps({"conflicts": conflicts}))


def nursery(path: str) -> None:
    Ledger.open(path).close()  # pay for the imports before the first fork
    say(f"pid {os.getpid()}")
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            write_for_ever(path)
        os.waitpid(pid, 0)
        say("dead")


def write_for_ever(path: str) -> None:
    say(f"pid {os.getpid()}")
    with Ledger.open(path) as ledger:
        for index in count():
            batch = [moved(index)] * (1 + index % 3)
            recorded = ledger.append(STREAM, batch, expected_version=None)
            say("ack " + " ".join(event.event_id for event in recorded))


def say(line: str) -> None:
    # one write below PIPE_BUF: a killed process leaves a whole line or none
    os.write(1, f"{line}\n".encode())


def replay(url: str, folder: str, golden: str) -> None:
    states = {}
    for log in sorted(Path(golden).glob("*.jsonl")):
        lines = log.read_text(encoding="utf-8").splitlines()
        events = [Event.from_row(EventRow(**json.loads(line))) for line in lines]
        for stream in sorted({event.stream for event in events}):
            reducer = reducer_of(stream)
            state = reducer.fold(event for event in events if event.stream == stream)
            states[f"{log.stem} {stream}"] = reducer.hash(state)
    written = runpy.run_path(str(Path(golden) / "write_v2.py"))["fill"](
        partial(Ledger.open, url, folder=Path(folder))
    )
    print(json.dumps({"states": states, "head": written.head}))


if __name__ == "__main__":
    {"contend": contend, "nursery": nursery, "replay": replay}[sys.argv[1]](*sys.argv[2:])
