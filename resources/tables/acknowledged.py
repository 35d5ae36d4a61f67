"""The last acknowledged commit of a table, and the way back to it.

LanceDB takes the newest manifest for the table. A power cut before a commit was forced to disk can
leave its manifest without content, or without the rows it names: the table does not open, or opens
with zeros for rows, since LanceDB keeps no checksums of them. So a small file names the manifest
that was acknowledged last, and what is newer is taken back before anybody reads it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from resources.files import sync_folder, write_text


class Acknowledged:
    """The mark of the table in the folder `table`; only its one writer changes it."""

    def __init__(self, table: Path) -> None:
        self._table = table
        self._versions = table / "_versions"
        self._mark = table.with_name(f".{table.stem}.acknowledged")

    def newest(self) -> str:
        """The name of the newest manifest; empty when the table has no commit."""
        # manifests are named by 2^64 - 1 - version: the newest sorts first
        return min((path.name for path in self._versions.glob("*.manifest")), default="")

    def marked(self) -> str | None:
        """The manifest that was acknowledged last: empty for no table, None when nobody said."""
        try:
            return self._mark.read_text(encoding="ascii")
        except FileNotFoundError:
            return None

    def is_newest(self) -> bool:
        """True when no commit is newer than what was acknowledged."""
        return self.marked() in (None, self.newest())

    def mark(self) -> None:
        """Acknowledge the newest commit; it must be on disk already."""
        newest = self.newest()
        if self.marked() != newest:
            write_text(self._mark, newest)

    def mark_none(self) -> None:
        """Say that there is no table: whatever a first commit leaves behind is taken back."""
        if self.marked() != "":
            write_text(self._mark, "")

    def take_back(self) -> None:
        """Remove the commits that were not acknowledged."""
        marked = self.marked()
        if self.is_newest():
            return
        if marked == "":
            shutil.rmtree(self._table)
            sync_folder(self._table.parent)
        elif marked and (self._versions / marked).exists():
            for manifest in self._versions.glob("*.manifest"):
                if manifest.name < marked:
                    manifest.unlink()
            sync_folder(self._versions)
