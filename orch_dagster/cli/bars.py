"""Progress bars on standard error; plain lines when it is no terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID


class Bars:
    """Answers `coordinator.ports.Progress` for one terminal."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None

    def start(self, label: str, total: int | None) -> None:
        self.finish()
        if not sys.stderr.isatty():
            if total:
                click.echo(f"{self._prefix}: {label}, {total}", err=True)
            return
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._bar.start()
        self._task = self._bar.add_task(f"{self._prefix}: {label}", total=total)

    def advance(self, amount: int = 1) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task, amount)

    def finish(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
