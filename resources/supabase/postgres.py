"""A Supabase project as a Postgres database: its own port, or its connection pooler.

Every batch is one short transaction that acts as ``service_role``, whatever the login may besides.
What a session would remember is set in each transaction: a pooler hands sessions around.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import QueuePool
from sqlalchemy.types import UserDefinedType

from coordinator.errors import (
    OrchError,
    SourceMisbehaved,
    SourceRefused,
    SourceUnauthorized,
)
from coordinator.supabase.checking import Checked
from coordinator.supabase.failures import refusal
from coordinator.supabase.tables import MOMENT, OURS, WIDTH, MemoryShape
from resources.supabase.address import DatabaseAddress
from resources.supabase.project import Question, Row

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

ROLE = "service_role"


class _Vector(UserDefinedType[list[float]]):
    """pgvector's type: numbers in, as text."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return f"vector({WIDTH})"

    def bind_processor(self, dialect: sa.Dialect) -> Any:
        return lambda value: None if value is None else f"[{','.join(map(repr, value))}]"


class PostgresProject:
    """One table by Postgres; `url_name` is the environment variable that holds `url`."""

    def __init__(
        self,
        url: str,
        url_name: str,
        *,
        timeout_s: float,
        loopback: bool,
        schema: str,
        shape: MemoryShape,
        company: str | None,
    ) -> None:
        address = DatabaseAddress(url, url_name, timeout_s=timeout_s, loopback=loopback)
        self.where = address.where
        self._shape, self._company = shape, company
        self._setting = (
            f"SET LOCAL statement_timeout = {round(timeout_s * 1_000)}; "
            f"SET LOCAL idle_in_transaction_session_timeout = {round(timeout_s * 1_000)}; "
            f'SET LOCAL search_path = "{schema}", extensions, pg_temp; SET LOCAL timezone = UTC'
        )
        types: Mapping[str, Any] = {"jsonb": JSONB(), f"vector({WIDTH})": _Vector()}
        self._table = sa.Table(
            shape.name,
            sa.MetaData(),
            *(sa.Column(name, types.get(kind)) for name, kind in shape.columns.items()),
        )
        self._engine: Engine = sa.create_engine(
            "postgresql+psycopg2://",
            creator=address.connect,
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=0,
            pool_pre_ping=True,
            hide_parameters=True,
        )

    def select(self, question: Question) -> list[Row]:
        columns = self._table.c
        query = sa.select(*(self._read(name) for name in question.columns))
        query = query.where(*self._whose(question.theirs))
        if question.standing:
            query = query.where(columns[self._shape.removed].is_(None))
        if question.ids is not None:
            query = query.where(columns.id.in_(question.ids))
        if question.since is not None:
            query = query.where(columns.updated_at >= question.since)
        order = [columns[name] for name in question.order]
        if question.after is not None:
            after = [
                sa.cast(sa.literal(value), sa.TIMESTAMP(timezone=True))
                if self._shape.columns[name] == MOMENT
                else sa.literal(value)
                for name, value in zip(question.order, question.after, strict=True)
            ]
            query = query.where(sa.tuple_(*order) > sa.tuple_(*after))
        with self._transaction() as connection:
            found = connection.execute(query.order_by(*order).limit(question.limit))
            return [dict(row) for row in found.mappings()]

    def call(self, function: str) -> Any:
        asked = sa.select(sa.func.to_jsonb(getattr(sa.func, function)()))
        with self._transaction() as connection:
            return connection.execute(asked).scalar()

    def upsert(self, rows: Sequence[Row]) -> int:
        new = pg_insert(self._table).values(list(rows))
        changed = {name: new.excluded[name] for name in rows[0] if name not in self._shape.key}
        statement = new.on_conflict_do_update(index_elements=self._shape.key, set_=changed)
        with self._transaction() as connection:
            return len(connection.execute(statement.returning(self._table.c.id)).all())

    def retract(self, ids: Sequence[str]) -> int:
        removed = self._table.c[self._shape.removed]
        statement = (
            sa.update(self._table)
            .where(*self._whose(theirs=False), removed.is_(None), self._table.c.id.in_(ids))
            .values({removed: sa.func.now()})
        )
        with self._transaction() as connection:
            return len(connection.execute(statement.returning(self._table.c.id)).all())

    def access(self) -> list[Checked]:
        return []

    def close(self) -> None:
        self._engine.dispose()

    def _whose(self, theirs: bool) -> list[sa.ColumnElement[bool]]:
        columns = self._table.c
        whose = [columns.written_by != OURS if theirs else columns.written_by == OURS]
        return whose if self._company is None else [*whose, columns.company == self._company]

    def _read(self, name: str) -> sa.ColumnElement[Any]:
        """A column; moments as text, for Postgres knows years that Python does not."""
        column = self._table.c[name]
        return (
            sa.func.to_jsonb(column).label(name) if self._shape.columns[name] == MOMENT else column
        )

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._errors(), self._engine.begin() as connection:
            connection.exec_driver_sql(self._setting)
            self._act_as_service(connection)
            yield connection

    def _act_as_service(self, connection: Connection) -> None:
        try:
            connection.exec_driver_sql(f"SET LOCAL ROLE {ROLE}")
        except DBAPIError as error:
            if getattr(error.orig, "pgcode", None) is None:
                raise
            raise SourceUnauthorized(
                f"{self.where}: its login may not act as {ROLE}",
                hint=f"grant {ROLE} to it; deploy/supabase/README.md says how to make one",
            ) from None

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn Postgres' errors into ours, without their text."""
        try:
            yield
        except OrchError:
            raise
        except DBAPIError as error:
            code = getattr(error.orig, "pgcode", None)
            raise refusal(self.where, self._shape, code=code or "08000") from None
        except SQLAlchemyError as error:
            raise SourceMisbehaved(
                f"{self.where} cannot be used ({type(error).__name__})"
            ) from None
        except ValueError:  # psycopg2 itself refuses NUL and half characters
            raise SourceRefused(
                f"{self.where}: a row holds what no text can", status=400, hint="nothing was sent"
            ) from None
