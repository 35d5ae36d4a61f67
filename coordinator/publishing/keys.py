"""The key of a publication: the same whenever it is published, so that it can be found again.

The key stands in the label of an issue and in the body and label of a page. It is made of what is
published where, never of the words: new words are the same publication.
"""

from __future__ import annotations

import hashlib
import re

from coordinator.ledger.chain import canonical_json

PREFIX = "orch-"
_LABEL = re.compile(r"orch-[0-9a-f]{20}")
_MARKER = re.compile(r"\borch-[0-9a-f]{20}\b")


def publication_key(service: str, place: str, subject: str) -> str:
    """``orch-`` and 20 hex digits of `subject` published in `place` (a project or space)."""
    named = canonical_json([service, place, subject])
    return PREFIX + hashlib.sha256(named.encode("utf-8")).hexdigest()[:20]


def is_label(text: str) -> bool:
    """Whether a label is the key of a publication."""
    return _LABEL.fullmatch(text) is not None


def marker_in(body: str) -> str:
    """The last key that stands in a body's text; empty when none does."""
    found = _MARKER.findall(body)
    return found[-1] if found else ""
