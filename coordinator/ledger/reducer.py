"""A pure reducer: folds the events of one stream into a state.

Same events, same state, on any machine, at any time. It takes events as they are: the order was
decided when they were appended, and a surprising event must never make a stream unreadable.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar

from pydantic import TypeAdapter

from coordinator.errors import UnknownEvent
from coordinator.ledger.chain import canonical_json
from coordinator.ledger.events import Event, utc_text
from coordinator.ledger.payloads import Payload


class Versioned(Protocol):
    """A frozen dataclass that knows the version of the last event folded into it."""

    @property
    def version(self) -> int: ...


State = TypeVar("State", bound=Versioned)


@dataclass(frozen=True)
class Reducer(Generic[State]):
    """How a kind of stream becomes a state: one rule for each type of event that may stand there.

    `version` goes up whenever the same events make another state.
    """

    name: str
    version: int
    initial: State
    rules: Mapping[type[Payload], Callable[[State, Any, Event], State]]

    def fold(self, stream: Iterable[Event], state: State | None = None) -> State:
        """Fold events, oldest first, into `state` (default: the initial one).

        Raises UnknownEvent for a type without a rule: leaving it out would make a state that
        never was.
        """
        folded: Any = self.initial if state is None else state
        for event in stream:
            rule = self.rules.get(type(event.payload))
            if rule is None:
                raise UnknownEvent(
                    f"event {event.position} ({event.event_type}) has no meaning in {event.stream}",
                    hint="a newer orch may have written it: update this one",
                )
            ruled: Any = rule(folded, event.payload, event)
            folded = replace(ruled, version=event.version)
        found: State = folded
        return found

    def hash(self, state: State) -> str:
        """sha256 of the state and the reducer's version, the same in any time zone and process."""
        document = {"reducer": self.version, "state": self.plain(state)}
        return hashlib.sha256(canonical_json(document).encode("utf-8")).hexdigest()

    def plain(self, state: State) -> Any:
        """The state as plain data for canonical JSON."""
        return _plain(self._adapter.dump_python(state))

    def from_plain(self, data: Any) -> State:
        """The state `plain` was made of; pydantic's ValidationError when it is none."""
        found: State = self._adapter.validate_python(data)
        return found

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(type(self.initial))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return utc_text(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = [_plain(item) for item in value]
        return sorted(items, key=canonical_json) if isinstance(value, set | frozenset) else items
    return value
