"""Memories pushed to Supabase: the coordinator's shared copies, and a company's own memory.

A table there is made equal to what is known here. That may be done again at any time by whoever is
the only one, so nothing is announced row by row: only that a push began, and how it ended.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from coordinator.errors import OrchError
from coordinator.ledger.chain import canonical_json
from coordinator.ledger.events import PUSHED, NewEvent
from coordinator.ledger.payloads import Payload
from coordinator.ledger.push_events import PushBegan, PushDone
from coordinator.ports import Progress
from coordinator.publishing.pushes import PUSHES, PushState, is_push_due
from coordinator.settings import SupabaseSettings, SupabaseTarget
from coordinator.supabase.pushing import PushPlan, Row, global_rows, memory_rows, plan_push
from resources.publishing.alone import alone
from resources.publishing.record import place_refused
from resources.supabase import MemoryTable, Pushed, push

if TYPE_CHECKING:
    from resources.home import Home

COMPANY_TABLE = "private_memory"
GLOBAL_TABLE, GLOBAL_VECTOR = "global_memory", "embedding"


@dataclass(frozen=True)
class PushPlace:
    """A Supabase project as the settings name it: the coordinator's (`company` empty) or its."""

    company: str
    settings: SupabaseTarget

    @property
    def stream(self) -> str:
        """The stream of the ledger that holds what was pushed there."""
        return f"{PUSHED}:{self.company}" if self.company else PUSHED

    @property
    def whose(self) -> str:
        return self.company or "the coordinator"

    @property
    def address(self) -> str:
        """Where it is, without what is secret of it."""
        return self.settings.url or f"${self.settings.database_url_env}"

    @property
    def digest(self) -> str:
        """What tells this place from the one the settings named before."""
        where = [self.address, self.settings.db_schema, self.company]
        return hashlib.sha256(canonical_json(where).encode()).hexdigest()[:32]

    @property
    def is_wanted(self) -> bool:
        """Whether anything is to stand there."""
        return not isinstance(self.settings, SupabaseSettings) or self.settings.push


@dataclass(frozen=True)
class PushReport:
    """What a push did, or why it came to no end; both None: it cannot be said yet what to push."""

    pushed: Pushed | None = None
    rows: int = 0
    problem: str = ""
    hint: str = ""


class Pushing:
    """Every push of a home."""

    def __init__(
        self, home: Home, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._home = home
        self._now = now

    def places(self) -> list[PushPlace]:
        """Every Supabase project the settings name, the coordinator's first."""
        found = (
            [PushPlace("", self._home.settings.supabase)] if self._home.settings.supabase else []
        )
        for name in self._home.companies.readable():
            settings = self._home.companies.instance(name).settings.supabase
            if settings is not None:
                found.append(PushPlace(name, settings))
        return found

    def find(self, company: str) -> PushPlace | None:
        """The place of a company, or of the coordinator; None when the settings name none."""
        return next((one for one in self.places() if one.company == company), None)

    def state(self, place: PushPlace) -> PushState:
        """What was pushed there, as the ledger knows it."""
        return self._home.ledger.fold(place.stream, PUSHES)

    def is_due(self, place: PushPlace) -> bool:
        """Whether something is to be pushed there now; nobody is asked over the network."""
        if not place.is_wanted and not self.state(place).held(place.digest).rows:
            return False
        found = self._content(place)
        if found is None:
            return False
        content, rows = found
        return is_push_due(self.state(place), place.digest, content, rows, self._now())

    def plan(self, place: PushPlace) -> PushPlan | None:
        """What a push would write and take back now; None when that cannot be said yet.

        Raises a SourceError when the project cannot be asked.
        """
        if self._content(place) is None:
            return None
        with self._open(place) as table:
            return plan_push(self._rows(place), table.stored())

    def push(self, place: PushPlace, progress: Progress | None = None) -> PushReport:
        """Make what stands there equal to what is known here.

        A project that cannot be written to is the report's problem and recorded. Raises
        CompanyBusy while another process pushes there.
        """
        with alone(self._home.global_folder, place.stream, place.whose):
            found = self._content(place)
            if found is None:
                return PushReport(problem="nothing was learned yet", hint="run `orch sync`")
            content, count = found
            if not count and not self.state(place).held(place.digest).rows:
                return PushReport(pushed=Pushed(0, 0))
            try:
                return self._pushed(place, content, progress)
            except OrchError as error:
                self._tell(place, place_refused(error))
                return PushReport(problem=error.message, hint=error.hint)

    def where_copies_stand(self) -> list[str]:
        """Where shared copies stand, for people who take one back."""
        place = self.find("")
        if place is None or not self.state(place).held(place.digest).rows:
            return []
        return [place.address]

    # -- parts -----------------------------------------------------------------------------

    def _pushed(self, place: PushPlace, content: str, progress: Progress | None) -> PushReport:
        with self._open(place) as table:
            table.now()  # a refused key is found out before rows are said to stand there
            rows = self._rows(place)
            self._tell(place, PushBegan(place=place.digest, rows=len(rows)))
            done = push(table, rows, progress)
        self._tell(
            place,
            PushDone(
                place=place.digest,
                content=content,
                rows=len(rows),
                written=done.written,
                retracted=done.retracted,
            ),
        )
        return PushReport(pushed=done, rows=len(rows))

    def _content(self, place: PushPlace) -> tuple[str, int] | None:
        """A digest of what is to stand there and its rows; None when that cannot be said yet."""
        if not place.is_wanted:
            return _digest([]), 0
        if not place.company:
            memory = self._home.global_memory
            said = [(row["id"], row["superseded_by"]) for row in memory.rows().to_dict("records")]
            embedded = sorted(self._home.global_tables().ids(GLOBAL_TABLE))
            return _digest([said, embedded, memory.index.table.model]), len(said)
        if not self._home.companies.instance(place.company).tables().exists(COMPANY_TABLE):
            return None
        rows = self._home.memory(place.company).rows
        held = sorted(rows.tables.ids(COMPANY_TABLE).items())
        return _digest([held, rows.model]), len(held)

    def _rows(self, place: PushPlace) -> list[Row]:
        if not place.is_wanted:
            return []
        if place.company:
            own = self._home.memory(place.company).rows
            held = own.tables.read(COMPANY_TABLE)
            return memory_rows(held, company=place.company, model=own.model)
        memory = self._home.global_memory
        columns = ["id", GLOBAL_VECTOR]
        table = memory.index.table
        held = table.tables.read(GLOBAL_TABLE, columns, schema=table.shape.schema(1, {}))
        # the words are those everybody agreed to, whatever the table says
        return global_rows(memory.rows().merge(held, on="id", how="left"), model=table.model)

    def _open(self, place: PushPlace) -> MemoryTable:
        return self._home.supabase(place.company, place.settings)

    def _tell(self, place: PushPlace, event: Payload) -> None:
        new = NewEvent(event.event_type, event, occurred_at=self._now())
        self._home.ledger.append(place.stream, [new], expected_version=None)


def _digest(said: object) -> str:
    return hashlib.sha256(canonical_json(said).encode()).hexdigest()[:32]
