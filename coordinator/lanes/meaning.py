"""What an attempt's end means, and what follows from it.

| what came | read | idempotent | once |
|---|---|---|---|
| nothing was sent: refused, no such name, bad TLS | SourceUnreachable | SourceUnreachable | SourceUnreachable |
| 2xx, 304, 4xx but those below | the answer | the answer | the answer |
| a redirect | SourceUnreachable | SourceUnreachable | SourceUnreachable |
| 303, which says "done, look there" | SourceUnreachable | OutcomeUnknown | OutcomeUnknown |
| 429 | again, else SourceBusy | again, else SourceBusy | again, else SourceBusy |
| 503 with a time to come again | again, else SourceBusy | again, else OutcomeUnknown | OutcomeUnknown |
| 408, 425, other 5xx | again, else SourceUnreachable | again, else OutcomeUnknown | OutcomeUnknown |
| reset, closed, too slow, no HTTP | again, else SourceUnreachable | again, else OutcomeUnknown | OutcomeUnknown |
| too large, not to be decoded | SourceLimit, SourceMisbehaved | OutcomeUnknown | OutcomeUnknown |

A refusal is definite: the server did not execute the call. Everything that comes after the first
byte was sent is unknown, because a connection reset before the server committed looks the same as
one reset after. Once an attempt of a write was unknown, only an answer settles it: a later refusal
says nothing about the earlier attempt.
"""  # noqa: E501 - a table

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast, get_args

from coordinator.errors import (
    OutcomeUnknown,
    SourceBusy,
    SourceError,
    SourceLimit,
    SourceMisbehaved,
    SourceUnauthorized,
    SourceUnreachable,
    UsageError,
)
from coordinator.lanes.waits import Told, growing_wait

Effect = Literal["read", "idempotent", "once"]
Meaning = Literal[
    "answer", "redirect", "refused", "busy", "unknown", "too large", "unreadable", "unsendable"
]

MOST_ATTEMPTS = 4
READS = frozenset({"GET", "HEAD", "OPTIONS"})
REPEATABLE = frozenset({"PUT", "DELETE"})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
UNKNOWN_REFUSALS = frozenset({408, 425})
"""A timeout and "too early" are 4xx, but a gateway says them of a call that may be running."""
LOOK_FIRST = "what was written is looked for before it is written again"
CHECK = "`orch sources check` says what works; check the network and the address"


@dataclass(frozen=True)
class Outcome:
    """How one attempt ended; `why` and `hint` are our words, never the server's.

    `told` is set where the server said, or could have said, when to come again.
    """

    meaning: Meaning
    why: str = ""
    hint: str = ""
    told: Told | None = None

    @property
    def sick(self) -> bool:
        """Whether it counts against the host: unreachable, broken off, too slow, or 5xx."""
        return self.meaning in ("refused", "unknown")

    @property
    def unsettled(self) -> bool:
        """Whether the server may have executed the attempt although there is no answer to use."""
        return self.meaning in ("unknown", "too large", "unreadable")


ANSWERED = Outcome("answer")


def effect_of(method: str, given: object = None) -> Effect:
    """What a call does to the world: as `given`, else by its method (POST and PATCH are once)."""
    if given is None:
        if method in READS:
            return "read"
        return "idempotent" if method in REPEATABLE else "once"
    if given not in get_args(Effect):
        raise UsageError(f"a call's effect is {', '.join(get_args(Effect))}, not {given!r}")
    return cast(Effect, given)


def outcome_of(status: int, effect: Effect, told: Told, elsewhere: str | None) -> Outcome:
    """What a complete answer means; `elsewhere` names the host it redirects to, if it does."""
    if status == 429:
        return Outcome("busy", "too many calls", told=told)
    if elsewhere is not None and status in REDIRECTS:
        meaning: Meaning = "unknown" if status == 303 and effect != "read" else "redirect"
        return Outcome(
            meaning,
            f"the host redirects to {elsewhere}, which is not followed",
            hint="if the site moved, write its new address into the settings",
        )
    if status in UNKNOWN_REFUSALS or status >= 500 or status < 200:
        waits = told if status == 503 and told.wait_s is not None else None
        return Outcome("unknown", f"the host answered {status}", hint=CHECK, told=waits)
    return ANSWERED


def again_after(
    outcome: Outcome, effect: Effect, attempt: int, *, left: float, chance: float
) -> float | None:
    """Seconds to wait before the `attempt`-th try (from 1) is repeated; None: it is not.

    `left` are the seconds left of the whole call: a call without room for the wait does not wait.
    """
    if attempt >= MOST_ATTEMPTS:
        return None
    if outcome.meaning != "busy" and (outcome.meaning != "unknown" or effect == "once"):
        return None
    wait = wait_after(outcome, attempt, chance)
    return wait if wait < left else None


def wait_after(outcome: Outcome, attempt: int, chance: float) -> float:
    """Seconds the server wants to be left alone, else a growing wait."""
    if outcome.told is not None and outcome.told.wait_s is not None:
        return outcome.told.wait_s
    return growing_wait(attempt, chance)


def error_of(
    outcome: Outcome,
    effect: Effect,
    *,
    where: str,
    unsettled: bool,
    retry_at: datetime | None = None,
) -> SourceError:
    """The error of a call that ends with `outcome`; `where` says which service, method and path.

    `unsettled`: an attempt of this call, this one or an earlier, may have been executed.
    """
    message = f"{where}: {outcome.why}"
    if effect != "read" and unsettled:
        return OutcomeUnknown(f"{message}: it may have been done", hint=LOOK_FIRST)
    match outcome.meaning:
        case "too large":
            return SourceLimit(message, hint=outcome.hint)
        case "unreadable":
            return SourceMisbehaved(message, hint=outcome.hint)
        case "unsendable":
            return SourceUnauthorized(message, hint=outcome.hint)
    if outcome.meaning == "busy" or outcome.told is not None:
        when = f"; come again after {retry_at:%Y-%m-%d %H:%M:%S} UTC" if retry_at else ""
        hint = outcome.hint or "lower requests_per_second if it happens often"
        return SourceBusy(message + when, retry_at=retry_at, hint=hint)
    return SourceUnreachable(message, hint=outcome.hint or CHECK)
