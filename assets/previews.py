"""What an asset page shows of its rows: ids, counts and pictures, never private text.

The Dagster UI and event log are the operator's surface and are kept for ever, so a preview takes
the columns it is told to take and nothing else.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING

import dagster as dg
import pandas as pd

from coordinator.metrics import METRICS, Day
from coordinator.metrics.wording import with_unit, worded_ratio

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PREVIEW_ROWS = 8
SHOWN_DIGITS = 12
"""Of a commit's or learning's id: enough to find it, and the table fits the page."""
DIGEST = re.compile("[0-9a-f]{32,64}")
INK, BAR = "#3b4252", "#5e81ac"


def preview(frame: pd.DataFrame, columns: Sequence[str]) -> dg.TableMetadataValue:
    """The first rows of `frame`, only the named `columns` (ids, dates, counts, categories)."""
    shown = frame[list(columns)].head(PREVIEW_ROWS)
    schema = dg.TableSchema(
        [dg.TableColumn(name, "float" if _is_number(shown[name]) else "string") for name in columns]
    )
    records = [
        dg.TableRecord({str(key): _cell(value) for key, value in row.items()})
        for row in shown.to_dict("records")
    ]
    return dg.MetadataValue.table(records, schema=schema)


def counts(values: Mapping[str, int], name: str) -> dg.TableMetadataValue:
    """Counts as a two-column table, largest first."""
    schema = dg.TableSchema([dg.TableColumn(name, "string"), dg.TableColumn("count", "int")])
    ordered = sorted(values.items(), key=lambda pair: (-pair[1], pair[0]))
    return dg.MetadataValue.table(
        [dg.TableRecord({name: key, "count": int(count)}) for key, count in ordered], schema=schema
    )


def bars(values: Mapping[str, int], title: str) -> dg.MarkdownMetadataValue:
    """Counts as horizontal bars, largest on top."""
    figure, axes = figure_of(title, height=0.9 + 0.32 * max(len(values), 1))
    ordered = sorted(values.items(), key=lambda pair: (pair[1], pair[0]))
    drawn = axes.barh([key for key, _ in ordered], [count for _, count in ordered], color=BAR)
    axes.bar_label(drawn, padding=3, fontsize=8, color=INK)
    axes.margins(x=0.12)
    return picture_of(figure, title)


def commits_over_time(times: pd.Series) -> dg.MarkdownMetadataValue:
    """Commits per month as columns."""
    title = "commits per month"
    figure, axes = figure_of(title, height=2.4)
    if len(times):
        months = times.dt.tz_localize(None).dt.to_period("M").value_counts().sort_index()
        axes.bar(months.index.to_timestamp(), months.to_numpy(), width=25, color=BAR)
    return picture_of(figure, title)


def measured(day: Day) -> dg.TableMetadataValue:
    """Metrics as a table: title, value, and what a ratio was made of."""
    columns = ("metric", "value", "made of")
    records = [
        dg.TableRecord(
            {
                "metric": metric.title,
                "value": with_unit(metric, day.values[metric.name]),
                "made of": worded_ratio(day.values[metric.name]),
            }
        )
        for metric in METRICS
    ]
    schema = dg.TableSchema([dg.TableColumn(name, "string") for name in columns])
    return dg.MetadataValue.table(records, schema=schema)


def png(picture: bytes, title: str) -> dg.MarkdownMetadataValue:
    """A PNG that was drawn elsewhere."""
    encoded = base64.b64encode(picture).decode()
    return dg.MetadataValue.md(f"![{title}](data:image/png;base64,{encoded})")


def figure_of(title: str, *, height: float) -> tuple[Figure, Axes]:
    """An empty picture as wide as the page shows it, `height` in inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, height), dpi=80, layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, fontsize=10, loc="left", color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8, colors=INK)
    return figure, axes


def picture_of(figure: Figure, title: str) -> dg.MarkdownMetadataValue:
    """What was drawn, as metadata."""
    data = BytesIO()
    figure.savefig(data, format="png")
    return png(data.getvalue(), title)


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column)


def _cell(value: object) -> str | int | float:
    if isinstance(value, str) and DIGEST.fullmatch(value):
        return value[:SHOWN_DIGITS]
    if isinstance(value, float):
        return round(value, 2)
    if isinstance(value, str | int):
        return value
    return value.date().isoformat() if isinstance(value, pd.Timestamp) else str(value)
