"""What a damaged ledger is called, and the mark that keeps everything else from starting on one."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from coordinator.errors import LedgerDamaged, StorageError
from resources.files import write_text

_LONGEST_MARK = 10_000


def damaged(message: str) -> LedgerDamaged:
    """The error for a ledger that is damaged as a whole."""
    return LedgerDamaged(message, position=0, hint="restore the ledger from a backup")


def broken(position: int) -> LedgerDamaged:
    """The error for a row that is not the one that was written."""
    return LedgerDamaged(
        f"the ledger is damaged at position {position}: that event is not as it was recorded",
        position=position,
        hint="restore the ledger from a backup; the events before that position are sound",
    )


def cut_tail(length: int, anchored: int) -> LedgerDamaged:
    """The error for a ledger that is shorter than its anchors say."""
    return LedgerDamaged(
        f"the ledger ends at position {length}, its anchors know {anchored}: "
        f"{anchored - length} events are missing",
        position=length + 1,
        hint="restore the ledger from a backup",
    )


def lost_text(position: int, problem: str) -> LedgerDamaged:
    """The error for a text that is not the one the event at `position` names."""
    return LedgerDamaged(
        f"the ledger is damaged at position {position}: the text that event names {problem}",
        position=position,
        hint="restore the ledger from a backup; the events themselves are sound",
    )


def forged_snapshot(stream: str) -> LedgerDamaged:
    """The error for a snapshot that says something else than the events it was folded from."""
    return LedgerDamaged(
        f"the snapshot of {stream} is not what its events make",
        position=0,
        hint="delete the rows of the table `snapshots`: they are made again; the events are sound",
    )


class DamageMark:
    """A file beside the anchors, left by whoever verified a damaged ledger.

    While it stands, the ledger does not open for anybody who did not say that they know. A clean
    verification takes it away.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def leave(self, found: LedgerDamaged) -> None:
        """Leave the mark; a disk that refuses it changes nothing about what was found."""
        content = json.dumps({"position": found.position, "problem": found.message})
        with suppress(OSError, StorageError):
            write_text(self.path, content)

    def clear(self) -> None:
        self.path.unlink(missing_ok=True)

    def position(self) -> int | None:
        """The damaged position it names, 0 when that cannot be read, None when there is none."""
        try:
            content = self.path.read_bytes()[:_LONGEST_MARK]
        except FileNotFoundError:
            return None
        except OSError:
            return 0
        try:
            found = json.loads(content)["position"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return 0
        return found if isinstance(found, int) and found >= 0 else 0

    def refuse(self) -> None:
        """Raise LedgerDamaged when the mark stands."""
        position = self.position()
        if position is not None:
            where = f"at position {position}" if position else "as a whole"
            raise LedgerDamaged(
                f"the ledger was found damaged {where}: nothing starts on it",
                position=position,
                hint="`orch events verify` says more; restore it from a backup, "
                "or go on with `orch --i-know …`",
            )
