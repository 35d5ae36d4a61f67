"""Everything published, in every place: delivered, looked at, tried again, asked about."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from coordinator.approvals import Proposal
from coordinator.errors import UsageError
from coordinator.ledger import outbox_events as events
from coordinator.ledger.chain import canonical_json
from coordinator.ledger.company_events import Source
from coordinator.ledger.payloads import Payload
from coordinator.ports import Progress
from coordinator.publishing.records import Target, Wanted
from coordinator.publishing.state import OUTBOX, OutboxState, Publication
from coordinator.publishing.steps import next_step, opens_at
from resources.publishing.alone import alone
from resources.publishing.delivering import Delivered, Delivery
from resources.publishing.places import Place, Places
from resources.publishing.record import LedgerRecord

if TYPE_CHECKING:
    from resources.home import Home

OVERWRITE = "overwrite_edited"
QUIET = ("nothing", "wait", "ask")


@dataclass(frozen=True)
class Placed:
    """One publication as it stands: where, as what, and where people find it (empty: nowhere)."""

    place: Place
    publication: Publication
    url: str


class Publishing:
    """The outboxes of a home."""

    def __init__(
        self, home: Home, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._home = home
        self._ledger = home.ledger
        self.now = now
        self.places = Places(home)

    # -- what stands -----------------------------------------------------------------------

    def state(self, target: Target) -> OutboxState:
        """Everything published in one place, as the ledger knows it."""
        return self._ledger.fold(target.stream, OUTBOX)

    def ids(self, company: str, source: Source) -> frozenset[str]:
        """The ids of what was published in a company's own place: never read back from there."""
        if source not in ("jira", "confluence"):
            return frozenset()
        return self.state(Target(source, company)).ids

    def standing(self) -> Iterator[Placed]:
        """Every publication of every place the settings name."""
        for place in self.places.all():
            for one in self.state(place.target).publications.values():
                yield Placed(place, one, place.url(one.name) if one.name else "")

    def where_are(self, subjects: Collection[str]) -> list[str]:
        """The addresses where people find what is published under these subjects."""
        return [
            one.url
            for one in self.standing()
            if one.publication.subject in subjects and one.url and not one.publication.archived
        ]

    # -- publishing ------------------------------------------------------------------------

    def wanted(self, target: Target, kind: str) -> list[Wanted] | None:
        """What of a kind is to stand in a place; None when that cannot be said now."""
        return self.places.wanted(self.places.named(target), kind, self.state(target))

    def is_due(self, target: Target, kind: str) -> bool:
        """Whether a delivery would do something now."""
        now, state = self.now(), self.state(target)
        opens = opens_at(state)
        wanted = self.wanted(target, kind)
        if wanted is None or (opens is not None and now < opens):
            return False
        contents = {one.key: one.content for one in wanted}
        keys = contents.keys() | {key for key, one in state.publications.items() if _is(one, kind)}
        return any(
            next_step(state.publications.get(key), contents.get(key), now).kind not in QUIET
            for key in keys
        )

    def deliver(self, target: Target, kind: str, progress: Progress | None = None) -> Delivered:
        """Make a place hold exactly what of a kind is wanted there, as far as can be now.

        Raises CompanyBusy while another process delivers there.
        """
        place = self.places.named(target)
        with alone(self._home.global_folder, target.stream, target.whose):
            record = LedgerRecord(self._ledger, target, self.now)
            wanted = self.places.wanted(place, kind, record.state)
            if wanted is None:
                return Delivered(problem="its documents were not read yet", hint="run `orch sync`")
            wanted = self._seen(place, wanted)
            delivery = Delivery(
                self.places.publisher(place),
                record,
                kind=kind,
                ask=lambda one: self._ask(place, one),
                now=self.now,
            )
            report = delivery.run(wanted, progress)
            # pages that were made just now can be linked to
            again = self.places.wanted(place, kind, record.state)
            if not report.problem and again is not None and _contents(again) != _contents(wanted):
                second = delivery.run(self._seen(place, again), progress)
                second.counts += report.counts
                report = second
            return report

    def retry(self, keys: Iterable[str]) -> list[str]:
        """Forget refusals and wishes to leave alone, of these keys; returns those that are known.

        UsageError for a key nobody published anything under.
        """
        done = []
        for key in keys:
            placed = next((one for one in self.standing() if one.publication.key == key), None)
            if placed is None:
                raise UsageError(
                    f"nothing was published as {key}", hint="`orch publish status` shows the keys"
                )
            self._tell(placed.place.target, placed.publication, events.PublicationRetried(key=key))
            done.append(key)
        return done

    # -- somebody else's change: a proposal ------------------------------------------------

    def current_text(self, proposal: Proposal) -> str | None:
        """What `proposal` would be about if it were made now; None when that is settled."""
        found = self._asked_about(proposal)
        return _question(*found) if found is not None else None

    def carry_out(self, proposal: Proposal) -> str:
        """Allow the next delivery to write over what somebody else left; says what was allowed."""
        found = self._asked_about(proposal)
        if found is None or found[1].edit is None:
            return "settled"
        place, one = found
        edit = found[1].edit
        released = events.PublicationReleased(
            key=one.key, stamp=edit.stamp, content=edit.content, proposal=proposal.number
        )
        self._tell(place.target, one, released)
        return f"{one.key} may be written over"

    def closed(self, proposal: Proposal) -> None:
        """A no means: leave it alone. Any other end of the question leaves it open."""
        found = self._asked_about(proposal)
        if found is not None and proposal.status == "rejected":
            place, one = found
            kept = events.PublicationKept(key=one.key, proposal=proposal.number)
            self._tell(place.target, one, kept)

    # -- parts -----------------------------------------------------------------------------

    def _seen(self, place: Place, wanted: Sequence[Wanted]) -> list[Wanted]:
        """Record that a company is shown the copies before it is; what is gone meanwhile leaves."""
        company = place.target.company
        copies = {one.subject.removeprefix("copy:"): one for one in wanted if _of_copy(one)}
        if not company or not copies:
            return list(wanted)
        standing = self._home.global_memory.record_sight(
            company, list(copies), surface=place.target.service
        )
        return [
            one
            for one in wanted
            if not _of_copy(one) or one.subject.removeprefix("copy:") in standing
        ]

    def _ask(self, place: Place, one: Publication) -> None:
        if one.owner not in self._home.companies.readable():
            return  # nobody can answer for it: it stays as somebody left it
        self._home.approvals.propose(
            kind=OVERWRITE,
            subject=f"{place.target.stream} {one.key}",
            company=one.owner,
            asks=[(one.owner, "publication")],
            text=_question(place, one),
            facts={"service": place.target.service, "object": one.name},
            by=place.target.stream,
        )

    def _asked_about(self, proposal: Proposal) -> tuple[Place, Publication] | None:
        stream, _, key = proposal.subject.partition(" ")
        place = self.places.find(Target.of_stream(stream))
        one = self.state(Target.of_stream(stream)).publications.get(key)
        if place is None or one is None or one.edit is None:
            return None
        return place, one

    def _tell(self, target: Target, one: Publication, event: Payload) -> None:
        LedgerRecord(self._ledger, target, self.now).tell([event], owner=one.owner)


def _question(place: Place, one: Publication) -> str:
    """The text people are asked about: ids and hashes, and where to look."""
    edit = one.edit
    if edit is None:
        raise AssertionError("nobody changed it")
    gone = edit.stamp == "gone"
    return canonical_json(
        {
            "title": f"{place.target.service} {one.name}: changed by somebody else"
            if not gone
            else f"{place.target.service} {one.name}: taken away by somebody else",
            "where": place.url(one.name),
            "found": edit.stamp,
            "content": edit.content,
            "yes": "it is made anew"
            if gone
            else "it is written over with what the coordinator has",
            "no": "it is left alone, and not touched again",
        }
    )


def _contents(wanted: Iterable[Wanted]) -> set[str]:
    return {one.content for one in wanted}


def _is(one: Publication, kind: str) -> bool:
    return one.subject.startswith(f"{kind}:")


def _of_copy(one: Wanted) -> bool:
    return one.subject.startswith("copy:g-")
