"""Makes one place hold what is wanted there: takes each publication through its steps.

What to do is decided by `coordinator.publishing.steps`, done by `Walk`, one publication after the
other: parents before children, and what goes from the leaves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from coordinator.ledger.outbox_events import PublicationEdited
from coordinator.ports import Progress, Publisher
from coordinator.publishing.records import Wanted
from coordinator.publishing.state import Edit, Publication
from coordinator.publishing.steps import next_step, opens_at, withdrawn
from resources.progress import Silence
from resources.publishing.record import Record
from resources.publishing.walking import PlaceRefused, Walk

MOST_STEPS = 12
"""More than any publication takes between two waits."""

Ask = Callable[[Publication], None]
"""Asks a person about somebody else's change; the same question twice is one."""


@dataclass
class Delivered:
    """What one delivery did.

    `counts` by what was done: create, write, withdraw, archive, adopted, closed, unknown, refused,
    asked, waiting, unchanged. `problem` is why the place as a whole could not be written to, `due`
    when there is something to do again.
    """

    counts: Counter[str] = field(default_factory=Counter)
    problem: str = ""
    hint: str = ""
    due: datetime | None = None

    def wait(self, until: datetime | None) -> None:
        """There is something to do at `until`, besides what is known already."""
        if until is not None:
            self.due = until if self.due is None else min(self.due, until)


class Delivery:
    """Delivers what is of one kind to one place, for whoever is the only one to do so.

    The kind is what the publications' subjects begin with: what else stands there is not touched.
    """

    def __init__(
        self,
        publisher: Publisher,
        record: Record,
        *,
        kind: str,
        ask: Ask,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._publisher = publisher
        self._record = record
        self._kind = kind
        self._ask = ask
        self._now = now

    def run(self, wanted: Sequence[Wanted], progress: Progress | None = None) -> Delivered:
        """Make the place hold exactly `wanted` of its kind, as far as can be now."""
        report, shown = Delivered(), progress or Silence()
        opens = opens_at(self._record.state)
        if opens is not None and self._now() < opens:
            report.wait(opens)
            report.problem = f"the place refused everything; it is tried again at {opens:%H:%M}"
            return report
        by_key = {one.key: one for one in wanted}
        gone = [
            key
            for key, one in self._record.state.publications.items()
            if key not in by_key and one.subject.startswith(f"{self._kind}:")
        ]
        shown.start("publishing", len(by_key) + len(gone))
        try:
            for key in (*by_key, *reversed(gone)):
                self._bring(key, by_key, report)
                shown.advance()
        except PlaceRefused as stop:
            report.problem, report.hint = stop.error.message, stop.error.hint
            report.wait(opens_at(self._record.state))
        finally:
            shown.finish()
        return report

    def _bring(self, key: str, by_key: Mapping[str, Wanted], report: Delivered) -> None:
        """Take one publication as far as it goes now."""
        wanted, one = by_key.get(key), self._one(key)
        parent = self._id_of(wanted.parent) if wanted and wanted.parent else None
        if parent == "":
            report.counts["waiting"] += 1
            return
        walk = Walk(
            self._publisher,
            self._record,
            key=key,
            subject=wanted.subject if wanted else one.subject if one else key,
            owner=wanted.owner if wanted else one.owner if one else "",
            wanted=wanted,
            parent=parent,
            counts=report.counts,
        )
        for steps in range(MOST_STEPS):
            one = self._one(key)
            step = next_step(one, wanted.content if wanted else None, self._now())
            if step.kind == "ask" and one is not None and one.edit is not None:
                self._ask_about(one, one.edit, walk)
                return
            if step.kind in ("nothing", "wait"):
                report.wait(step.until)
                in_doubt = one is not None and bool(one.pending or one.refusal)
                if not steps and (wanted or in_doubt):
                    report.counts["waiting" if in_doubt else "unchanged"] += 1
                return
            if not walk.take(step, one):
                after = next_step(self._one(key), wanted.content if wanted else None, self._now())
                report.wait(after.until or self._now())
                return

    def _ask_about(self, one: Publication, edit: Edit, walk: Walk) -> None:
        content = walk.wanted.content if walk.wanted else withdrawn(one.key)
        if edit.content != content:
            told = PublicationEdited(key=one.key, stamp=edit.stamp, content=content)
            self._record.tell([told], owner=one.owner)
        asked = self._one(one.key)
        if asked is not None:
            self._ask(asked)
        walk.counts["asked"] += 1

    def _one(self, key: str) -> Publication | None:
        return self._record.state.publications.get(key)

    def _id_of(self, key: str) -> str:
        """The id of the object that stands for `key`; empty while none does."""
        one = self._one(key)
        return one.id if one is not None and not one.archived else ""
