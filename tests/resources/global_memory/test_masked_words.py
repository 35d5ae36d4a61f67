"""A masked word cannot be guessed from what another company is shown."""

from __future__ import annotations

import json
from dataclasses import asdict

from coordinator.plain_text import content_id
from coordinator.settings import SharingSettings

WORDS = "The deal with {name} needs an idempotency key, or customers pay twice."


def test_no_id_tells_which_word_was_masked(neighbours):
    """Ids of learnings are hashes of their words: a reader could try names until one fits."""
    content = WORDS.format(name="Zebrapay")
    neighbours.settings("empresa-a", sharing=SharingSettings(mask=("Zebrapay",)))
    neighbours.share("empresa-a", "retry", content=content, id=content_id(content))
    (seen,) = neighbours.sees("empresa-b", "idempotency key")
    assert seen.content == WORDS.format(name="[masked]")
    shown = json.dumps(asdict(seen), default=str)
    stored = neighbours.shared.rows().to_csv()
    assert content_id(content) not in shown + stored
