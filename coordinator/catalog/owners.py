"""Who owns a path, by the repository's CODEOWNERS.

Format: one pattern and its owners per line, the last match wins; patterns as in .gitignore
without ``!`` and ``[ ]``. Places, first found counts: .github/, the root, docs/ (and .gitlab/).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from coordinator.manifests.record import one_line

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
MAX_BYTES = 512_000
MAX_RULES = 3_000


@dataclass(frozen=True)
class Rule:
    """The owners of all paths that match."""

    pattern: re.Pattern[str]
    owners: str


def parse(data: bytes | None) -> tuple[Rule, ...]:
    """The rules of a CODEOWNERS file in its order; lines that are no rule are passed over."""
    rules = []
    for line in (data or b"")[:MAX_BYTES].decode("utf-8", "replace").splitlines()[:MAX_RULES]:
        parts = line.split("#")[0].split()
        if not parts or parts[0].startswith(("!", "[", "^[")) or len(parts[0]) > 300:
            continue
        # a rule without owners takes ownership away: it stays, with ''
        rules.append(Rule(_pattern(parts[0]), one_line(" ".join(parts[1:]))))
    return tuple(rules)


def owner_of(folder: str, rules: Sequence[Rule]) -> str:
    """The owners of a folder and all in it, as written; '' when nobody is named."""
    shown = "/" if folder == "." else f"/{folder}/"
    return next((rule.owners for rule in reversed(rules) if rule.pattern.match(shown)), "")


def _pattern(text: str) -> re.Pattern[str]:
    """A pattern over ``/folder/`` that says whether a rule covers the whole folder."""
    if text in ("*", "/", "/*", "**", "/**"):
        return re.compile("")
    anchored = "/" in text.rstrip("/")
    body = text.strip("/").removesuffix("/**").removesuffix("/*")
    pattern = "".join(
        {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(piece, re.escape(piece))
        for piece in re.split(r"(\*\*/|\*\*|\*|\?)", re.sub(r"\*{3,}", "**", body))
    )
    return re.compile(("/" if anchored else "/(?:[^/]+/)*") + pattern + "/", re.DOTALL)
