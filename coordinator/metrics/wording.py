"""A metric's value as people read it, in tables and in pictures alike."""

from __future__ import annotations

from coordinator.metrics.definitions import COUNT, SHARE, Measured, Metric

NOT_YET = "not yet"


def worded(metric: Metric, measured: Measured) -> str:
    """The value with at most two decimals, a share in percent; "not yet" for none."""
    if measured.value is None:
        return NOT_YET
    return f"{measured.value:.0%}" if metric.unit == SHARE else _number(measured.value)


def with_unit(metric: Metric, measured: Measured) -> str:
    """The value, and its unit where the metric's title does not say it."""
    said = worded(metric, measured)
    if metric.unit in (COUNT, SHARE) or measured.value is None:
        return said
    return f"{said} {metric.unit.removesuffix('s') if measured.value == 1 else metric.unit}"


def worded_change(metric: Metric, before: Measured, now: Measured) -> str:
    """What was added since `before`, with its sign; empty where nothing changed.

    A share changes by points of a percent; a value that was not there before is new.
    """
    if now.value is None or before.value == now.value:
        return ""
    if before.value is None:
        return "new"
    change = now.value - before.value
    sign = "+" if change > 0 else "−"
    if metric.unit == SHARE:
        return f"{sign}{100 * abs(change):.0f} points"
    return f"{sign}{_number(abs(change))}"


def worded_ratio(measured: Measured) -> str:
    """What a ratio was made of; empty for anything else."""
    return "" if measured.whole is None else f"{measured.part:,} of {measured.whole:,}"


def _number(value: float) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".")
