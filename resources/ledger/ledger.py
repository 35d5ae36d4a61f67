"""The ledger: one append-only table of events, chained by hashes and anchored in a second file.

SQLAlchemy costs 0.2 s to import, so it is imported when a ledger is opened. What SQLite alone
does lives in `resources.ledger.sqlite`, the statements in `resources.ledger.rows`.
"""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from coordinator.errors import LedgerError, StorageError, VersionConflict
from coordinator.ledger.chain import EventRow, is_intact
from coordinator.ledger.company_state import COMPANY, CompanyState
from coordinator.ledger.events import (
    COORDINATOR,
    Event,
    NewEvent,
    checked_label,
    text_hash,
    utc_text,
)
from coordinator.ledger.reducer import Reducer, State
from coordinator.settings import company_slug
from resources.ledger.anchors import Anchors
from resources.ledger.appending import Append, requested
from resources.ledger.group_commit import GroupCommit

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from resources.ledger.rows import Tail

log = logging.getLogger(__name__)

_MAX_POSITION = 2**62


@dataclass(frozen=True)
class Verified:
    """A sound ledger: `count` events up to the hash `head`, `anchored_count` of them anchored."""

    count: int
    head: str
    anchored_count: int


class Ledger:
    """The events of one coordinator. Threads share it; a forked child goes on with its own."""

    def __init__(
        self,
        path: Path,
        anchors: Anchors,
        engine: Engine,
        *,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        actor: str,
    ) -> None:
        self.path = path
        self.anchors = anchors
        self._engine = engine
        self._now = now
        self._new_id = new_id
        self._actor = actor
        self._process = os.getpid()
        self._group: GroupCommit[Append, list[Event]] = GroupCommit(self._commit)

    @classmethod
    def open(
        cls,
        url_or_path: str | Path,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
        actor: str | None = None,
    ) -> Ledger:
        """Open the ledger at a path or ``sqlite:///`` URL, making it when there is none.

        `now` returns times with a zone, `new_id` the id of a new event; `actor` signs events that
        name nobody (default: USER, else ``system``). Raises LedgerDamaged when the ledger is
        shorter than its anchors, its schema was changed or it cannot be read; LedgerError when
        it is no ledger or a newer one; StorageError.
        """
        from resources.ledger import sqlite as ledger_sqlite

        path = _sqlite_path(url_or_path)
        if not path.parent.is_dir():
            raise StorageError(
                f"there is no folder {path.parent} for {path.name}",
                hint="`orch init` makes the coordinator's home",
            )
        anchors = Anchors(path.with_name(f"{path.stem}.anchors"))
        if not path.exists() and not anchors.path.exists():
            anchors.create()  # before the ledger: a ledger without anchors is damaged
        anchored, anchored_head = anchors.latest()
        if anchored and not (path.exists() and path.stat().st_size):
            raise ledger_sqlite.damaged(
                f"{path.name} is missing or empty, its anchors know {anchored} events"
            )
        ledger_sqlite.create_file(path)
        engine = ledger_sqlite.engine(path)
        ledger = cls(path, anchors, engine, now=now, new_id=new_id, actor=actor or _user())
        try:
            ledger._prepare(anchored, anchored_head)
        except BaseException:
            ledger.close()
            raise
        return ledger

    def append(
        self,
        stream: str,
        events: Sequence[NewEvent],
        *,
        expected_version: int | None,
        texts: Sequence[str] = (),
    ) -> list[Event]:
        """Record `events` at the end of `stream`, all or none, and return them once durable.

        `expected_version` is the number of events the caller knows the stream to have; another
        number raises VersionConflict. None appends to whatever is there. `texts` are kept in the
        same transaction for the company of the events, which name them by `text_hash`; a text
        that is named must be given or be there already. A `texts_purged` event deletes those it
        names. Raises UnknownEvent or LedgerError for what
        cannot be stored, StorageError for a full disk.
        """
        if not events:
            return []
        request = requested(
            stream, events, actor=self._actor, expected_version=expected_version, texts=texts
        )
        self._enter_process()
        recorded = self._group.submit(request)
        if request.purged:
            self._forget_deleted()
        return recorded

    def texts(self, company: str, hashes: Sequence[str]) -> dict[str, str]:
        """The texts of `company` by hash; a purged or unknown one is left out.

        LedgerDamaged when a text is not the one that was stored.
        """
        from resources.ledger import rows as ledger_rows
        from resources.ledger import sqlite as ledger_sqlite

        self._enter_process()
        with ledger_sqlite.read(self._engine) as connection:
            found = ledger_rows.owned_texts(connection, company_slug(company), hashes)
        for sha256, text in found.items():
            if text_hash(text) != sha256:
                raise ledger_sqlite.damaged(f"the text {sha256[:12]}… is not as it was recorded")
        return found

    def read(
        self,
        *,
        stream: str | None = None,
        company: str | None = None,
        event_type: str | None = None,
        feature: str | None = None,
        after: int = 0,
        limit: int | None = None,
    ) -> list[Event]:
        """The events that fit all filters, oldest first, from behind position `after`.

        Each row is held against its own hash: LedgerDamaged names the first that does not fit.
        """
        equal = {"stream": stream, "company": company, "event_type": event_type, "feature": feature}
        for column, value in equal.items():
            checked_label(column, value)
        if not 0 <= after <= _MAX_POSITION or not 0 <= (limit or 0) <= _MAX_POSITION:
            raise LedgerError("`after` and `limit` count events: they cannot be negative")
        from resources.ledger import rows as ledger_rows
        from resources.ledger import sqlite as ledger_sqlite

        self._enter_process()
        with ledger_sqlite.read(self._engine) as connection:
            rows = ledger_rows.rows(connection, ledger_rows.selected(equal, after, limit))
        for row in rows:
            if not is_intact(row):
                raise ledger_rows.broken(row.position)
        return [Event.from_row(row) for row in rows]

    def state(self, company: str) -> CompanyState:
        """What the ledger knows of `company`: one that does not `exist` when it knows nothing."""
        return self.fold(f"company:{company_slug(company)}", COMPANY)

    def fold(self, stream: str, reducer: Reducer[State]) -> State:
        """The state of `stream` as `reducer` folds it."""
        events = self.read(stream=stream)
        for version, event in enumerate(events, start=1):
            if event.version != version:
                from resources.ledger import rows as ledger_rows

                raise ledger_rows.broken(event.position)
        return reducer.fold(events)

    def head(self) -> tuple[int, str]:
        """Position and hash of the last event; (0, 64 zeros) of an empty ledger."""
        from resources.ledger import rows as ledger_rows
        from resources.ledger import sqlite as ledger_sqlite

        self._enter_process()
        with ledger_sqlite.read(self._engine) as connection:
            return ledger_rows.head(connection)

    def verify(self) -> Verified:
        """Hold every row, page and anchor against each other.

        Raises LedgerDamaged naming the first broken position (0: the files as a whole). A change
        of ledger and anchors together that fits in itself, such as both files put back from the
        same older copy, shows only against anchors kept elsewhere: those in backups.
        """
        from resources.ledger import rows as ledger_rows
        from resources.ledger import sqlite as ledger_sqlite

        anchors = self.anchors.read()  # first: an anchor never names what was not yet durable
        self._enter_process()
        with ledger_sqlite.read(self._engine) as connection:
            if not ledger_sqlite.check_schema(connection):
                raise ledger_sqlite.damaged("the ledger's tables are missing")
            count, head = ledger_rows.verified(connection, anchors)
            ledger_sqlite.check_pages(connection)
        return Verified(count, head, max(anchors, default=0))

    def record_initialization(self, model: str, width: int | None = None) -> None:
        """Record, once, the embedding model this home was made with."""
        if not self.read(event_type="home_initialized", limit=1):
            made = NewEvent("home_initialized", {"model": model, "width": width})
            self.append(COORDINATOR, [made], expected_version=None)

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _prepare(self, anchored: int, anchored_head: str) -> None:
        from resources.ledger import rows as ledger_rows
        from resources.ledger import sqlite as ledger_sqlite
        from resources.ledger.schema import SCHEMA_VERSION

        with ledger_sqlite.read(self._engine) as connection:
            found = ledger_sqlite.check_schema(connection)
            if found and not ledger_rows.holds(connection, anchored, anchored_head):
                # damaged for certain: walk it all, to name the first broken row
                ledger_rows.verified(connection, self.anchors.read())
        if not found and anchored:
            raise ledger_rows.cut_tail(0, anchored)
        if found < SCHEMA_VERSION:
            ledger_sqlite.migrate(self.path, utc_text(self._now()))

    def _enter_process(self) -> None:
        """Go on after a fork with locks of our own; LedgerError when that would not be safe."""
        if os.getpid() != self._process:
            from resources.ledger import sqlite as ledger_sqlite

            ledger_sqlite.refuse_after_fork(self.path)
            self._group = GroupCommit(self._commit)
            self._process = os.getpid()

    def _commit(self, requests: Sequence[Append]) -> list[list[Event] | Exception]:
        from resources.ledger import rows as ledger_rows
        from resources.ledger import sqlite as ledger_sqlite

        with ledger_sqlite.write(self._engine) as connection:
            tail = ledger_rows.Tail(connection)
            outcomes = [self._chained(connection, tail, request) for request in requests]
        if any(isinstance(outcome, list) for outcome in outcomes):
            self._anchor(tail.position, tail.hash)
        return [
            [Event.from_row(row) for row in rows] if isinstance(rows, list) else rows
            for rows in outcomes
        ]

    def _chained(
        self, connection: Connection, tail: Tail, request: Append
    ) -> list[EventRow] | LedgerError:
        """The rows of `request` at the end of the chain, written with their texts.

        What only this request does wrong is returned, and nothing of it is written.
        """
        from resources.ledger import rows as ledger_rows

        version = tail.version(request.stream)
        if request.expected_version not in (None, version):
            return VersionConflict(
                f"{request.stream} has {version} events, not {request.expected_version}",
                hint="read it again and decide anew",
            )
        if not ledger_rows.keeps(connection, request.named - request.kept.keys()):
            return LedgerError(
                f"an event for {request.stream} names a text that is not kept",
                hint="give the text in `texts`, or leave the event out: the text may be purged",
            )
        recorded_at = utc_text(self._now())
        added = [
            tail.add(
                {
                    **columns,
                    "event_id": self._new_id(),
                    "occurred_at": columns["occurred_at"] or recorded_at,
                    "recorded_at": recorded_at,
                }
            )
            for columns in request.columns
        ]
        ledger_rows.insert(connection, added)
        ledger_rows.keep_texts(connection, request.kept, recorded_at)
        ledger_rows.purge_texts(connection, request.purged)
        return added

    def _forget_deleted(self) -> None:
        from resources.ledger import sqlite as ledger_sqlite

        with ledger_sqlite.connected(self._engine) as connection:
            ledger_sqlite.forget_deleted(connection)

    def _anchor(self, count: int, head: str) -> None:
        try:
            self.anchors.append(count, head)
        except OSError as error:
            # the events are durable: raising now would make the caller record them twice
            log.warning(
                "the ledger's anchor at %d was not written (%s); the next one covers it",
                count,
                os.strerror(error.errno or 0),
            )


def _sqlite_path(url_or_path: str | Path) -> Path:
    text = str(url_or_path)
    scheme, separator, _ = text.partition("://")
    if not separator:
        return Path(text).absolute()
    if scheme != "sqlite" or not text.startswith("sqlite:///") or not text[10:]:
        raise LedgerError("the ledger's URL must be sqlite:///PATH", hint="a plain path is as good")
    return Path(text[10:]).absolute()


def _user() -> str:
    name = os.environ.get("USER", "")
    try:
        return checked_label("actor", name or None) or "system"
    except LedgerError:
        return "system"
