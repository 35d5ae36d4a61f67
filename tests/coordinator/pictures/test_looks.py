"""Companies are told apart by everybody, on a light ground and on a dark one."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from coordinator.pictures.looks import COLOURS, DARK_GROUND, LIGHT_GROUND, MARKS, looks

# Machado, Oliveira and Fernandes, 2009, at full severity; on linear colours
SEEN = {
    "all colours": np.eye(3),
    "no red": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "no green": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}
GROUNDS = [(0, LIGHT_GROUND), (1, DARK_GROUND)]


def linear(colour: str) -> NDArray[np.float64]:
    parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def lab(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE L*a*b* of a linear sRGB colour."""
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    parts = to_xyz @ np.clip(light, 0, 1) / np.array([0.9505, 1, 1.089])
    x, y, z = np.where(parts > 0.008856, np.cbrt(parts), 7.787 * parts + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize(("at", "ground"), GROUNDS)
def test_every_colour_stands_out_from_its_ground(at: int, ground: str) -> None:
    for one in COLOURS:
        light, dark = sorted((luminance(one[at]), luminance(ground)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 3, one[at]


@pytest.mark.parametrize(("at", "ground"), GROUNDS)
@pytest.mark.parametrize("seen", SEEN)
def test_no_two_colours_are_alike_to_anybody(at: int, ground: str, seen: str) -> None:
    """A difference of 2.3 is just seen; marks this small need more."""
    colours = [lab(SEEN[seen] @ linear(one[at])) for one in COLOURS]
    assert min(float(np.linalg.norm(a - b)) for a, b in combinations(colours, 2)) > 8


def test_companies_differ_in_colour_and_mark_while_there_are_some() -> None:
    names = [f"company-{at:02}" for at in range(64)]
    found = looks(names)
    assert len({*found.values()}) == 64
    first = [found[name] for name in names[:8]]
    assert len({one.light for one in first}) == len({one.mark for one in first}) == len(MARKS)


def test_a_companys_look_does_not_depend_on_the_order_they_are_named_in() -> None:
    assert looks(["b", "a", "c"]) == looks(["c", "b", "a", "a"])
