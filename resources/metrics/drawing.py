"""Draws metrics over time: one small panel each, those that have nothing to show left out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from io import BytesIO
from typing import TYPE_CHECKING

from coordinator.metrics import COUNT, METRICS, SHARE, Day, History, Metric
from coordinator.metrics.wording import with_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 4
PANEL = (3.2, 1.9)
INK, PALE = "#3b4252", "#d8dee9"
COLOURS = {
    "sharing": "#5e81ac",
    "learning": "#4c9a6a",
    "efficiency": "#c2703d",
    "global memory": "#8c6bb1",
}


def shown(found: History, metrics: Sequence[Metric] = METRICS) -> list[Metric]:
    """Those of `metrics` that were ever anything but nothing."""
    return [one for one in metrics if any(day.values[one.name].value for day in found.days)]


def picture(found: History, metrics: Sequence[Metric] = METRICS, *, dpi: int = 150) -> bytes:
    """A PNG of those of `metrics` that are `shown`, over all days; ValueError when none is."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    drawn = shown(found, metrics)
    if not drawn:
        raise ValueError("no metric was ever anything but nothing")
    columns = min(COLUMNS, len(drawn))
    rows = -(-len(drawn) // columns)
    size = (max(columns, 2) * PANEL[0], rows * PANEL[1] + 0.5)
    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08)
    figure = Figure(figsize=size, dpi=dpi, layout=layout)
    panels = figure.subplots(rows, columns, squeeze=False).flatten()
    for axes, metric in zip(panels, drawn, strict=False):
        _draw(axes, metric, found.days)
    for axes in panels[len(drawn) :]:
        axes.remove()
    _label(figure, found, [one for one in metrics if one not in drawn])
    written = BytesIO()
    figure.savefig(written, format="png")
    return written.getvalue()


def _draw(axes: Axes, metric: Metric, days: Sequence[Day]) -> None:
    colour = COLOURS[metric.group]
    moments = [one.day for one in days]
    found = [one.values[metric.name].value for one in days]
    values = [float("nan") if one is None else one for one in found]
    axes.plot(moments, values, color=colour, linewidth=1.6, drawstyle="steps-post")
    axes.fill_between(moments, values, step="post", color=colour, alpha=0.12, linewidth=0)
    axes.plot(moments[-1:], values[-1:], "o", color=colour, markersize=4, clip_on=False)
    axes.set_title(metric.title, fontsize=9, loc="left", color=INK, pad=16, weight="bold")
    note = with_unit(metric, days[-1].values[metric.name])
    axes.text(0, 1.05, note, transform=axes.transAxes, fontsize=8, color=colour)
    _scale_values(axes, metric, max(filter(None, found)))
    _scale_days(axes, moments)
    axes.grid(axis="y", color=PALE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(PALE)
    axes.tick_params(labelsize=7, colors=INK, length=0)


def _scale_values(axes: Axes, metric: Metric, most: float) -> None:
    """From 0 up: a share to 100%, anything else a little over the most it ever was."""
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    if metric.unit == SHARE:
        axes.set_ylim(0, 1.05)
        axes.set_yticks([0, 0.5, 1])
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        return
    axes.set_ylim(0, most * 1.15)
    axes.yaxis.set_major_locator(MaxNLocator(3, integer=metric.unit == COUNT))
    axes.yaxis.set_major_formatter("{x:,g}")


def _scale_days(axes: Axes, moments: Sequence[date]) -> None:
    """The same days for every panel."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    if len(moments) == 1:
        axes.set_xticks(moments, [str(moments[0])])
        return
    axes.set_xlim(moments[0], moments[-1])
    locator = AutoDateLocator(minticks=2, maxticks=5)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))


def _label(figure: Figure, found: History, left_out: Sequence[Metric]) -> None:
    first, last = found.days[0].day, found.days[-1].day
    period = f"{first} to {last}" if first < last else f"{last}"
    figure.suptitle(f"Coordination, {period} (UTC)", fontsize=11, color=INK, x=0.01, ha="left")
    if left_out:
        said = "Nothing yet: " + ", ".join(one.title[0].lower() + one.title[1:] for one in left_out)
        figure.supxlabel(said, fontsize=7, color=INK, x=0.01, ha="left", wrap=True)
