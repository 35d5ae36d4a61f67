"""Why something was taken back, as people say it and events keep it for ever."""

from __future__ import annotations

from coordinator.errors import UsageError
from coordinator.plain_text import visible

LONGEST_REASON = 2_000


def reason(text: str) -> str:
    """`text` on one line, control characters shown; UsageError over 2,000 characters."""
    if len(text) > LONGEST_REASON:
        raise UsageError(
            f"a reason has {len(text):,} characters, over {LONGEST_REASON:,}",
            hint="write the one sentence somebody should remember",
        )
    return " ".join(visible(text).split())
