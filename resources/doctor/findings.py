"""What a look at one thing found, and how a look that breaks down becomes a finding itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from coordinator.errors import OrchError

Level = Literal["ok", "warning", "failure"]


@dataclass(frozen=True)
class Finding:
    """One thing looked at: `said` is what was found, `heals` the command that mends it.

    A warning is work left over that a later command ends by itself, or a limit coming near; a
    failure is damage, loss, or private data where it must not be. `company` is empty for what
    belongs to none. Ids, counts and paths only, never a company's words.
    """

    level: Level
    what: str
    said: str
    heals: str = ""
    company: str = ""


Look = Callable[[], Iterable[Finding]]


def ok(what: str, said: str) -> Finding:
    return Finding("ok", what, said)


def warning(what: str, said: str, heals: str) -> Finding:
    return Finding("warning", what, said, heals)


def failure(what: str, said: str, heals: str) -> Finding:
    return Finding("failure", what, said, heals)


def looked(what: str, look: Look, *, company: str = "", heals: str = "") -> Iterator[Finding]:
    """What `look` finds; when it breaks down, that is a failure with the error's own hint.

    A doctor that stops at the first damage shows one illness of five. An error nobody foresaw is
    told by its class alone: its message may quote what it stumbled over.
    """
    try:
        for finding in look():
            yield replace(finding, company=company)
    except OrchError as error:
        yield Finding("failure", what, error.message, error.hint or heals, company)
    except Exception as error:
        said = f"could not be looked at ({type(error).__name__})"
        yield Finding("failure", what, said, heals, company)
