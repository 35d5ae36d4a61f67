"""Writers for the tests of the ledger, each in a process of its own.

contend PATH STREAM N    append N events with the expected version, retrying after conflicts
nursery PATH             for each line on stdin, fork a writer that appends until it is killed
replay PATH JSONL        state hashes of an old log, and the head of a fixed new one at PATH
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from coordinator.errors import VersionConflict
from coordinator.ledger.chain import EventRow
from coordinator.ledger.company_state import COMPANY, company_state
from coordinator.ledger.events import Event, NewEvent
from resources.ledger import Ledger

STREAM = "company:empresa-a"


def moved(cursor: object) -> NewEvent:
    return NewEvent("cursor_moved", {"source": "git", "cursor": str(cursor)})


def contend(path: str, stream: str, number: str) -> None:
    conflicts = 0
    with Ledger.open(path) as ledger:
        version = 0
        for index in range(int(number)):
            while True:
                try:
                    [event] = ledger.append(stream, [moved(index)], expected_version=version)
                    version = event.version
                    break
                except VersionConflict:
                    conflicts += 1
                    version = len(ledger.read(stream=stream))
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


def replay(path: str, log: str) -> None:
    lines = Path(log).read_text(encoding="utf-8").splitlines()
    events = [Event.from_row(EventRow(**json.loads(line))) for line in lines]
    companies = sorted({event.company for event in events if event.company})
    states = {
        company: COMPANY.hash(company_state(event for event in events if event.company == company))
        for company in companies
    }
    ids, ticks = count(1), count()
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with Ledger.open(
        path,
        now=lambda: start + timedelta(seconds=next(ticks)),
        new_id=lambda: f"event-{next(ids)}",
        actor="ana",
    ) as ledger:
        for event in events:
            new = NewEvent(event.event_type, event.payload, occurred_at=event.occurred_at)
            ledger.append(event.stream, [new], expected_version=event.version - 1)
        print(json.dumps({"states": states, "head": ledger.head()[1]}))


if __name__ == "__main__":
    {"contend": contend, "nursery": nursery, "replay": replay}[sys.argv[1]](*sys.argv[2:])
