"""Which pattern is which from one detection to the next.

A pattern keeps its id while its members come and go. What was found is held against what was
known by shared members: the largest overlap is settled first, each known pattern goes to one
group and each group takes one id. What is left of a known pattern in other groups was split off;
a group that holds most of a second known pattern has swallowed it. A pattern that ended is known
still: when it comes back it is the same one, and nobody is told of it twice.

An id is asked of overlap alone, never of the order of detections, so that two homes with the same
history have the same patterns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from coordinator.ledger import pattern_events as events
from coordinator.ledger.chain import canonical_json
from coordinator.ledger.payloads import Payload
from coordinator.patterns.state import KnownPattern, PatternsState

SWALLOWED = 0.5
"""A known pattern is merged into the group that holds more than this share of its members."""

NEWS = 0.5
"""A pattern is announced when more than this share of its members never were, in any pattern."""


@dataclass(frozen=True)
class Identified:
    """The id of each group in the order they were given, and what is to be recorded."""

    ids: tuple[str, ...]
    recorded: tuple[Payload, ...]


@dataclass(frozen=True)
class _Match:
    """One known pattern and one group with members in common; the best sorts first."""

    shared: int
    known: KnownPattern
    group: int

    @property
    def order(self) -> tuple[bool, int, str, str, int]:
        stands = self.known.status == "standing"
        age = self.known.found_at.isoformat()
        return (not stands, -self.shared, age, self.known.id, self.group)


def identify(
    state: PatternsState, groups: Sequence[Collection[str]], present: Collection[str]
) -> Identified:
    """Give each of `groups` (members, no member in two) its id.

    `present` are all rows there are now: it tells a pattern whose members are gone from one whose
    members are no longer alike.
    """
    matches = _matches(state, groups)
    taken = _settled(matches)
    ids: list[str] = []
    changes: list[Payload] = []
    used = set(state.patterns)
    for at, group in enumerate(groups):
        known = taken.get(at)
        if known is None:
            id = _new_id(group, used)
            used.add(id)
            parent = _parent(matches, at)
            changes.append(
                events.PatternFound(pattern=id, members=tuple(sorted(group)), split_from=parent)
            )
        else:
            id = known.id
            changes += _change(known, group)
        ids.append(id)
    settled = {one.id for one in taken.values()}
    changes += _ends(state, matches, ids, settled, present)
    return Identified(tuple(ids), tuple(changes))


def is_news(state: PatternsState, members: Collection[str]) -> bool:
    """Whether people should be told of a pattern with these members.

    Not when most of them were in patterns people were told of before: a split is no news.
    """
    told = {member for one in state.patterns.values() for member in one.announced}
    return len(set(members) - told) > NEWS * len(set(members))


def _matches(state: PatternsState, groups: Sequence[Collection[str]]) -> list[_Match]:
    group_of = {member: at for at, group in enumerate(groups) for member in group}
    found = []
    for known in state.patterns.values():
        shared: dict[int, int] = {}
        for member in known.members:
            if member in group_of:
                shared[group_of[member]] = shared.get(group_of[member], 0) + 1
        found += [_Match(count, known, at) for at, count in shared.items()]
    return sorted(found, key=lambda one: one.order)


def _settled(matches: Iterable[_Match]) -> dict[int, KnownPattern]:
    """Group → the known pattern it is. What stands comes before what ended or was merged."""
    taken: dict[int, KnownPattern] = {}
    used: set[str] = set()
    for match in matches:
        if match.group not in taken and match.known.id not in used:
            taken[match.group] = match.known
            used.add(match.known.id)
    return taken


def _change(known: KnownPattern, group: Collection[str]) -> list[Payload]:
    joined, left = set(group) - set(known.members), set(known.members) - set(group)
    if not joined and not left and known.status == "standing":
        return []
    return [
        events.PatternChanged(
            pattern=known.id, joined=tuple(sorted(joined)), left=tuple(sorted(left))
        )
    ]


def _ends(
    state: PatternsState,
    matches: Iterable[_Match],
    ids: Sequence[str],
    taken: Collection[str],
    present: Collection[str],
) -> list[Payload]:
    """What becomes of the patterns that stood and are no group's any more."""
    best: dict[str, _Match] = {}
    for match in matches:
        best.setdefault(match.known.id, match)
    there = present if isinstance(present, set | frozenset) else set(present)
    changes: list[Payload] = []
    for known in state.standing():
        if known.id in taken:
            continue
        held = best.get(known.id)
        if held is not None and held.shared > SWALLOWED * len(known.members):
            changes.append(events.PatternMerged(pattern=known.id, into=ids[held.group]))
            continue
        left = {member.partition("/")[0] for member in known.members if member in there}
        reason = "apart" if len(left) > 1 else "gone"
        changes.append(events.PatternEnded(pattern=known.id, reason=reason))
    return changes


def _parent(matches: Iterable[_Match], group: int) -> str | None:
    """The standing pattern a new group was part of."""
    return next(
        (one.known.id for one in matches if one.group == group and one.known.status == "standing"),
        None,
    )


def _new_id(group: Collection[str], used: Collection[str]) -> str:
    """An id made of the founding members; another one when that names an older pattern."""
    number = 0
    while True:
        named = canonical_json([sorted(group), number])
        id = f"p-{hashlib.sha256(named.encode('utf-8')).hexdigest()[:12]}"
        if id not in used:
            return id
        number += 1
