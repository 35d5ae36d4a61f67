"""What leaves a company: the exact text a person approves and the global memory stores."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from coordinator.ledger.chain import canonical_json
from coordinator.ledger.events import utc_text
from coordinator.redaction import Redactor


@dataclass(frozen=True)
class Publication:
    """A learning as others may read it: redacted, with where it comes from.

    `created_at` is when the learning came about, as the ledger writes times. Whoever approves
    sees `text()`, the ledger keeps it, and its hash is the approval's.
    """

    title: str
    content: str
    category: str
    language: str
    source_instance: str
    evidence_commit: str
    evidence_path: str
    created_at: str
    reason: str = ""
    """Why it is shared, in the words of whoever proposed it."""

    def text(self) -> str:
        """The publication as canonical JSON: one text for one content."""
        return canonical_json(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> Publication:
        """The publication `text()` was made of."""
        found = json.loads(text)
        return cls(**{one.name: str(found[one.name]) for one in fields(cls)})

    @property
    def created(self) -> datetime:
        return datetime.fromisoformat(self.created_at)


def publication_of(
    company: str, learning: Mapping[str, Any], redactor: Redactor, *, reason: str = ""
) -> tuple[Publication, dict[str, int]]:
    """What would be published of `learning` (a row of LEARNING_COLUMNS), and what was masked.

    SharingRefused when any part of it holds a secret. Every text a person or a repository wrote
    passes the redaction, the path of the evidence too: paths name people and projects.
    """
    shown = {name: str(learning[name]) for name in ("title", "content", "evidence_path")}
    shown["reason"] = reason
    masks: dict[str, int] = {}
    for name, text in shown.items():
        redacted = redactor.redact(text)
        shown[name] = redacted.text
        for kind, count in redacted.masks.items():
            masks[kind] = masks.get(kind, 0) + count
    publication = Publication(
        **shown,
        category=str(learning["category"]),
        language=str(learning["language"]),
        source_instance=company,
        evidence_commit=str(learning["evidence_commit"]),
        created_at=utc_text(learning["occurred_at"].to_pydatetime()),
    )
    return publication, masks


def global_id(company: str, proposal: int) -> str:
    """The id of the copy that one approved proposal made: the same whenever it is carried out.

    Neither this id nor the publication is made from the learning's id, which is a hash of its
    words: with it anybody could try what stood in the place of a mask.
    """
    named = canonical_json([company, proposal])
    return f"g-{hashlib.sha256(named.encode('utf-8')).hexdigest()[:16]}"
