"""Operating points as the rows and cells of a page."""

from dataclasses import dataclass
from math import isfinite

import pandas as pd

from leastloss.plots.style import is_share, looks, words


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One number of a table.

    Attributes:
        value: The mean, formatted.
        interval: Its interval, formatted; empty with one seed.
        best: Whether its interval lies above those of all other methods at this point.
    """

    value: str = "–"
    interval: str = ""
    best: bool = False


@dataclass(frozen=True, kw_only=True)
class MetricTable:
    """One metric: a row per method, a column per operating point."""

    metric: str
    unit: str
    points: list[str]
    dense: Cell
    rows: dict[str, list[Cell]]


def number(value: float, metric: str) -> str:
    """Format a value of a metric: percent with one decimal, or four significant digits.

    Example:
        >>> number(0.84149, "accuracy"), number(12345.6, "bdm_bits"), number(float("nan"), "loss")
        ('84.1', '1.235e+04', '–')
    """
    if not isfinite(value):
        return "–"
    return f"{100 * value:.1f}" if is_share(metric) else f"{value:.4g}"


def metric_tables(points: pd.DataFrame, dense: pd.DataFrame, by: str) -> list[MetricTable]:
    """Arrange what :func:`leastloss.evaluation.operating_points` returns, a table per metric.

    Args:
        points: The operating points.
        dense: The same at sparsity 0; its first row of a metric stands for all methods.
        by: Column that tells the methods apart.
    """
    tables = []
    for metric in points["metric"].unique():
        part = points[points["metric"] == metric]
        start = dense[dense["metric"] == metric]
        at = sorted(part["at"].unique())
        tables.append(
            MetricTable(
                metric=words(metric),
                unit="%" if is_share(metric) else "",
                points=[f"{100 * point:g} %" for point in at],
                dense=_cell(start, metric) if len(start) else Cell(),
                rows={
                    name: [_cell(part[part["at"] == point], metric, by, name) for point in at]
                    for name in looks(part[by])
                },
            )
        )
    return tables


def _cell(rows: pd.DataFrame, metric: str, by: str = "", name: str = "") -> Cell:
    own = rows[rows[by] == name] if by else rows
    if own.empty:
        return Cell()
    mean, low, high = (float(own.iloc[0][column]) for column in ("mean", "low", "high"))
    interval = f"{number(low, metric)}–{number(high, metric)}" if isfinite(low) else ""
    others = rows[rows[by] != name]["high"] if by else pd.Series(dtype=float)
    # Of a loss or a size less is better: shares alone have a best that is highest.
    best = is_share(metric) and isfinite(low) and len(others) > 0 and bool((low > others).all())
    return Cell(value=number(mean, metric), interval=interval, best=best)
