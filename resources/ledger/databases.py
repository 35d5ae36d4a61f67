"""Where a ledger is kept: which database, where in it, and where its anchors stand."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from coordinator.errors import LedgerError, StorageError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


class Database(Protocol):
    """What the ledger needs of a database; `sqlite` and `postgres` are the modules that have it."""

    def is_new(self, place: Any) -> bool:
        """Whether no event was ever recorded at `place`."""

    def make_ready(self, place: Any, anchored: int) -> None:
        """Make what a first connection needs; LedgerDamaged when `anchored` events are gone."""

    def engine(self, place: Any) -> Engine:
        """Guarded connections to `place`."""

    def maker(self, place: Any) -> Engine:
        """Connections that may make tables."""

    def enter_child(self, engine: Engine) -> None:
        """Go on in a forked child; LedgerError where that is not safe."""

    def read(self, engine: Engine) -> AbstractContextManager[Connection]:
        """A read transaction: one snapshot, whatever others write meanwhile."""

    def write(self, engine: Engine) -> AbstractContextManager[Connection]:
        """A write transaction that has the ledger for itself from its first statement on."""

    def errors(self) -> AbstractContextManager[None]:
        """Turns the database's errors into ours."""

    def check_schema(self, connection: Connection) -> int:
        """The version of the schema, 0 without one; raises when it is not ours or was changed."""

    def schema_digest(self, connection: Connection) -> str:
        """One hash of tables, indexes and guards."""

    def guard(self, connection: Connection, version: int) -> None:
        """Make the triggers that schema version `version` adds."""

    def check_pages(self, connection: Connection) -> None:
        """Raise LedgerDamaged when the database finds itself damaged."""

    def forget_deleted(self, engine: Engine) -> None:
        """Leave no byte of a deleted text in the database's files."""


def located(url_or_path: str | Path, folder: Path | None) -> tuple[Database, Any, Path]:
    """The database, the place in it, and the file of anchors; LedgerError for no such URL.

    Anchors stand in `folder`, else beside a SQLite file.
    """
    text = str(url_or_path)
    scheme, separator, rest = text.partition("://")
    if separator and scheme.split("+")[0] in ("postgresql", "postgres"):
        if folder is None:
            raise LedgerError("a ledger on Postgres needs a folder for its anchors")
        from resources.ledger import postgres

        _refuse_missing(folder)
        return postgres, postgres.place(text), folder.absolute() / "ledger.anchors"
    if separator and (scheme != "sqlite" or not rest.startswith("/") or not rest[1:]):
        raise LedgerError(
            "the ledger's URL must be sqlite:///PATH or postgresql://USER@HOST/DATABASE",
            hint="a plain path is as good as the first",
        )
    from resources.ledger import sqlite

    path = Path(rest[1:] if separator else text).absolute()
    _refuse_missing(path.parent)
    where = path if folder is None else folder.absolute() / "ledger.db"
    return sqlite, path, where.with_name(f"{where.stem}.anchors")


def _refuse_missing(folder: Path) -> None:
    if not folder.is_dir():
        raise StorageError(
            f"there is no folder {folder} for the ledger",
            hint="`orch init` makes the coordinator's home",
        )
