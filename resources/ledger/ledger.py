"""The ledger: one append-only table of events, chained by hashes and anchored in a second file.

SQLAlchemy costs 0.2 s to import, so it is imported when a ledger is opened. What one database alone
does lives in `resources.ledger.sqlite` and `resources.ledger.postgres`, the statements in
`resources.ledger.rows`.
"""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coordinator.errors import LedgerDamaged, LedgerError, OrchError
from coordinator.ledger.chain import EventRow, is_intact
from coordinator.ledger.company_state import COMPANY, CompanyState
from coordinator.ledger.coordinator_state import COORDINATOR_ITSELF
from coordinator.ledger.events import (
    COORDINATOR,
    Event,
    NewEvent,
    checked_label,
    utc_text,
)
from coordinator.ledger.reducer import Reducer, State
from coordinator.settings import company_slug
from resources.ledger.anchors import Anchors
from resources.ledger.appending import Append, requested
from resources.ledger.damage import DamageMark, broken, cut_tail, damaged
from resources.ledger.databases import Database, located
from resources.ledger.group_commit import GroupCommit

if TYPE_CHECKING:
    from sqlalchemy import Engine


log = logging.getLogger(__name__)

_MAX_POSITION = 2**62
_PAGE = 1_000
_QUICKLY_VERIFIED = 10_000  # 20,000 events or so are verified in a second


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
        database: Database,
        place: Any,
        anchors: Anchors,
        engine: Engine,
        *,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        actor: str,
    ) -> None:
        self.anchors = anchors
        self.damage = DamageMark(anchors.path.with_suffix(".damaged"))
        self._database = database
        self._place = place
        self._engine = engine
        self._now = now
        self._new_id = new_id
        self._actor = actor
        self._known_damage: int | None = None
        self._process = os.getpid()
        self._group: GroupCommit[Append, list[Event]] = GroupCommit(self._commit)

    @classmethod
    def open(
        cls,
        url_or_path: str | Path,
        *,
        folder: Path | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
        actor: str | None = None,
        i_know: bool = False,
    ) -> Ledger:
        """Open the ledger at a path or URL (sqlite or postgresql), making it when there is none.

        Its anchors stand in `folder`, else beside a SQLite file. `now` returns times with a zone,
        `new_id` the id of a new event; `actor` signs events that name nobody (default: USER, else
        ``system``). Raises LedgerDamaged when the ledger is shorter than its anchors, its schema
        was changed, it cannot be read or somebody verified it as damaged; LedgerError when it is
        no ledger or a newer one; StorageError. With `i_know` a ledger that can still be read
        opens although it is damaged.
        """
        database, place, anchors_path = located(url_or_path, folder)
        anchors = Anchors(anchors_path)
        if not anchors.path.exists() and database.is_new(place):
            anchors.create()  # before the ledger: a ledger without anchors is damaged
        anchored, anchored_head = anchors.latest()
        database.make_ready(place, anchored)
        engine = database.engine(place)
        signer = actor or _user()
        ledger = cls(database, place, anchors, engine, now=now, new_id=new_id, actor=signer)
        try:
            ledger._prepare(anchored, anchored_head, i_know=i_know)
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
        names. Raises UnknownEvent or LedgerError for what cannot be stored, StorageError for a full
        disk.
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
        from resources.ledger import kept_texts

        self._enter_process()
        with self._database.read(self._engine) as connection:
            found = kept_texts.owned_texts(connection, company_slug(company), hashes)
        for sha256, text in found.items():
            if not kept_texts.fits(text, sha256):
                raise damaged(f"the text {sha256[:12]}… is not as it was recorded")
        return found

    def text_hashes(self, company: str) -> list[str]:
        """The hashes of all texts kept for `company`."""
        from resources.ledger import kept_texts

        self._enter_process()
        with self._database.read(self._engine) as connection:
            return kept_texts.text_hashes(connection, company_slug(company))

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

        self._enter_process()
        with self._database.read(self._engine) as connection:
            rows = ledger_rows.rows(connection, ledger_rows.selected(equal, after, limit))
        for row in rows:
            if not is_intact(row):
                raise broken(row.position)
        return [Event.from_row(row) for row in rows]

    def event(self, which: int | str) -> Event:
        """The event at a position or with an id; LedgerError when there is none."""
        from resources.ledger import rows as ledger_rows

        self._enter_process()
        with self._database.read(self._engine) as connection:
            row = ledger_rows.single(connection, which)
        if row is None:
            raise LedgerError(
                "there is no such event", hint="`orch events list` shows positions and ids"
            )
        if not is_intact(row):
            raise broken(row.position)
        return Event.from_row(row)

    def pages(
        self, *, stream: str | None = None, after: int = 0, until: int | None = None
    ) -> Iterator[list[EventRow]]:
        """The rows behind position `after` up to `until`, oldest first, some at a time.

        They are rows as stored: LedgerDamaged names the first that does not fit its own hash.
        """
        from resources.ledger import rows as ledger_rows

        checked_label("stream", stream)
        while True:
            self._enter_process()
            wanted = ledger_rows.selected({"stream": stream}, after, _PAGE, until=until)
            with self._database.read(self._engine) as connection:
                page = ledger_rows.rows(connection, wanted)
            for row in page:
                if not is_intact(row):
                    raise broken(row.position)
            if page:
                yield page
            if len(page) < _PAGE:
                return
            after = page[-1].position

    def state(self, company: str) -> CompanyState:
        """What the ledger knows of `company`: one that does not `exist` when it knows nothing."""
        return self.fold(f"company:{company_slug(company)}", COMPANY)

    def fold(self, stream: str, reducer: Reducer[State]) -> State:
        """The state of `stream` as `reducer` folds it, from its last snapshot on."""
        from resources.ledger import rows as ledger_rows
        from resources.ledger import snapshots

        checked_label("stream", stream)
        self._enter_process()
        with self._database.read(self._engine) as connection:
            state = snapshots.restored(connection, stream, reducer)
            rows = ledger_rows.of_stream(connection, stream, after_version=state.version)
        events = [Event.from_row(row) for row in rows]
        state = reducer.fold(events, state)
        if len(events) >= snapshots.WORTHWHILE:
            self._keep_snapshot(stream, reducer, state, events[-1].hash)
        return state

    def head(self) -> tuple[int, str]:
        """Position and hash of the last event; (0, 64 zeros) of an empty ledger."""
        from resources.ledger import rows as ledger_rows

        self._enter_process()
        with self._database.read(self._engine) as connection:
            return ledger_rows.head(connection)

    def verify(self) -> Verified:
        """Hold every row, page, text, snapshot and anchor against each other.

        Raises LedgerDamaged naming the first broken position (0: the files as a whole), and leaves
        a mark: the ledger opens for nobody who does not say that they know. A change of ledger and
        anchors together that fits in itself, such as both files put back from the same older copy,
        shows only against anchors kept elsewhere: those in backups.
        """
        from resources.ledger import verifying

        self._enter_process()
        try:
            anchors = self.anchors.read()  # first: an anchor never names what was not yet durable
            with self._database.read(self._engine) as connection:
                count, head = verifying.verified(self._database, connection, anchors)
        except LedgerDamaged as error:
            self.damage.leave(error)
            raise
        self.damage.clear()
        return Verified(count, head, max(anchors, default=0))

    def verify_when_quick(self) -> None:
        """Verify a ledger that is short enough for it to take half a second or so."""
        if self.head()[0] <= _QUICKLY_VERIFIED:
            self.verify()

    def acknowledge_damage(self) -> None:
        """Record that the actor goes on although the ledger is damaged, where that can be."""
        if self._known_damage is None:
            return
        try:
            known = self.fold(COORDINATOR, COORDINATOR_ITSELF).acknowledged
            if self._known_damage not in known:
                going_on = NewEvent("damage_acknowledged", {"position": self._known_damage})
                self.append(COORDINATOR, [going_on], expected_version=None)
        except OrchError as error:
            log.warning("going on could not be recorded in the ledger: %s", error.message)

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

    def _prepare(self, anchored: int, anchored_head: str, *, i_know: bool) -> None:
        from resources.ledger import rows as ledger_rows
        from resources.ledger import verifying
        from resources.ledger.migrations import migrate
        from resources.ledger.schema import SCHEMA_VERSION

        with self._database.read(self._engine) as connection:
            try:
                found = self._database.check_schema(connection)
                if found and not ledger_rows.holds(connection, anchored, anchored_head):
                    # damaged for certain: walk it all, to name the first broken row
                    verifying.walked(self._database, connection, self.anchors.read())
                self.damage.refuse()
            except LedgerDamaged as error:
                if not i_know:
                    raise
                self._known_damage = error.position
                return
        if not found and anchored:
            raise cut_tail(0, anchored)
        if found < SCHEMA_VERSION:
            migrate(self._database, self._database.maker(self._place), utc_text(self._now()))

    def _enter_process(self) -> None:
        """Go on after a fork with locks of our own; LedgerError when that would not be safe."""
        if os.getpid() != self._process:
            self._database.enter_child(self._engine)
            self._group = GroupCommit(self._commit)
            self._process = os.getpid()

    def _commit(self, requests: Sequence[Append]) -> list[list[Event] | Exception]:
        from resources.ledger.writing import Writer

        with self._database.write(self._engine) as connection:
            writer = Writer(connection, self._now, self._new_id)
            outcomes = [writer.write(request) for request in requests]
            writer.flush()
        if any(isinstance(outcome, list) for outcome in outcomes):
            self._anchor(*writer.head)
        return [
            [Event.from_row(row) for row in rows] if isinstance(rows, list) else rows
            for rows in outcomes
        ]

    def _forget_deleted(self) -> None:
        try:
            self._database.forget_deleted(self._engine)
        except OrchError as error:
            # the event stands and nobody can read the texts: raising would say otherwise
            log.warning("purged texts stay in the database's files for now: %s", error.message)

    def _keep_snapshot(
        self, stream: str, reducer: Reducer[State], state: State, event_hash: str
    ) -> None:
        from resources.ledger import snapshots

        try:
            with self._database.write(self._engine) as connection:
                snapshots.keep(connection, stream, reducer, state, event_hash)
        except OrchError as error:
            log.debug("no snapshot of %s was kept: %s", stream, error.message)

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


def _user() -> str:
    name = os.environ.get("USER", "")
    try:
        return checked_label("actor", name or None) or "system"
    except LedgerError:
        return "system"
