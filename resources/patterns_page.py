"""The page of `orch patterns map` in a home: it holds words, so it goes when words go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from resources.home import Home

PAGE = "patterns.html"


def page_file(home: Home) -> Path:
    """Where the page is written when no other place is named."""
    return home.path / PAGE


def forget_page(home: Home) -> None:
    """Delete the page: somebody's words on it were taken back. It is drawn anew when asked for."""
    page_file(home).unlink(missing_ok=True)
