"""Operating points as tables of a page."""

from collections.abc import Sequence
from math import isfinite

import pandas as pd

from leastloss.evaluation import is_at, metric_of
from leastloss.plots import looks
from leastloss.report.formats import heading, number, percent, span
from leastloss.report.parts import Cell, Grid


def metric_tables(points: pd.DataFrame, dense: pd.DataFrame, by: str) -> list[Grid]:
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
        whole = metric_of(metric).heading
        tables.append(
            Grid(
                caption=f"{whole[0].upper()}{whole[1:]}, {seeds_of(part['n'])}",
                unit="%" if metric_of(metric).is_share else "",
                head=[percent(point) for point in at],
                dense=_cell(start, metric) if len(start) else Cell(),
                rows={
                    name: [_cell(part[part["at"] == point], metric, by, name) for point in at]
                    for name in looks(part[by])
                },
            )
        )
    return tables


def seeds_of(n: pd.Series) -> str:
    """How many seeds stand behind some rows.

    Example:
        >>> seeds_of(pd.Series([10, 10])), seeds_of(pd.Series([3, 10]))
        ('n = 10', 'n = 3 to 10')
    """
    low, high = int(n.min()), int(n.max())
    return f"n = {high}" if low == high else f"n = {low} to {high}"


def _cell(rows: pd.DataFrame, metric: str, by: str = "", name: str = "") -> Cell:
    own = rows[rows[by] == name] if by else rows
    if own.empty:
        return Cell()
    first = own.iloc[0]
    mean, low, high = (float(first[column]) for column in ("mean", "low", "high"))
    others = rows[rows[by] != name]["high"] if by else pd.Series(dtype=float)
    # Of a loss or a size less is better: shares of what is right alone have a best that is highest.
    best = metric_of(metric).is_accuracy and isfinite(low) and len(others) > 0
    best = best and bool((low > others).all())
    told = [span(low, high, metric), elsewhere([first["sparsity"]], first["at"])]
    return Cell(value=number(mean, metric), small="\n".join(filter(None, told)), best=best)


def elsewhere(sparsities: Sequence[float], point: float) -> str:
    """Where a cell was measured, if that is not where its column says.

    Example:
        >>> elsewhere([0.9001], 0.9), elsewhere([0.893], 0.9), elsewhere([0.893, 0.9], 0.9)
        ('', 'at 89.3 %', 'at 89.3 % and 90 %')
    """
    if all(is_at(sparsity, point) for sparsity in sparsities):
        return ""
    return "at " + " and ".join(dict.fromkeys(percent(sparsity) for sparsity in sparsities))


def means_grid(
    rows: pd.DataFrame, quantities: Sequence[str], methods: Sequence[str], caption: str
) -> Grid:
    """Arrange means of several quantities: a row per method, a column per quantity.

    Args:
        rows: What :func:`leastloss.report.numbers.means` returns, one row a method and quantity.
        quantities: In the order of the columns; those without a row are left out.
        methods: In the order of the rows.
        caption: What the table shows; n is added.
    """
    shown = [quantity for quantity in quantities if (rows["quantity"] == quantity).any()]
    found = {
        (row["method"], row["quantity"]): Cell(
            value=number(row["mean"], row["quantity"]),
            small=span(row["low"], row["high"], row["quantity"]),
        )
        for row in rows.to_dict("records")
    }
    present = [name for name in methods if any((name, q) in found for q in shown)]
    return Grid(
        caption=f"{caption}, {seeds_of(rows['n'])}" if len(rows) else caption,
        head=[heading(quantity) for quantity in shown],
        rows={name: [found.get((name, q), Cell()) for q in shown] for name in present},
    )
