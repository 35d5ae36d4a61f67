"""Pictures for asset pages: companies, ids and numbers only.

They are kept for ever in Dagster's event log, where nothing may stand that one company's people
wrote; so they are drawn from what holds no words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from assets.previews import INK, figure_of, picture_of
from coordinator.pictures.exchange import Exchange, Flow, flows
from coordinator.pictures.learning_map import LearningMap
from coordinator.pictures.looks import Look, looks

if TYPE_CHECKING:
    import dagster as dg
    from matplotlib.axes import Axes

MOST_ON_A_PAGE = 1_500
"""Learnings of a map on an asset page: more cannot be told apart at its size."""

MOST_FLOWS = 40
SHAPES = {
    "circle": "o",
    "triangle": "^",
    "square": "s",
    "diamond": "D",
    "cross": "P",
    "star": "*",
    "wedge": "v",
    "hexagon": "h",
}
SIZES = {"diamond": 13, "star": 34, "circle": 20}
GROUP = "#28344833"
ROW = 0.26
"""Inches of one line of `who_has_what`."""

LABELLED = 0.42
"""The part of an arrow that is straight and has its label above it."""


def learning_map(shown: LearningMap) -> dg.MarkdownMetadataValue:
    """Learnings by company, near each other where they say alike things; patterns as soft lines."""
    every = sum(shown.totals.values())
    sampled = f"{len(shown.rows):,} of " if len(shown.rows) < every else ""
    title = f"{sampled}{every:,} learnings"
    figure, axes = figure_of(title, height=4.6)
    x, y = shown.points[:, 0], shown.points[:, 1]
    for pattern in shown.patterns:
        for stroke in pattern.strokes:
            ends, wide = [stroke.one, stroke.other], 7 if stroke.near else 1
            axes.plot(x[ends], y[ends], color=GROUP, lw=wide, solid_capstyle="round", zorder=1)
    for name, look in looks(shown.totals).items():
        own = [at for at, company in enumerate(shown.companies) if company == name]
        axes.scatter(
            x[own],
            y[own],
            s=SIZES.get(look.mark, 17),
            marker=SHAPES[look.mark],
            color=look.light,
            linewidths=0.3,
            edgecolors="white",
            label=f"{name} ({shown.totals[name]:,})",
            zorder=2,
        )
    axes.set_axis_off()
    if shown.totals:
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=8, frameon=False)
    return picture_of(figure, title)


def who_has_what(exchange: Exchange, companies: Iterable[str]) -> dg.MarkdownMetadataValue:
    """How many components and shared learnings each company has from which other.

    `companies` are all there are: a company looks the same in every picture.
    """
    every = flows(exchange)
    drawn = every[:MOST_FLOWS]
    more = f": the first {len(drawn)} of {len(every)}" if len(drawn) < len(every) else ""
    title = f"who has what from whom{more}"
    left = _slots([one.origin for one in drawn], exchange.givers)
    right = _slots([one.taker for one in drawn], exchange.takers)
    figure, axes = figure_of(title, height=0.7 + ROW * max([2.0, *left, *right]))
    axes.set_axis_off()
    if not drawn:
        axes.text(0, 0, "no company has anything from another yet", fontsize=8, color=INK)
        return picture_of(figure, title)
    _draw_flows(axes, drawn, left, right, looks(companies))
    _draw_companies(axes, [one.origin for one in drawn], left, x=-0.04, align="right")
    _draw_companies(axes, [one.taker for one in drawn], right, x=1.04, align="left")
    axes.set_xlim(-0.5, 1.5)
    axes.set_ylim(max(*left, *right) + 0.8, -0.8)
    return picture_of(figure, title)


def _slots(companies: Sequence[str], order: Sequence[str]) -> list[float]:
    """The line on which each flow ends: those of one company together, a gap between two."""
    ranked = sorted(range(len(companies)), key=lambda at: (order.index(companies[at]), at))
    lines = [0.0] * len(companies)
    line, before = 0.0, ""
    for at in ranked:
        line += 0.9 if before and companies[at] != before else 0.0
        lines[at], before = line, companies[at]
        line += 1.0
    return lines


def _draw_flows(
    axes: Axes,
    drawn: Sequence[Flow],
    left: Sequence[float],
    right: Sequence[float],
    look: Mapping[str, Look],
) -> None:
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    most = max(one.count for one in drawn)
    for flow, start, end in zip(drawn, left, right, strict=True):
        path = Path(
            [(0, start), (LABELLED, start), (0.76, start), (0.68, end), (1, end)],
            [Path.MOVETO, Path.LINETO, Path.CURVE4, Path.CURVE4, Path.CURVE4],
        )
        colour = look[flow.origin].light
        axes.add_patch(
            FancyArrowPatch(
                path=path,
                arrowstyle="-|>",
                mutation_scale=9,
                lw=1 + 2.5 * flow.count / most,
                color=colour,
                alpha=0.75,
                shrinkA=0,
                shrinkB=0,
            )
        )
        axes.text(0.02, start - 0.12, _counted(flow), fontsize=7, color=INK, va="bottom")


def _counted(flow: Flow) -> str:
    parts = {"component": flow.components, "learning": flow.learnings}
    said = [
        f"{count:,} {kind}{'' if count == 1 else 's'}" for kind, count in parts.items() if count
    ]
    return ", ".join(said)


def _draw_companies(
    axes: Axes, companies: Sequence[str], lines: Sequence[float], *, x: float, align: str
) -> None:
    for name in dict.fromkeys(companies):
        own = [line for company, line in zip(companies, lines, strict=True) if company == name]
        middle = sum(own) / len(own)
        axes.vlines(x + (0.02 if x < 0 else -0.02), min(own) - 0.3, max(own) + 0.3, color=INK, lw=2)
        axes.text(x, middle, name, fontsize=8, color=INK, ha=align, va="center")
