"""The hash chain of the ledger: canonical JSON, the hash of a row, and where a chain breaks.

The hash of a row is SHA-256 over the canonical JSON of all its columns but the hash itself, the
previous row's hash among them. The payload enters as the exact text that is stored, so neither
added blanks nor a duplicate key slip past. The chain carries no key: it shows accidents and
careless hands; a cut tail and a wholly rewritten chain show against the anchors.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, fields

from coordinator.errors import LedgerError

GENESIS = "0" * 64
"""What the first row names as the hash before it."""

MAX_INTEGER = 2**53 - 1
"""Larger integers lose digits in readers whose only number is a double (JavaScript, jq)."""

MAX_DEPTH = 50


@dataclass(frozen=True)
class EventRow:
    """One row of the table `events`, exactly as stored: text, integers and nulls only.

    `position` counts from 1 without gaps over the whole ledger, `version` likewise within
    `stream`. `payload` is canonical JSON, the times are UTC as ``2026-01-31T12:00:00.000000Z``.
    """

    position: int
    event_id: str
    stream: str
    version: int
    company: str | None
    feature: str | None
    event_type: str
    workflow: str | None
    phase: str | None
    payload: str
    actor: str
    causation_id: str | None
    correlation_id: str | None
    schema_version: int
    occurred_at: str
    recorded_at: str
    prev_hash: str
    hash: str


COLUMNS = tuple(field.name for field in fields(EventRow))


def canonical_json(value: object) -> str:
    """`value` as the one JSON text it has here: sorted keys, no blanks, UTF-8 left readable.

    Plain data only: dicts with text keys, lists, tuples, text, booleans, None, finite floats and
    integers within ±(2**53 - 1). Anything else (NaN, infinities, larger integers, lone surrogates,
    deeper than 50 levels) raises LedgerError naming the place, never the value.
    """
    _check(value, "", 0)
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def _check(value: object, path: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise _refused(path, f"is nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise _refused(path, "has a key that is not text")
            _check_text(key, path)
            _check(item, f"{path}.{key}", depth + 1)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _check(item, f"{path}[{index}]", depth + 1)
    else:
        _check_scalar(value, path)


def _check_scalar(value: object, path: str) -> None:
    if isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise _refused(path, "is an integer past 2**53 - 1: store it as text")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise _refused(path, "is not a finite number")
    elif value is not None:
        raise _refused(path, f"is a {type(value).__name__}, which JSON has no word for")


def _check_text(text: str, path: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise _refused(path, "holds half of a surrogate pair, which UTF-8 cannot store") from None


def _refused(path: str, problem: str) -> LedgerError:
    where = path.lstrip(".").encode("ascii", "backslashreplace").decode("ascii")[:200] or "value"
    return LedgerError(f"{where} {problem}", hint="the event was not recorded")


def event_hash(prev_hash: str, event: EventRow) -> str:
    """The hash of `event` when it follows the row whose hash is `prev_hash`: 64 hex digits.

    The `hash` and `prev_hash` columns of `event` itself are not looked at.
    """
    body = {name: getattr(event, name) for name in COLUMNS if name != "hash"}
    body["prev_hash"] = prev_hash
    return hashlib.sha256(canonical_json(body).encode("utf-8")).hexdigest()


def is_intact(row: EventRow) -> bool:
    """Whether the columns of `row` are those its hash was made from."""
    try:
        return event_hash(row.prev_hash, row) == row.hash
    except LedgerError:
        return False


def verify_chain(rows: Iterable[EventRow]) -> int | None:
    """The first broken position of the whole ledger read in order, or None when it is sound.

    Sound means: positions count 1, 2, 3 …, versions count likewise within each stream, each row
    names the hash before it, and each hash fits its row. A cut tail is a sound, shorter chain.
    """
    previous = GENESIS
    versions: dict[str, int] = {}
    for expected, row in enumerate(rows, start=1):
        version = versions.get(row.stream, 0) + 1
        sound = (
            row.position == expected
            and row.version == version
            and row.prev_hash == previous
            and is_intact(row)
        )
        if not sound:
            return expected
        previous = row.hash
        versions[row.stream] = version
    return None
