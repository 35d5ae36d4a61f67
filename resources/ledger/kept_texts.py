"""The words that events name by hash, inside a transaction given from outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, select

from coordinator.errors import LedgerError
from coordinator.ledger.events import text_hash
from resources.ledger.damage import lost_text
from resources.ledger.schema import texts

_PAGE = 1_000


def keep_texts(connection: Connection, contents: Mapping[tuple[str, str], str], now: str) -> None:
    """Keep `contents` (by owner and hash); those that are there already stay as they are."""
    for (owner, sha256), content in contents.items():
        if not owned_texts(connection, owner, [sha256]):
            row = {"owner": owner, "sha256": sha256, "content": content, "stored_at": now}
            connection.execute(texts.insert().values(row))


def keeps(connection: Connection, wanted: Iterable[tuple[str, str]]) -> bool:
    """Whether all these texts, by owner and hash, are kept."""
    return all(owned_texts(connection, owner, [sha256]) for owner, sha256 in wanted)


def purge_texts(connection: Connection, purged: Iterable[tuple[str, str]]) -> None:
    """Delete texts by owner and hash; the purging event must stand already."""
    for owner, sha256 in purged:
        one = (texts.c.owner == owner) & (texts.c.sha256 == sha256)
        connection.execute(texts.delete().where(one))


def owned_texts(connection: Connection, owner: str, hashes: Sequence[str]) -> dict[str, str]:
    """Of `hashes` those kept for `owner`, with their content."""
    found: dict[str, str] = {}
    for start in range(0, len(hashes), _PAGE):
        some = texts.c.sha256.in_(hashes[start : start + _PAGE])
        statement = select(texts.c.sha256, texts.c.content).where(texts.c.owner == owner, some)
        found |= {row.sha256: row.content for row in connection.execute(statement)}
    return found


def text_hashes(connection: Connection, owner: str) -> list[str]:
    """The hashes of all texts kept for `owner`, sorted."""
    found = select(texts.c.sha256).where(texts.c.owner == owner)
    return sorted(connection.execute(found).scalars())


def check(connection: Connection, expected: Mapping[tuple[str, str], int]) -> None:
    """Raise LedgerDamaged when a kept text is not the one that was stored, or one is missing.

    `expected` are the texts that must be there, by owner and hash, with the position of the event
    that names them. They are read one by one: a text may have a megabyte.
    """
    missing = dict(expected)
    names = select(texts.c.owner, texts.c.sha256).order_by(texts.c.owner, texts.c.sha256)
    for owner, sha256 in connection.execute(names).all():
        position = missing.pop((owner, sha256), 0)
        content = owned_texts(connection, owner, [sha256]).get(sha256)
        if content is None or not fits(content, sha256):  # none: a damaged index misleads
            raise lost_text(position, "is not as it was recorded")
    if missing:
        raise lost_text(min(missing.values()), "is missing")


def fits(content: str, sha256: str) -> bool:
    """Whether `content` is the text of that hash."""
    try:
        return text_hash(content) == sha256
    except LedgerError:
        return False
