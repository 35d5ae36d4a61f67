"""How companies are told apart in pictures: by a colour, and by a mark for who cannot see it.

Neighbouring companies differ in both. Each colour stands out from its background by 3 to 1 or more
(WCAG 2.2, 1.4.11), and no two are alike to people who see no red or no green.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

LIGHT_GROUND, DARK_GROUND = "#ffffff", "#12161d"

COLOURS = (
    ("#1476c1", "#3f7dff"),
    ("#ee4400", "#e58f1a"),
    ("#128a5c", "#2fe39a"),
    ("#9b3387", "#d23fa3"),
    ("#2793c4", "#56b8ff"),
    ("#82850f", "#f7f04a"),
    ("#5e1a33", "#cf3f4a"),
    ("#535c6c", "#c9d4e4"),
)
"""Each on a light and on a dark ground."""

MARKS = ("circle", "triangle", "square", "diamond", "cross", "star", "wedge", "hexagon")


@dataclass(frozen=True)
class Look:
    """A company's colour on a light and on a dark ground, and its mark, one of `MARKS`."""

    light: str
    dark: str
    mark: str


def looks(companies: Iterable[str]) -> dict[str, Look]:
    """The look of each company, by their sorted names; 64 differ, then they begin anew."""
    return {name: _look(at) for at, name in enumerate(sorted(set(companies)))}


def _look(at: int) -> Look:
    light, dark = COLOURS[at % len(COLOURS)]
    return Look(light, dark, MARKS[(at + at // len(COLOURS)) % len(MARKS)])
