"""What is recorded of memories pushed to Supabase, in the streams ``outbox:supabase`` and
``outbox:supabase:<company>``.

A push makes a table there equal to what is known here, however often it is done: hashes and counts
of the whole are enough. `place` is a digest of the settings that say where. A push that came to
no end is a PlaceRefused.
"""

from __future__ import annotations

from coordinator.ledger.outbox_events import ContentHash
from coordinator.ledger.payloads import Count, Payload


class PushBegan(Payload):
    """From now on up to `rows` rows may stand at `place`, whatever becomes of the push."""

    event_type = "push_began"
    place: ContentHash
    rows: Count


class PushDone(Payload):
    """`content` stands at `place` in `rows` rows; `written` and `retracted` were not so before."""

    event_type = "push_done"
    place: ContentHash
    content: ContentHash
    rows: Count
    written: Count
    retracted: Count
