"""`make bench`: measures everything and writes docs/benchmarks.md.

Name parts to measure only them and print instead: ``python -m benchmarks search starts``.
"""

from __future__ import annotations

import os
import platform
import sys
from importlib import import_module
from pathlib import Path

from benchmarks.measuring import Row

PARTS = ("starts", "embedding", "search", "retrieval", "syncs", "ledger", "lanes", "services")
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"

INTRODUCTION = """\
# Benchmarks

Written by `make bench`. Machines are noisy, so every figure is a ratio of two things measured in
turn in one run; the absolute times are those of this machine and say nothing about another one.

Machine: {cores} cores, {system}, Python {python}.

| what | figure | against | goal |
|---|---|---|---|
"""


def main(parts: list[str]) -> None:
    lines = []
    for part in parts or PARTS:
        for row in import_module(f"benchmarks.{part}").rows():
            lines.append(_line(row))
            print(lines[-1], flush=True)
    if not parts:
        head = INTRODUCTION.format(
            cores=os.cpu_count(), system=platform.machine(), python=platform.python_version()
        )
        PAGE.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")


def _line(row: Row) -> str:
    return f"| {row.what} | {row.figure} | {row.against} | {row.goal} |"


if __name__ == "__main__":
    main(sys.argv[1:])
