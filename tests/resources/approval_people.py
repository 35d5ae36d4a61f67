"""Operators of one inbox for the tests, each in a process of its own.

decide HOME NAME NUMBERS     wait for a line on stdin, then approve NUMBERS (3,4,…) as NAME
propose HOME TEXT TIMES      wait likewise, then propose TEXT about one subject, TIMES times
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from resources.approvals import Wanted
from resources.home import Home


def decide(path: str, name: str, numbers: str) -> None:
    wanted = [Wanted(int(number), approve=True) for number in numbers.split(",")]
    with Home.open(Path(path)) as home:
        home.approvals.inbox()  # pay for the imports first
        ready()
        outcomes = home.approvals.decide(wanted, by=name)
    print(json.dumps({str(one.number): one.problem for one in outcomes}))


def propose(path: str, text: str, times: str) -> None:
    with Home.open(Path(path)) as home:
        home.approvals.inbox()
        ready()
        numbers = [
            home.approvals.propose(
                kind="sync",
                subject="one thing",
                company="empresa-a",
                asks=[("empresa-a", "export")],
                text=text,
            ).number
            for _ in range(int(times))
        ]
    print(json.dumps(numbers))


def ready() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    {"decide": decide, "propose": propose}[sys.argv[1]](*sys.argv[2:])
